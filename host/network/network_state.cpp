#include "spikeweave/network/network_state.hpp"

#include <algorithm>
#include <cmath>

namespace spikeweave {
namespace {

// The columns of `elements`, laid out as place_columns does, in host memory.
template <class S>
std::vector<std::byte> pack_columns(const std::vector<S>& elements) {
  std::vector<std::byte> memory(columns_size<S>(elements.size()));
  const ColumnsOf<S> columns = place_columns<S>(memory.data(), elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) columns.store(i, elements[i]);
  return memory;
}

}  // namespace

template <class Real>
NetworkState<Real>::NetworkState(Backend<Real>& on, const Network& of, const FeedbackSettings& feedback,
                                 std::uint64_t seed, bool follows_synapses)
    : backend(on), network(of), readout(derive<Real>(of.readout, of.dt)), feedback_(feedback), seed_(seed) {
  const std::size_t count = of.parameter_count;
  const std::string sized_by = " (/network/projections)";
  arrays.parameter = Buffer<Real, Real>(on, {count}, "parameters" + sized_by);
  arrays.gradient = Buffer<Real, Real>(on, {count}, "gradient" + sized_by);
  arrays.first_moment = Buffer<Real, Real>(on, {count}, "first moments" + sized_by);
  arrays.second_moment = Buffer<Real, Real>(on, {count}, "second moments" + sized_by);
  arrays.average = Buffer<Real, Real>(on, {count}, "parameter average" + sized_by);
  arrays.feedback = Buffer<Real, Real>(on, {of.outputs, of.neurons}, "feedback weights (/network/populations)");
  if (follows_synapses && feedback.template get_if<SymmetricFeedback>() == nullptr) {
    arrays.backward = Buffer<Real, Real>(on, {count}, "feedback weights" + sized_by);
  }
  states_.resize(of.populations.size());
  derive_neurons(seed);
  draw_feedback(seed);
  upload_synapses();
}

template <class Real>
void NetworkState<Real>::upload_synapses() {
  for (std::size_t p = 0; p < network.projections.size(); ++p) {
    const Projection& projection = network.projections[p];
    sparse_.push_back(nullptr);
    if (!projection.is_sparse) continue;
    auto sparse = std::make_unique<SparseArrays>();
    const auto put = [&](Buffer<std::uint32_t, Real>& buffer, const std::vector<std::uint32_t>& values) {
      buffer = {backend, {values.size()}, "synapses (/network/projections/" + std::to_string(p) + "/connectivity)"};
      buffer.upload(values);
      return buffer.cview();
    };
    const Synapses& synapses = projection.synapses;
    sparse->view.delays = synapses.delay.data();
    sparse->view.class_count = synapses.delay.size();
    sparse->view.row_start = put(sparse->row_start, synapses.row_start);
    sparse->view.source = put(sparse->source, synapses.source);
    sparse->view.target = put(sparse->target, synapses.target);
    sparse->view.column_start = put(sparse->column_start, synapses.column_start);
    sparse->view.column_synapse = put(sparse->column_synapse, synapses.column_synapse);
    sparse->view.column_source = put(sparse->column_source, synapses.column_source);
    sparse->view.column_delay = put(sparse->column_delay, synapses.column_delay);
    sparse_.back() = std::move(sparse);
  }
}

template <class Real>
void NetworkState<Real>::mirror_weights(std::uint64_t update) {
  const auto* scheme = feedback_.template get_if<WeightMirrorFeedback>();
  if (scheme == nullptr || update % static_cast<std::uint64_t>(scheme->every) != 0) return;
  for (std::size_t p = 0; p < network.projections.size(); ++p) {
    MirrorArgs<Real> args;
    args.feedback = feedback_of(network.projections[p]);
    if (args.feedback.back == nullptr || reads_population(network.projections[p])) continue;
    args.projection = view(network.projections[p]);
    args.samples = static_cast<std::size_t>(scheme->samples);
    args.noise = static_cast<Real>(scheme->noise);
    args.rate = static_cast<Real>(scheme->mirror_rate);
    args.decay = static_cast<Real>(1.0 - scheme->mirror_decay);
    args.seed = seed_;
    args.stream = static_cast<std::uint32_t>(p);
    args.phase = static_cast<std::uint32_t>(update);
    backend.mirror(args);
  }
}

template <class Real>
void NetworkState<Real>::transpose_weights() {
  for (const Projection& projection : network.projections) {
    if (projection.settings.transpose_of < 0) continue;
    const Projection& of = network.projections[static_cast<std::size_t>(projection.settings.transpose_of)];
    Real* const parameter = arrays.parameter.data();
    backend.transpose({View<const Real>(parameter + of.offset, {of.pre.count, of.post.count}),
                       View<Real>(parameter + projection.offset, {projection.pre.count, projection.post.count}),
                       static_cast<Real>(projection.settings.transpose_factor)});
  }
}

template <class Real>
ProjectionView<Real> NetworkState<Real>::view(const Projection& projection) const {
  const auto& sparse = sparse_[static_cast<std::size_t>(&projection - network.projections.data())];
  const Real* const weights = arrays.parameter.data() + projection.offset;
  return {projection.pre.begin,
          projection.pre.count,
          projection.post.begin,
          projection.post.count,
          weights,
          projection.delay,
          sparse != nullptr ? &sparse->view : nullptr,
          has_backward(projection) ? arrays.backward.data() + projection.offset : weights};
}

template <class Real>
void NetworkState<Real>::derive_neurons(std::uint64_t seed) {
  std::vector<EligibilityConstants<Real>> all(network.neurons);  // 0 where a model has none: its psi is 0 too
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const Population& population = network.populations[p];
    NeuronModels::visit(population.neuron.value.index(), [&]<template <class> class Model>() {
      using M = Model<Real>;
      const auto& settings = std::get<typename M::Params>(population.neuron.value);
      std::vector<typename M::Derived> derived(population.neurons.count);
      for (std::size_t j = 0; j < derived.size(); ++j) {
        const auto one = draw_parameters<typename M::NeuronParams>(settings, seed, static_cast<std::uint32_t>(p), j);
        derived[j] = M::derive(one, network.dt);
        if constexpr (M::is_differentiable) all[population.neurons.begin + j] = M::eligibility(derived[j]);
      }
      const std::vector<std::byte> packed = pack_columns(derived);
      derived_.emplace_back(backend, std::initializer_list<std::size_t>{packed.size()},
                            "neuron constants (/network/populations/" + std::to_string(p) + "/size)");
      derived_.back().upload(packed);
    });
  }
  const std::vector<std::byte> packed = pack_columns(all);
  for (const Projection& projection : network.projections) {
    // Rules with traces reach no second compartments.
    const bool is_hidden = projection.kind != ProjectionKind::readout && projection.post.begin < network.neurons;
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(is_hidden ? projection.post.begin : 0);
    const auto last = first + static_cast<std::ptrdiff_t>(is_hidden ? projection.post.count : 0);
    shares_decay_.push_back(
        std::all_of(first, last, [&](const auto& k) { return k.alpha == first->alpha && k.zeta == first->zeta; }));
  }
  constants_memory_ = Buffer<std::byte, Real>(backend, {packed.size()}, "eligibility constants (/network/populations)");
  constants_memory_.upload(packed);
  constants = place_columns<EligibilityConstants<Real>>(constants_memory_.data(), network.neurons);
}

