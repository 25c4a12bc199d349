// Batch elements are independent, so each runs all its steps on one thread with its state in the cache; within a step
// the loops run over the post neurons on vector registers.
#include <algorithm>
#include <limits>
#include <memory>

#include "host/cpu/active_list.hpp"
#include "host/cpu/input_block.hpp"
#include "host/cpu/online_plasticity.hpp"
#include "host/cpu/operations.hpp"
#include "host/cpu/philox_run.hpp"
#include "host/cpu/propagation.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::cpu {
namespace {

// One trial's working memory.
template <class Real>
struct Scratch {
  std::vector<Real> input_current;      // [neurons]
  std::vector<Real> recurrent_current;  // [neurons]
  std::vector<Real> psi;                // [neurons], where no psi is wanted
  std::vector<Real> prediction;         // [neurons], where no prediction is wanted
  ActiveRows<Real> active;

  explicit Scratch(std::size_t neurons)
      : input_current(neurons), recurrent_current(neurons), psi(neurons), prediction(neurons) {}
};

// Adds what the input of `delay` steps ago brings through one projection, or one class of delays of it.
template <class Real>
void add_input(const ForwardArgs<Real>& args, const ProjectionView<Real>& projection, std::size_t delay_class,
               std::size_t b, std::size_t t, Real* input_current) {
  const std::size_t delay = projection.delay_of(delay_class);
  if (t < delay) return;
  const std::size_t source = t - delay;
  const std::size_t frame = source / args.frame_steps;
  const std::uint8_t* mask = args.input_mask.empty() ? nullptr : args.input_mask.row(b, frame);
  const std::size_t end = projection.pre_begin + projection.pre_count;
  Real* const current = input_current + projection.post_begin;
  const auto add = [&](std::size_t i, Real x) {
    if (mask != nullptr && mask[i] == 0) return;
    const std::size_t pre = i - projection.pre_begin;
    if (projection.sparse != nullptr) {
      add_sparse_row(projection, delay_class, pre, x, current);
    } else {
      add_scaled_row(x, projection.weights + pre * projection.post_count, current, projection.post_count);
    }
  };
  if (!args.events.empty()) {
    const std::uint8_t* events = args.events.row(b, source);
    for_each_active(events, projection.pre_begin, end, [&](std::size_t i) { add(i, static_cast<Real>(events[i])); });
  } else {
    const Real* values = args.values.row(b, frame);
    for (std::size_t i = projection.pre_begin; i < end; ++i) {
      if (values[i] != Real(0)) add(i, values[i]);
    }
  }
}

// Input current of step t of trial b.
template <class Real>
void propagate_input(const ForwardArgs<Real>& args, std::size_t b, std::size_t t, InputBlock<Real>& block,
                     Scratch<Real>& s) {
  const bool from_events = !args.events.empty();
  // Values are constant within a frame.
  if (!from_events && t % args.frame_steps != 0 && t != args.window.begin && args.plasticity.empty() &&
      longest_delay(args.input) == 0)
    return;
  if (const Real* const row = block.row(b, t)) {
    std::copy_n(row, s.input_current.size(), s.input_current.begin());
  } else {
    std::fill(s.input_current.begin(), s.input_current.end(), Real(0));
    for (std::size_t p = 0; p < args.input.count; ++p) {
      const ProjectionView<Real>& projection = args.input.at[p];
      const std::size_t classes = projection.class_count();
      for (std::size_t c = 0; c < classes; ++c) add_input(args, projection, c, b, t, s.input_current.data());
    }
  }
  if (args.input_scale != Real(1)) {
    for (Real& current : s.input_current) current *= args.input_scale;
  }
}

// One step of the neurons of a population in one trial.
template <class Real>
struct NeuronRow {
  const Real* input_current;
  const Real* recurrent_current;
  Real* psi;
  Real* prediction;
  std::uint8_t* spikes;
  std::uint32_t* spike_count;
  const std::uint32_t* words;  // random words, for models that use them
  const std::uint8_t* forced;  // where some neurons are
  const Real* clamp;           // NaN: free; nullptr: all are
  Real* outputs;               // nullptr: not wanted
};

template <class Model, class Shape, bool is_forced>
void neuron_step(const PopulationView& population, std::size_t batch, std::size_t b,
                 const NeuronRow<typename Model::Value>& row) {
  using Real = typename Model::Value;
  const auto derived = place_columns<typename Model::Derived>(population.derived, population.count);
  const auto state = place_columns<typename Model::State>(population.state, batch * population.count);
  const std::size_t first = b * population.count;
  const Real* const input_current = row.input_current;
  const Real* const recurrent_current = row.recurrent_current;
  Real* const psi = row.psi;
  [[maybe_unused]] Real* const prediction = row.prediction;
  std::uint8_t* const spikes = row.spikes;
  std::uint32_t* const spike_count = row.spike_count;
  [[maybe_unused]] const std::uint32_t* const words = row.words;
  [[maybe_unused]] const std::uint8_t* const forced = row.forced;
  [[maybe_unused]] const Real* const clamp = row.clamp;
  [[maybe_unused]] Real* const outputs = row.outputs;
  const std::size_t count = population.count;  // a local: the stores of bytes below could alias the member
#pragma GCC ivdep
  for (std::size_t j = 0; j < count; ++j) {
    typename Model::State s = state.load(first + j);
    StepInput<Real> in{input_current[j] + recurrent_current[j]};
    if constexpr (Model::uses_random) in.word = words[j];
    if constexpr (is_forced) in.forced = static_cast<Real>(forced[j]);
    if constexpr (Model::is_rate) {
      in.is_clamped = clamp != nullptr && clamp[j] == clamp[j];
      if (in.is_clamped) in.clamp = clamp[j];
    }
    const StepOutput<Real> out = Model::template step<Shape>(derived.load(j), s, in);
    state.store(first + j, s);
    psi[j] = out.psi;
    if constexpr (Model::predicts) prediction[j] = out.prediction;
    if constexpr (Model::is_rate) {
      outputs[j] = out.spike;
      spikes[j] = 0;
    } else {
      spikes[j] = static_cast<std::uint8_t>(out.spike > Real(0));
      spike_count[j] += static_cast<std::uint32_t>(static_cast<std::int32_t>(out.spike));
    }
  }
  if (Model::is_rate || outputs == nullptr) return;
  for (std::size_t j = 0; j < count; ++j) outputs[j] = static_cast<Real>(spikes[j]);
}

template <class Real>
struct StepFunction {
  void (*run)(const PopulationView&, std::size_t batch, std::size_t b, const NeuronRow<Real>&);
  bool uses_random;
};

template <class Real>
StepFunction<Real> step_function(const PopulationView& population, bool is_forced) {
  return NeuronModels::visit(population.model, [&]<template <class> class Model>() -> StepFunction<Real> {
    return with_pseudo_derivative(population.pseudo_derivative, [is_forced](auto shape) -> StepFunction<Real> {
      using M = Model<Real>;
      using Shape = decltype(shape);
      return {is_forced ? &neuron_step<M, Shape, true> : &neuron_step<M, Shape, false>, M::uses_random};
    });
  });
}

// The random words of all neurons of one step. words: a whole number of Philox blocks
void draw_noise(const RandomKeys& keys, std::size_t b, std::size_t t, std::vector<std::uint32_t>& words) {
  const PhiloxCounter first = random_counter(Purpose::neuron_noise, 0, 0, keys.trial[b], static_cast<std::uint32_t>(t));
  philox_run(first, Advance::block, words.size() / 4, random_key(keys.seed), words.data());
}

template <class Real>
void record_traces(const ForwardArgs<Real>& args, std::size_t b, std::size_t t) {
  for (const TraceView& trace : args.traces) {
    const PopulationView& population = args.populations[trace.population];
    float* const out = trace.values.row(b, t);
    NeuronModels::visit(population.model, [&]<template <class> class Model>() {
      const auto state = place_columns<typename Model<Real>::State>(population.state, args.batch * population.count);
      for (std::size_t n = 0; n < trace.neurons.size(); ++n) {
        out[n] = static_cast<float>(
            column_value<Real>(state.pointers, trace.column, b * population.count + trace.neurons[n]));
      }
    });
  }
}

template <class Real>
void start_states(const ForwardArgs<Real>& args) {
  for (const PopulationView& population : args.populations) {
    const std::size_t count = population.count;
    NeuronModels::visit(population.model, [&]<template <class> class Model>() {
      using M = Model<Real>;
      const auto derived = place_columns<typename M::Derived>(population.derived, count);
      const auto state = place_columns<typename M::State>(population.state, args.batch * count);
      for (std::size_t n = 0; n < args.batch * count; ++n) state.store(n, M::initial_state(derived.load(n % count)));
    });
  }
}

// The lists of what was sent in the `depth` steps before the window, in this pass and in earlier ones.
template <class Real, class T>
void recall_sent(const ForwardArgs<Real>& args, const View<T>& sent, const View<T>& history, std::size_t b,
                 std::size_t depth, SpikeLists<Real>& lists) {
  const auto begin = static_cast<std::int64_t>(args.window.begin);
  const auto kept = args.continues && !history.empty() ? static_cast<std::int64_t>(history.shape[1]) : 0;
  for (auto t = std::max(begin - static_cast<std::int64_t>(depth), -kept); t < begin; ++t) {
    const T* const row =
        t < 0 ? history.row(b, static_cast<std::size_t>(kept + t)) : sent.row(b, static_cast<std::size_t>(t));
    lists.add(t, row, args.neuron_count);
  }
}

// Keeps the last rows of this pass, behind those of earlier ones where it was shorter than the history is deep.
template <class Real, class T>
void keep_history(const ForwardArgs<Real>& args, const View<T>& sent, const View<T>& history, std::size_t b) {
  if (history.empty()) return;
  const std::size_t depth = history.shape[1];
  const auto length = static_cast<std::size_t>(args.length[b]);
  const std::size_t fresh = std::min(depth, length);
  const std::size_t row = args.neuron_count;
  T* const first = history.row(b);
  std::copy(first + fresh * row, first + depth * row, first);
  std::copy_n(sent.row(b, length - fresh), fresh * row, first + (depth - fresh) * row);
}

template <class Real>
void run_trial(const ForwardArgs<Real>& args, const std::vector<StepFunction<Real>>& step, std::size_t b) {
  Scratch<Real> s(args.neuron_count);
  const bool noisy = std::any_of(step.begin(), step.end(), [](const auto& f) { return f.uses_random; });
  std::vector<std::uint32_t> words(noisy ? (args.neuron_count + 3) / 4 * 4 : 0);
  std::vector<std::uint8_t> forced(args.forced.empty() ? 0 : args.neuron_count, 0);
  if (args.window.begin == 0) std::fill_n(args.spike_count.row(b), args.neuron_count, 0u);
  std::vector<std::unique_ptr<OnlineRule<Real>>> rules;
  for (const OnlinePlasticity<Real>& plasticity : args.plasticity) rules.push_back(make_online_rule(args, plasticity));
  const bool has_outputs = !args.outputs.empty();
  std::vector<Real> clamp(args.clamp.empty() ? 0 : args.neuron_count, std::numeric_limits<Real>::quiet_NaN());
  const std::size_t depth = std::max<std::size_t>({longest_delay(args.recurrent), args.history.shape[1], 1});
  SpikeLists<Real> spike_lists(depth);
  SpikeLists<Real> output_lists(has_outputs ? depth : 0);
  const SpikeLists<Real>& sent = has_outputs ? output_lists : spike_lists;
  SpikeLists<Real> input_lists(rules.empty() ? 0 : longest_delay(args.input));
  recall_sent(args, args.spikes, args.history, b, depth, spike_lists);
  if (has_outputs) recall_sent(args, args.outputs, args.output_history, b, depth, output_lists);
  const auto length = static_cast<std::size_t>(args.length[b]);
  InputBlock<Real> input_block(args);
  for (std::size_t t = args.window.begin; t < args.window.end_in(length); ++t) {
    const auto now = static_cast<std::int64_t>(t);
    propagate_input(args, b, t, input_block, s);
    std::fill(s.recurrent_current.begin(), s.recurrent_current.end(), Real(0));
    propagate_spikes(args.recurrent, sent, has_outputs, now, s.active, s.recurrent_current.data());
    if (noisy) draw_noise(args.keys, b, t, words);
    if (!forced.empty()) std::copy_n(args.forced.row(b, t), args.forced.shape[2], forced.begin());
    if (!clamp.empty()) std::copy_n(args.clamp.row(b, t / args.frame_steps), args.clamp.shape[2], clamp.begin());
    std::uint8_t* const spikes = args.spikes.row(b, t);
    Real* const outputs = has_outputs ? args.outputs.row(b, t) : nullptr;
    Real* const psi = args.psi.empty() ? s.psi.data() : args.psi.row(b, t);
    Real* const prediction = args.prediction.empty() ? s.prediction.data() : args.prediction.row(b, t);
    for (std::size_t p = 0; p < args.populations.size(); ++p) {
      const PopulationView& population = args.populations[p];
      const std::size_t begin = population.begin;
      step[p].run(population, args.batch, b,
                  {s.input_current.data() + begin, s.recurrent_current.data() + begin, psi + begin, prediction + begin,
                   spikes + begin, args.spike_count.row(b) + begin, words.data() + (noisy ? begin : 0),
                   forced.data() + (forced.empty() ? 0 : begin), clamp.empty() ? nullptr : clamp.data() + begin,
                   has_outputs ? outputs + begin : nullptr});
    }
    spike_lists.add(now, spikes, args.neuron_count);
    if (has_outputs) output_lists.add(now, outputs, args.neuron_count);
    if (!rules.empty()) {
      const std::uint8_t* const events = args.events.empty() ? nullptr : args.events.row(b, t);
      const Real* const values = args.values.empty() ? nullptr : args.values.row(b, t / args.frame_steps);
      if (events != nullptr) input_lists.add(now, events, args.events.shape[2]);
      for (const auto& rule : rules)
        rule->step({now, events, spikes, outputs, &input_lists, &spike_lists, &sent}, values);
    }
    record_traces(args, b, t);
  }
  if (args.window.end < length) return;
  keep_history(args, args.spikes, args.history, b);
  keep_history(args, args.outputs, args.output_history, b);
}

}  // namespace

