#include "ops/forward_network.hpp"

#include <array>
#include <cmath>

namespace spikeweave::test {
namespace {

// Adds to `sum` over projections in order and pre cells in ascending order; x(i) is the activity of pre cell i.
template <class Activity>
float plain_sum(float sum, const std::vector<ProjectionCase>& projections, std::size_t post, const Activity& x) {
  for (const ProjectionCase& p : projections) {
    if (post < p.post_begin || post >= p.post_begin + p.post_count) continue;
    for (std::size_t i = 0; i < p.pre_count; ++i) {
      const float product = x(p.pre_begin + i) * p.weights[i * p.post_count + (post - p.post_begin)];
      sum = sum + product;
    }
  }
  return sum;
}

float input_activity(const ForwardCase& c, std::size_t b, std::size_t t, std::size_t i) {
  const std::size_t frame = b * c.frames() + t / c.frame_steps;
  if (!c.mask.empty() && c.mask[frame * c.inputs + i] == 0) return 0.0f;
  return c.values.empty() ? static_cast<float>(c.events[(b * c.steps + t) * c.inputs + i])
                          : c.values[frame * c.inputs + i];
}

float forced_spike(const ForwardCase& c, std::size_t b, std::size_t t, std::size_t neuron) {
  return neuron < c.forced_neurons ? static_cast<float>(c.forced[(b * c.steps + t) * c.forced_neurons + neuron]) : 0.0f;
}

void clamp_input(const ForwardCase& c, std::size_t b, std::size_t t, std::size_t neuron, StepInput<float>& in) {
  if (neuron >= c.clamped_neurons) return;
  const float value = c.clamp[(b * c.frames() + t / c.frame_steps) * c.clamped_neurons + neuron];
  if (std::isnan(value)) return;
  in.is_clamped = true;
  in.clamp = value;
}

void teach_input(const ForwardCase& c, std::size_t b, std::size_t t, std::size_t neuron, StepInput<float>& in) {
  if (c.teacher_strength.empty()) return;
  const std::size_t begin = c.begin_of(c.taught), count = c.populations[c.taught].count;
  if (neuron < begin || neuron >= begin + count) return;
  const float strength = c.teacher_strength[b * c.steps + t];
  const float target = c.target[b * count + neuron - begin];
  if (std::isinf(strength)) {
    in.is_clamped = true;
    in.clamp = target;
  } else if (strength != 0.0f) {
    in.nudge = strength;
    in.target = target;
  }
}

std::uint32_t random_word(std::size_t neuron, std::size_t b, std::size_t t) {
  const auto n = static_cast<std::uint32_t>(neuron);
  const PhiloxCounter words =
      philox4x32_10(random_counter(Purpose::neuron_noise, 0, n / 4, trial_key(b), static_cast<std::uint32_t>(t)),
                    random_key(test_seed));
  return word_of(words, n % 4);
}

// The state of a neuron of any model; without one before its first step.
struct AnyState {
  alignas(8) std::array<std::byte, 64> bytes{};
  bool has_started = false;
};

// One step of neuron `neuron`, whose voltage is left in `voltage`.
StepOutput<float> step_any(const PopulationCase& population, std::size_t neuron, AnyState& any,
                           const StepInput<float>& in, float& voltage) {
  return with_pseudo_derivative(population.shape, [&](auto shape) {
    return NeuronModels::visit(population.model, [&]<template <class> class Model>() {
      using M = Model<float>;
      static_assert(sizeof(typename M::State) <= sizeof(any.bytes));
      const auto derived = derived_of<M>(neuron);
      typename M::State state = M::initial_state(derived);
      if (any.has_started) std::memcpy(&state, any.bytes.data(), sizeof(state));
      const StepOutput<float> out = M::template step<decltype(shape)>(derived, state, in);
      std::memcpy(any.bytes.data(), &state, sizeof(state));
      any.has_started = true;
      voltage = state.*(std::get<0>(M::State::columns()).member);
      return out;
    });
  });
}

template <class T>
Buffer<T, float> put(Backend<float>& backend, const std::vector<T>& values, std::initializer_list<std::size_t> shape) {
  Buffer<T, float> buffer(backend, shape, "test");
  buffer.upload(values);
  return buffer;
}

// The weights of a list of projections, and the list.
struct DeviceProjections {
  std::vector<Buffer<float, float>> weights;
  ProjectionList<float> list;