template <class Real>
bool NetworkState<Real>::has_backward(const Projection& projection) const {
  return arrays.backward.size() > 0 && is_between_neurons(projection.kind);
}

template <class Real>
double NetworkState<Real>::magnitude(std::size_t population) const {
  return feedback_.visit([&]<class Scheme>(const Scheme& scheme) {
    if constexpr (requires { scheme.std; }) {
      return feedback_magnitude(scheme.std, scheme.scale, network.neurons, population);
    } else {
      return 1.0;
    }
  });
}

template <class Real>
void NetworkState<Real>::draw_feedback(std::uint64_t seed) {
  arrays.feedback.zero();
  arrays.backward.zero();
  const bool is_drawn = feedback_.visit([]<class Scheme>(const Scheme&) { return Scheme::is_drawn; });
  if (!is_drawn) return;  // follows from the parameters
  std::vector<Real> weights(network.outputs * network.neurons);
  std::vector<double> magnitudes(network.neurons);
  for (const Population& population : network.populations) {
    const auto first = magnitudes.begin() + static_cast<std::ptrdiff_t>(population.neurons.begin);
    std::fill_n(first, population.neurons.count, magnitude(population.neurons.count));
  }
  const bool goes_through_synapses = arrays.backward.size() > 0;
  if (goes_through_synapses) {
    // Then only neurons that project to the outputs get errors from there.
    std::vector<double> read(network.neurons, 0.0);
    for (const Projection& projection : network.projections) {
      if (projection.kind != ProjectionKind::readout) continue;
      const auto first = static_cast<std::ptrdiff_t>(projection.pre.begin);
      std::copy_n(magnitudes.begin() + first, projection.pre.count, read.begin() + first);
    }
    magnitudes = read;
  }
  const RandomStream stream(seed, Purpose::feedback);
  for (std::size_t w = 0; w < weights.size(); ++w) {
    weights[w] = static_cast<Real>(magnitudes[w % network.neurons] * stream.normal(w));
  }
  arrays.feedback.upload(weights);
  if (!goes_through_synapses) return;
  std::vector<Real> backward(network.parameter_count, Real(0));
  for (std::size_t p = 0; p < network.projections.size(); ++p) {
    const Projection& projection = network.projections[p];
    if (!has_backward(projection)) continue;
    const RandomStream own(seed, Purpose::feedback, static_cast<std::uint32_t>(p + 1));
    for (std::size_t w = 0; w < projection.size(); ++w) {
      const bool is_self = projection.has_diagonal &&
                           projection.pre.begin + projection.pre_of(w) == projection.post.begin + projection.post_of(w);
      const double drawn = magnitude(projection.pre.count) * own.normal(w);
      backward[projection.offset + w] = is_self ? Real(0) : static_cast<Real>(drawn);
    }
  }
  arrays.backward.upload(backward);
}

