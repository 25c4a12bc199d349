#include "spikeweave/network/network.hpp"

#include <algorithm>
#include <cmath>

#include "host/record/array_file.hpp"
#include "host/record/path.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

// The neighbouring populations of these names as one range, or a second compartment; validated before.
CellRange range_of(const std::vector<Population>& populations, const std::vector<std::string>& names) {
  CellRange range;
  for (const Population& population : populations) {
    for (const std::string& name : names) {
      const EndName end = end_name(name);
      if (population.name != end.population) continue;
      if (!end.compartment.empty()) return {population.second, population.neurons.count};
      if (range.count == 0) range.begin = population.neurons.begin;
      range.count += population.neurons.count;
    }
  }
  return range;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "+") + name;
  return text;
}

// Whether it is a block of all pairs with one delay.
bool is_dense(const ProjectionSettings& settings) {
  return settings.connectivity.get_if<AllToAll>() != nullptr && settings.delay.is_constant();
}

// The outputs read a block of all pairs, with weights of 0 where cells are not connected.
void connect_outputs(const Projection& projection, const std::string& place) {
  const ProjectionSettings& settings = projection.settings;
  if (!settings.delay.is_constant() || settings.delay.value != 0.0) {
    throw InputError(place + "/delay", "a projection to \"output\" has no delay; expected 0");
  }
  const std::size_t pre = projection.pre.count, post = projection.post.count;
  const bool is_single = settings.connectivity.get_if<OneToOne>() != nullptr;
  if (is_single || settings.connectivity.get_if<Grouped>() != nullptr) {
    if (is_single ? pre != post : pre % post != 0) {
      throw InputError(place + "/connectivity", std::to_string(pre) + " cells for " + std::to_string(post) +
                                                    " outputs; expected " +
                                                    (is_single ? "as many" : "a multiple of them"));
    }
    if (settings.trainable) {
      throw InputError(place + "/trainable",
                       "true, but only a projection to \"output\" that is all_to_all learns; "
                       "expected false");
    }
    return;
  }
  if (settings.connectivity.get_if<AllToAll>() == nullptr) {
    throw InputError(place + "/connectivity", "a projection to \"output\" is all_to_all, one_to_one or grouped");
  }
}

// Of a projection to the outputs.
bool is_read(const Projection& projection, std::size_t pre, std::size_t output) {
  const bool reads_all = projection.settings.connectivity.get_if<AllToAll>() != nullptr;
  return reads_all || pre / (projection.pre.count / projection.post.count) == output;
}

// A block whose rows and columns are those of the other one, turned round.
void check_transpose(const Projection& projection, const std::vector<Projection>& all, const std::string& place) {
  const auto of = static_cast<std::size_t>(projection.settings.transpose_of);
  const std::string here = place + "/transpose_of";
  if (of >= all.size()) {
    throw InputError(here, std::to_string(of) + "; expected the index of a projection before this one, below " +
                               std::to_string(all.size()));
  }
  const Projection& other = all[of];
  if (projection.is_sparse || other.is_sparse || other.settings.transpose_of >= 0 ||
      projection.pre.count != other.post.count || projection.post.count != other.pre.count) {
    throw InputError(here, projection.name + " (" + std::to_string(projection.pre.count) + " x " +
                               std::to_string(projection.post.count) + ") cannot have the transposed weights of " +
                               other.name + " (" + std::to_string(other.pre.count) + " x " +
                               std::to_string(other.post.count) +
                               "); expected two projections of all pairs with one delay, whose sides fit");
  }
  if (!projection.settings.weights_file.empty() || !projection.settings.single_weights.empty()) {
    throw InputError(here, "the weights are those of projection " + std::to_string(of) +
                               "; expected neither weights_file nor single_weights");
  }
}

// Connections and delays.
void connect(Projection& projection, std::size_t index, double dt, std::uint64_t seed) {
  const ProjectionSettings& settings = projection.settings;
  ConnectionDraw draw;
  draw.pre_begin = projection.pre.begin;
  draw.pre_count = projection.pre.count;
  draw.post_begin = projection.post.begin;
  draw.post_count = projection.post.count;
  draw.no_self_connections = projection.has_diagonal;
  draw.seed = seed;
  draw.projection = static_cast<std::uint32_t>(index);
  draw.shortest_delay = projection.kind == ProjectionKind::recurrent ? 1 : 0;
  draw.dt = dt;
  draw.place = "/network/projections/" + std::to_string(index);
  const bool is_readout = projection.kind == ProjectionKind::readout;
  if (is_readout) connect_outputs(projection, draw.place);
  projection.is_sparse = !is_readout && !is_dense(settings);
  if (projection.is_sparse) {
    projection.synapses = draw_synapses(settings.connectivity, settings.delay, draw);
    projection.has_diagonal = false;  // left out already
    if (!projection.synapses.delay.empty()) projection.delay = projection.synapses.delay.back();
  } else {
    projection.delay = delay_steps(settings.delay.value, draw);
  }
  projection.dendritic_delay = static_cast<std::size_t>(std::round(settings.dendritic_delay / dt));
  const std::size_t shortest =
      projection.is_sparse && !projection.synapses.delay.empty() ? projection.synapses.delay.front() : projection.delay;
  if (projection.dendritic_delay > shortest) {
    throw InputError(draw.place + "/dendritic_delay", std::to_string(projection.dendritic_delay) +
                                                          " steps are more than the whole delay of " +
                                                          std::to_string(shortest));
  }
}