  DeviceProjections(Backend<float>& backend, const std::vector<ProjectionCase>& projections, std::size_t delay) {
    for (const ProjectionCase& p : projections) {
      weights.push_back(put(backend, p.weights, {p.pre_count, p.post_count}));
      list.at[list.count++] = {p.pre_begin, p.pre_count, p.post_begin, p.post_count, weights.back().data(), delay};
    }
  }
};

// State and constants of one population.
struct DevicePopulation {
  Buffer<std::byte, float> state;
  Buffer<std::byte, float> derived;
  PopulationView view;

  DevicePopulation(Backend<float>& backend, const PopulationCase& c, std::size_t begin, std::size_t second,
                   std::size_t batch) {
    NeuronModels::visit(c.model, [&]<template <class> class Model>() {
      using Derived = typename Model<float>::Derived;
      std::vector<std::byte> bytes(columns_size<Derived>(c.count));
      const ColumnsOf<Derived> columns = place_columns<Derived>(bytes.data(), c.count);
      for (std::size_t j = 0; j < c.count; ++j) columns.store(j, derived_of<Model<float>>(begin + j));
      derived = put(backend, bytes, {bytes.size()});
      const std::vector<std::byte> poison(columns_size<typename Model<float>::State>(batch * c.count), std::byte{0xff});
      state = put(backend, poison, {poison.size()});
    });
    view = {.model = c.model,
            .pseudo_derivative = c.shape,
            .begin = begin,
            .count = c.count,
            .second = second,
            .state = state.data(),
            .derived = derived.data()};
  }
};

// Sets what lies beyond the end of a trial to 0: the operation does not write it.
template <class T>
void clear_after_end(const ForwardCase& c, std::size_t width, std::vector<T>& values) {
  for (std::size_t b = 0; b < c.batch(); ++b) {
    const auto begin = (b * c.steps + static_cast<std::size_t>(c.length[b])) * width;
    std::fill(values.begin() + static_cast<std::ptrdiff_t>(begin),
              values.begin() + static_cast<std::ptrdiff_t>((b + 1) * c.steps * width), T{});
  }
}

}  // namespace

std::vector<std::uint8_t> drawn_events(Backend<float>& backend, const ForwardCase& c) {
  std::vector<std::uint32_t> keys;
  for (std::size_t b = 0; b < c.batch(); ++b) keys.push_back(trial_key(b));
  const auto trial = put(backend, keys, {c.batch()});
  const auto length = put(backend, c.length, {c.batch()});
  const auto intensity = put(backend, c.intensity, {c.batch(), c.frames(), c.inputs});
  auto events = put(backend, std::vector<std::uint8_t>(c.batch() * c.steps * c.inputs), {c.batch(), c.steps, c.inputs});
  backend.encode({.encoding = c.encoding,
                  .frame_steps = c.frame_steps,
                  .intensity = intensity.cview(),
                  .length = length.cview(),
                  .keys = {test_seed, trial.cview()},
                  .events = events.view()});
  return events.download();
}

ForwardResult run_reference(const ForwardCase& c) {
  const std::size_t n = c.neurons(), cells = c.cells();
  ForwardResult r{std::vector<std::uint8_t>(c.batch() * c.steps * n),
                  std::vector<float>(c.batch() * c.steps * cells),
                  std::vector<float>(c.batch() * c.steps * n),
                  std::vector<float>(c.has_outputs() ? c.batch() * c.steps * cells : 0),
                  std::vector<std::uint32_t>(c.batch() * n),
                  {},
                  c.intensity.empty() ? std::vector<std::uint8_t>{} : c.events};
  for (const PopulationCase& p : c.populations) r.voltages.emplace_back(c.batch() * c.steps * p.count);
  std::vector<ProjectionCase> within_step = c.within_step;
  const auto neuron_of = [&c](std::size_t cell) {
    for (std::size_t p = 0; p < c.populations.size(); ++p) {
      const std::size_t second = c.second_of(p);
      if (second > 0 && cell >= second && cell < second + c.populations[p].count) return cell - second + c.begin_of(p);
    }
    return cell;
  };
  std::stable_sort(within_step.begin(), within_step.end(), [&](const ProjectionCase& p, const ProjectionCase& q) {
    return neuron_of(p.post_begin) < neuron_of(q.post_begin);
  });
  for (std::size_t b = 0; b < c.batch(); ++b) {
    std::vector<AnyState> states(n);
    std::vector<std::vector<float>> sent;  // of every step
    for (std::size_t t = 0; t < static_cast<std::size_t>(c.length[b]); ++t) {
      std::vector<float> now(cells);
      std::size_t j = 0;
      for (std::size_t p = 0; p < c.populations.size(); ++p) {
        for (std::size_t local = 0; local < c.populations[p].count; ++local, ++j) {
          const auto current_of = [&](std::size_t cell) {
            const float input =
                plain_sum(0.0f, c.input, cell, [&](std::size_t i) { return input_activity(c, b, t, i); });
            const float biased = plain_sum(input * c.input_scale, c.bias, cell, [](std::size_t) { return 1.0f; });
            const float delayed = plain_sum(0.0f, c.recurrent, cell,
                                            [&](std::size_t i) { return t < c.delay ? 0.0f : sent[t - c.delay][i]; });
            return biased + plain_sum(delayed, within_step, cell, [&](std::size_t i) { return now[i]; });
          };
          StepInput<float> in{current_of(j), random_word(j, b, t), forced_spike(c, b, t, j)};
          const std::size_t second = c.second_of(p) > 0 ? c.second_of(p) + local : 0;
          if (second > 0) in.second = current_of(second);
          clamp_input(c, b, t, j, in);
          teach_input(c, b, t, j, in);
          if (!c.average.empty()) {
            in.share = std::abs(c.average[t]);
            in.starts_average = c.average[t] < 0.0f;
          }
          const bool is_rate = is_rate_model(c.populations[p].model);
          float& voltage = r.voltages[p][(b * c.steps + t) * c.populations[p].count + local];
          const StepOutput<float> out = step_any(c.populations[p], j, states[j], in, voltage);
          now[j] = out.spike - out.unsent;
          const bool spikes = !is_rate && out.spike == 1.0f;
          r.spikes[(b * c.steps + t) * n + j] = spikes ? 1 : 0;
          const std::size_t row = (b * c.steps + t) * cells;
          if (c.has_outputs()) r.outputs[row + j] = now[j];
          r.psi[row + j] = out.psi;
          if (second > 0) {
            now[second] = r.outputs[row + second] = out.second;
            r.psi[row + second] = out.second_psi;
          }
          r.prediction[(b * c.steps + t) * n + j] = out.prediction;
          r.spike_count[b * n + j] += spikes ? 1u : 0u;
        }
      }
      sent.push_back(now);
    }
  }
  return r;
}

ForwardResult run_on(Backend<float>& backend, const ForwardCase& c, bool has_psi, bool has_traces) {
  const std::size_t n = c.neurons(), cells = c.cells();
  const auto length = put(backend, c.length, {c.batch()});
  const bool is_drawn = !c.intensity.empty();
  auto events = put(backend, is_drawn ? std::vector<std::uint8_t>(c.batch() * c.steps * c.inputs, 0xff) : c.events,
                    {c.batch(), c.steps, c.values.empty() ? c.inputs : 0});
  const auto intensity = put(backend, c.intensity, {c.batch(), c.frames(), is_drawn ? c.inputs : 0});
  const auto values = put(backend, c.values, {c.batch(), c.frames(), c.values.empty() ? 0 : c.inputs});
  const auto mask = put(backend, c.mask, {c.batch(), c.frames(), c.mask.empty() ? 0 : c.inputs});
  const auto forced = put(backend, c.forced, {c.batch(), c.steps, c.forced_neurons});
  const auto clamp = put(backend, c.clamp, {c.batch(), c.frames(), c.clamped_neurons});
  const auto target = put(backend, c.target, {c.batch(), c.target.size() / std::max<std::size_t>(c.batch(), 1)});
  const auto strength = put(backend, c.teacher_strength, {c.batch(), c.teacher_strength.empty() ? 0 : c.steps});
  const auto average = put(backend, c.average, {c.average.size()});
  std::vector<std::uint32_t> keys;
  for (std::size_t b = 0; b < c.batch(); ++b) keys.push_back(trial_key(b));
  const auto trial = put(backend, keys, {c.batch()});
  const DeviceProjections input(backend, c.input, 0);
  const DeviceProjections bias(backend, c.bias, 0);
  const DeviceProjections recurrent(backend, c.recurrent, c.delay);
  const DeviceProjections within_step(backend, c.within_step, 0);
  auto spikes = put(backend, std::vector<std::uint8_t>(c.batch() * c.steps * n, 0xff), {c.batch(), c.steps, n});
  auto psi = put(backend, std::vector<float>(has_psi ? c.batch() * c.steps * cells : 0, NAN),
                 {c.batch(), c.steps, has_psi ? cells : 0});
  auto prediction =
      put(backend, std::vector<float>(has_psi ? spikes.size() : 0, 0.0f), {c.batch(), c.steps, has_psi ? n : 0});
  const std::size_t output_width = c.has_outputs() ? cells : 0;
  auto outputs =
      put(backend, std::vector<float>(c.batch() * c.steps * output_width, NAN), {c.batch(), c.steps, output_width});
  auto spike_count = put(backend, std::vector<std::uint32_t>(c.batch() * n, 999), {c.batch(), n});

  ForwardArgs<float> args{.batch = c.batch(),
                          .steps = c.steps,
                          .frame_steps = c.frame_steps,
                          .neuron_count = n,
                          .cell_count = cells,
                          .length = length.cview(),
                          .events = events.cview(),
                          .values = values.cview(),
                          .input_mask = mask.cview(),
                          .input_scale = c.input_scale,
                          .input = input.list,
                          .bias = bias.list,
                          .recurrent = recurrent.list,
                          .within_step = within_step.list,
                          .populations = {},
                          .keys = {test_seed, trial.cview()},
                          .forced = forced.cview(),
                          .clamp = clamp.cview(),
                          .teacher = {c.begin_of(c.taught), target.cview().shape[1], target.cview(), strength.cview()},
                          .average = average.cview(),
                          .spikes = spikes.view(),
                          .outputs = outputs.view(),
                          .psi = psi.view(),
                          .prediction = prediction.view(),
                          .spike_count = spike_count.view(),
                          .traces = {}};
  std::vector<DevicePopulation> populations;
  std::vector<Buffer<float, float>> voltages;
  std::size_t begin = 0;
  for (const PopulationCase& p : c.populations) {
    populations.emplace_back(backend, p, begin, c.second_of(populations.size()), c.batch());
    args.populations.push_back(populations.back().view);
    begin += p.count;
    voltages.emplace_back(backend, std::initializer_list<std::size_t>{c.batch(), c.steps, has_traces ? p.count : 0},
                          "test");
    if (!has_traces) continue;
    TraceView trace{.population = voltages.size() - 1, .column = 0, .neurons = {}, .values = voltages.back().view()};
    for (std::size_t j = 0; j < p.count; ++j) trace.neurons.push_back(j);
    args.traces.push_back(trace);
  }
  const EncodeArgs draw{.encoding = c.encoding,
                        .frame_steps = c.frame_steps,
                        .intensity = intensity.cview(),
                        .length = length.cview(),
                        .keys = args.keys,
                        .events = events.view()};
  if (is_drawn) args.draw = &draw;
  for (std::size_t t = 0; t < c.steps; t = args.window.end) {
    args.window = {t, c.window < c.steps - t ? t + c.window : ~std::size_t{0}};
    backend.forward(args);
  }

  ForwardResult r{
      spikes.download(), psi.download(), prediction.download(), outputs.download(), spike_count.download(), {}, {}};
  if (is_drawn) r.drawn = events.download();
  for (const auto& voltage : voltages) r.voltages.push_back(voltage.download());
  clear_after_end(c, n, r.spikes);
  if (has_psi) clear_after_end(c, cells, r.psi);
  if (has_psi) clear_after_end(c, n, r.prediction);
  if (c.has_outputs()) clear_after_end(c, cells, r.outputs);
  for (std::size_t p = 0; has_traces && p < r.voltages.size(); ++p) {
    clear_after_end(c, c.populations[p].count, r.voltages[p]);
  }
  return r;
}

}  // namespace spikeweave::test