template <class Real>
std::optional<FeedbackBlock> NetworkState<Real>::feedback_block(const Projection& projection) const {
  if (projection.kind == ProjectionKind::readout) {
    if (projection.pre.begin >= network.neurons) return {};  // errors reach no second compartment
    return FeedbackBlock{projection.post.begin * network.neurons + projection.pre.begin, 1, network.neurons};
  }
  if (!has_backward(projection)) return {};
  return FeedbackBlock{arrays.feedback.size() + projection.offset, projection.is_sparse ? 0 : projection.post.count, 1};
}

template <class Real>
FeedbackArgs<Real> NetworkState<Real>::feedback_of(const Projection& projection) const {
  const std::optional<FeedbackBlock> block = feedback_block(projection);
  FeedbackArgs<Real> args;
  if (!block) return args;
  args.scheme = reads_population(projection) ? FeedbackSchemes::index_of<SymmetricFeedback>() : feedback_.value.index();
  args.magnitude = static_cast<Real>(magnitude(projection.pre.count));
  args.row_stride = block->row_stride;
  args.column_stride = block->column_stride;
  args.back = block->first < arrays.feedback.size() ? arrays.feedback.data() + block->first
                                                    : arrays.backward.data() + (block->first - arrays.feedback.size());
  feedback_.visit([&]<class Scheme>(const Scheme& scheme) {
    if constexpr (requires { scheme.decay; }) args.decay = static_cast<Real>(1.0 - scheme.decay);
  });
  return args;
}

template <class Real>
std::vector<Real> NetworkState<Real>::feedback() const {
  std::vector<Real> all = arrays.feedback.download();
  const std::vector<Real> backward = arrays.backward.download();
  all.insert(all.end(), backward.begin(), backward.end());
  return all;
}

template <class Real>
void NetworkState<Real>::set_feedback(const std::vector<Real>& values) {
  const std::size_t expected = arrays.feedback.size() + arrays.backward.size();
  if (values.size() != expected) {
    throw InputError("feedback weights", std::to_string(values.size()) + "; expected " + std::to_string(expected));
  }
  const auto second = values.begin() + static_cast<std::ptrdiff_t>(arrays.feedback.size());
  arrays.feedback.upload({values.begin(), second});
  arrays.backward.upload({second, values.end()});
}

template <class Real>
bool NetworkState<Real>::follows_weights(const Projection& projection) const {
  const bool follows = feedback_.visit([]<class Scheme>(const Scheme&) { return follows_updates<Scheme>; });
  return follows || reads_population(projection);
}