Projection lay_out(const ProjectionSettings& settings, std::size_t index, std::uint64_t seed, const Network& network) {
  Projection projection;
  projection.settings = settings;
  projection.name = joined(settings.from) + " -> " + joined(settings.to);
  const bool from_input = settings.from.front() == InputSettings::population;
  const bool from_bias = settings.from.front() == bias_population;
  const bool to_output = settings.to.front() == "output";
  projection.kind = from_input             ? ProjectionKind::input
                    : from_bias            ? ProjectionKind::bias
                    : to_output            ? ProjectionKind::readout
                    : settings.within_step ? ProjectionKind::within_step
                                           : ProjectionKind::recurrent;
  projection.pre = from_input  ? CellRange{0, network.inputs}
                   : from_bias ? CellRange{0, 1}
                               : range_of(network.populations, settings.from);
  projection.post = to_output ? CellRange{0, network.outputs} : range_of(network.populations, settings.to);
  projection.has_diagonal = projection.kind == ProjectionKind::recurrent && !settings.self_connections;
  projection.offset = network.parameter_count;
  connect(projection, index, network.dt, seed);
  if (settings.transpose_of >= 0) {
    check_transpose(projection, network.projections, "/network/projections/" + std::to_string(index));
    projection.settings.trainable = false;  // changes with the other one
  }
  return projection;
}

void draw_weights(const Projection& projection, std::uint32_t index, std::uint64_t seed, double* weights) {
  const RandomStream stream(seed, Purpose::weights, index);
  const double factor =
      projection.settings.scale == WeightScale::fan_in
          ? 1.0 / std::sqrt(static_cast<double>(projection.size()) / static_cast<double>(projection.post.count))
          : 1.0;
  const bool is_readout = projection.kind == ProjectionKind::readout;
  for (std::size_t w = 0; w < projection.size(); ++w) {
    const bool is_synapse = !is_readout || is_read(projection, projection.pre_of(w), projection.post_of(w));
    weights[w] = is_synapse ? factor * projection.settings.weights.draw(stream, w) : 0.0;
  }
}

void read_weights(const Projection& projection, std::size_t index, const std::string& directory, double* weights) {
  const std::string place = "/network/projections/" + std::to_string(index) + "/weights_file";
  const auto array = read_array<float>(resolve_path(directory, projection.settings.weights_file));
  const std::vector<std::size_t> expected = projection.is_sparse
                                                ? std::vector<std::size_t>{projection.size()}
                                                : std::vector<std::size_t>{projection.pre.count, projection.post.count};
  if (array.shape != expected) {
    throw InputError(place, "shape " + shape_text(array.shape) + " does not fit; expected " + shape_text(expected) +
                                (projection.is_sparse ? " (synapses)" : " (pre, post)"));
  }
  for (std::size_t w = 0; w < array.values.size(); ++w) weights[w] = static_cast<double>(array.values[w]);
}

void set_single_weights(const Projection& projection, std::size_t index, double* weights) {
  const std::vector<SingleWeight>& list = projection.settings.single_weights;
  for (std::size_t n = 0; n < list.size(); ++n) {
    const auto w = static_cast<std::size_t>(list[n].synapse);
    if (w >= projection.size()) {
      throw InputError(
          "/network/projections/" + std::to_string(index) + "/single_weights/" + std::to_string(n) + "/synapse",
          std::to_string(w) + "; the projection has " + std::to_string(projection.size()) + " synapses");
    }
    weights[w] = list[n].weight;
  }
}

}  // namespace

bool reads_population(const Projection& projection) {
  return projection.kind == ProjectionKind::readout && projection.settings.connectivity.get_if<AllToAll>() == nullptr;
}

bool has_rate_models(const Network& network) {
  return std::any_of(network.populations.begin(), network.populations.end(),
                     [](const Population& p) { return is_rate_model(p.neuron); });
}

bool sends_numbers(const Network& network) {
  return has_rate_models(network) || network.cells > network.neurons;
}