template <class Real>
void forward(const ForwardArgs<Real>& args, int threads) {
  std::vector<StepFunction<Real>> step;
  for (const PopulationView& population : args.populations) {
    step.push_back(step_function<Real>(population, !args.forced.empty()));
  }
  const bool has_rates = std::any_of(args.populations.begin(), args.populations.end(), [](const PopulationView& p) {
    return NeuronModels::visit(p.model, []<template <class> class Model>() { return Model<Real>::is_rate; });
  });
  SW_EXPECTS(!has_rates || args.batch == 0 || !args.outputs.empty(), "forward: rate models need a place for outputs");
  SW_EXPECTS(args.plasticity.empty() || args.batch <= 1, "forward: plasticity needs a batch of one trial");
  SW_EXPECTS(args.plasticity.empty() || (args.window.begin == 0 && args.window.end >= args.steps),
             "forward: plasticity runs a trial as a whole");
  if (args.draw != nullptr) encode(*args.draw, threads);
  if (!args.continues && args.window.begin == 0) start_states(args);
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(args.batch, threads))
  for (std::size_t b = 0; b < args.batch; ++b) run_trial(args, step, b);
}
template void forward<float>(const ForwardArgs<float>&, int);
template void forward<double>(const ForwardArgs<double>&, int);

}  // namespace spikeweave::cpu