template <class Real>
void NetworkState<Real>::set_feedback_from(const std::vector<Real>& parameters) {
  const auto& projections = network.projections;
  const auto follows = [this](const Projection& projection) { return follows_weights(projection); };
  if (std::none_of(projections.begin(), projections.end(), follows)) return;
  std::vector<Real> all = feedback();
  for (const Projection& projection : projections) {
    const std::optional<FeedbackBlock> block = feedback_block(projection);
    if (!block || !follows(projection)) continue;
    FeedbackArgs<Real> args = feedback_of(projection);
    args.row_stride = args.column_stride = 0;
    args.decay = Real(1);
    for (std::size_t w = 0; w < projection.size(); ++w) {
      args.back = &all[block->at(projection, w)];
      args.update(0, 0, Real(0), parameters[projection.offset + w]);
    }
  }
  set_feedback(all);
}

template <class Real>
void NetworkState<Real>::set_parameters(const std::vector<Real>& values) {
  arrays.parameter.upload(values);
  set_feedback_from(values);
  transpose_weights();
}

template <class Real>
ProjectionList<Real> NetworkState<Real>::projections(ProjectionKind kind) const {
  ProjectionList<Real> list;
  for (const Projection& projection : network.projections) {
    if (projection.kind != kind) continue;
    SW_EXPECTS(list.count < ProjectionList<Real>::capacity, "too many projections of one kind");
    list.at[list.count++] = view(projection);
  }
  return list;
}

template <class Real>
View<Real> NetworkState<Real>::gradient(const Projection& projection) const {
  Real* const block = arrays.gradient.data() + projection.offset;
  return projection.is_sparse ? View<Real>(block, {projection.size()})
                              : View<Real>(block, {projection.pre.count, projection.post.count});
}

template <class Real>
View<const Real> NetworkState<Real>::bias() const {
  return network.readout.bias ? View<const Real>(arrays.parameter.data() + network.bias_offset, {network.outputs})
                              : View<const Real>();
}

template <class Real>
std::vector<PopulationView> NetworkState<Real>::populations(std::size_t batch) {
  std::vector<PopulationView> views;
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const Population& population = network.populations[p];
    PopulationView view;
    view.model = population.neuron.value.index();
    view.begin = population.neurons.begin;
    view.count = population.neurons.count;
    view.second = population.second;
    view.derived = derived_[p].data();
    NeuronModels::visit(view.model, [&]<template <class> class Model>() {
      using M = Model<Real>;
      const auto& settings = std::get<typename M::Params>(population.neuron.value);
      if constexpr (requires { view.pseudo_derivative = settings.pseudo_derivative; }) {
        view.pseudo_derivative = settings.pseudo_derivative;
      }
      states_[p].reshape(backend, {columns_size<typename M::State>(batch * view.count)},
                         "neuron states (/network/populations/" + std::to_string(p) + "/size, /training/batch_size)");
    });
    view.state = states_[p].data();
    views.push_back(view);
  }
  return views;
}

template <class Real>
std::vector<EligibilityConstants<Real>> NetworkState<Real>::eligibility() const {
  std::vector<std::byte> memory = constants_memory_.download();
  const auto columns = place_columns<EligibilityConstants<Real>>(memory.data(), network.neurons);
  std::vector<EligibilityConstants<Real>> all;
  for (std::size_t j = 0; j < network.neurons; ++j) all.push_back(columns.load(j));
  return all;
}

template <class Real>
std::vector<std::byte> NetworkState<Real>::neuron_states() const {
  std::vector<std::byte> all;
  for (const auto& states : states_) {
    const std::vector<std::byte> bytes = states.download();
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

template <class Real>
void NetworkState<Real>::set_neuron_states(const std::vector<std::byte>& bytes, std::size_t batch) {
  populations(batch);  // gives the arrays their sizes
  std::size_t size = 0;
  for (const auto& states : states_) size += states.size();
  if (size != bytes.size()) {
    throw InputError("neuron states", std::to_string(bytes.size()) + " bytes; expected " + std::to_string(size));
  }
  auto first = bytes.begin();
  for (auto& states : states_) {
    const auto last = first + static_cast<std::ptrdiff_t>(states.size());
    states.upload({first, last});
    first = last;
  }
}

template class NetworkState<float>;
template class NetworkState<double>;

}  // namespace spikeweave