namespace {

void lay_out_populations(const NetworkSettings& settings, const TaskShape& task, Network& network) {
  for (const PopulationSettings& population : settings.populations) {
    const auto size = static_cast<std::size_t>(population.size);
    network.populations.push_back({population.name, {network.neurons, size}, population.neuron});
    network.neurons += size;
  }
  network.cells = network.neurons;
  for (Population& population : network.populations) {
    if (population.name == task.taught) network.taught = population.neurons;
    if (!second_compartment(population.neuron).exists) continue;
    population.second = network.cells;
    network.cells += population.neurons.count;
  }
  if (network.neurons < network.task_cells) {
    throw InputError("/network/populations", std::to_string(network.neurons) + " neurons; the task drives the first " +
                                                 std::to_string(network.task_cells) +
                                                 ", so at least as many are needed");
  }
  if (network.outputs > 0 && network.taught.count % network.outputs != 0) {
    throw InputError("/phases/teaches", task.taught + " has " + std::to_string(network.taught.count) +
                                            " neurons; expected a multiple of the " + std::to_string(network.outputs) +
                                            " outputs");
  }
}

}  // namespace

Network build_network(const NetworkSettings& settings, const TaskShape& task, std::uint64_t seed) {
  Network network;
  network.dt = settings.dt;
  network.inputs = task.inputs;
  network.outputs = task.outputs;
  network.task_cells = task.cells;
  network.task_state = task.state;
  network.encoding = settings.input.encoding == Encoding::automatic ? task.encoding : settings.input.encoding;
  if ((network.encoding == Encoding::events) != (task.encoding == Encoding::events)) {
    throw InputError("/network/input/encoding",
                     std::string("\"") +
                         std::string(EnumNames<Encoding>::names[static_cast<std::size_t>(network.encoding)]) +
                         "\" does not fit this task, which gives " +
                         (task.encoding == Encoding::events ? "events; use automatic" : "intensities, not events"));
  }
  network.input_dropout = settings.input.dropout;
  network.readout = settings.readout;
  lay_out_populations(settings, task, network);
  for (const ProjectionSettings& projection : settings.projections) {
    network.projections.push_back(lay_out(projection, network.projections.size(), seed, network));
    network.parameter_count += network.projections.back().size();
  }
  network.bias_offset = network.parameter_count;
  network.parameter_count += network.readout.bias ? network.outputs : 0;
  return network;
}

std::vector<double> initial_parameters(const Network& network, std::uint64_t seed, const std::string& directory) {
  std::vector<double> parameters(network.parameter_count, 0.0);
  for (std::size_t p = 0; p < network.projections.size(); ++p) {
    const Projection& projection = network.projections[p];
    double* weights = parameters.data() + projection.offset;
    if (projection.settings.weights_file.empty()) {
      draw_weights(projection, static_cast<std::uint32_t>(p), seed, weights);
    } else {
      read_weights(projection, p, directory, weights);
    }
    set_single_weights(projection, p, weights);
    for (std::size_t w = 0; w < projection.size(); ++w) {
      const std::size_t pre = projection.pre.begin + projection.pre_of(w);
      const std::size_t post = projection.post.begin + projection.post_of(w);
      if (projection.has_diagonal && pre == post) weights[w] = 0.0;
    }
    if (projection.settings.transpose_of >= 0) {
      const Projection& of = network.projections[static_cast<std::size_t>(projection.settings.transpose_of)];
      for (std::size_t w = 0; w < projection.size(); ++w) {
        const std::size_t there = projection.post_of(w) * of.post.count + projection.pre_of(w);
        weights[w] = projection.settings.transpose_factor * parameters[of.offset + there];
      }
    }
    if (!projection.settings.symmetric) continue;
    const std::size_t n = projection.pre.count;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < i; ++j) weights[i * n + j] = weights[j * n + i];
    }
  }
  return parameters;
}

void require_weights_inside_bounds(const Network& network, const std::vector<double>& parameters) {
  for (std::size_t p = 0; p < network.projections.size(); ++p) {
    const Projection& projection = network.projections[p];
    const ProjectionSettings& settings = projection.settings;
    if (!settings.trainable || projection.kind == ProjectionKind::readout) continue;
    for (std::size_t w = 0; w < projection.size(); ++w) {
      const double weight = parameters[projection.offset + w];
      const bool self = projection.has_diagonal &&
                        projection.pre.begin + projection.pre_of(w) == projection.post.begin + projection.post_of(w);
      if (self || (weight >= settings.low && weight <= settings.high)) continue;
      throw InputError("/network/projections/" + std::to_string(p) + "/weights",
                       "the weight from cell " + std::to_string(projection.pre_of(w)) + " to cell " +
                           std::to_string(projection.post_of(w)) + " starts at " + std::to_string(weight) +
                           ", outside of the bounds low and high, [" + std::to_string(settings.low) + ", " +
                           std::to_string(settings.high) + "]");
    }
  }
}

}  // namespace spikeweave
