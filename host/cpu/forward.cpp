// Batch elements are independent, so each runs all its steps on one thread with its state in the cache; within a step
// the loops run over the post neurons on vector registers.
#include <algorithm>

#include "host/cpu/active_list.hpp"
#include "host/cpu/operations.hpp"

namespace spikeweave::cpu {
namespace {

// One trial's working memory.
template <class Real>
struct Scratch {
  std::vector<Real> input_current;      // [neurons]
  std::vector<Real> recurrent_current;  // [neurons]
  std::vector<Real> psi;                // [neurons], where no psi is wanted
  std::vector<Real> prediction;         // [neurons], where no prediction is wanted
  std::vector<const Real*> rows;        // weight rows of active cells
  std::vector<std::size_t> active;      // neurons that fired in the last step

  explicit Scratch(std::size_t neurons)
      : input_current(neurons), recurrent_current(neurons), psi(neurons), prediction(neurons) {}
};

// Adds the weight rows of the active presynaptic cells within each projection's range.
template <class Real>
void propagate_active(const ProjectionList<Real>& projections, const std::vector<std::size_t>& active, Scratch<Real>& s,
                      Real* current) {
  for (std::size_t p = 0; p < projections.count; ++p) {
    const ProjectionView<Real>& projection = projections.at[p];
    s.rows.clear();
    for (const std::size_t i : active) {
      if (i - projection.pre_begin < projection.pre_count) {  // unsigned: also false below pre_begin
        s.rows.push_back(projection.weights + (i - projection.pre_begin) * projection.post_count);
      }
    }
    add_rows(s.rows.data(), s.rows.size(), current + projection.post_begin, projection.post_count);
  }
}

// Input current of step t of trial b.
template <class Real>
void propagate_input(const ForwardArgs<Real>& args, std::size_t b, std::size_t t, Scratch<Real>& s) {
  const std::size_t frame = t / args.frame_steps;
  const bool from_events = !args.events.empty();
  if (!from_events && t % args.frame_steps != 0) return;  // values are constant within a frame
  std::fill(s.input_current.begin(), s.input_current.end(), Real(0));
  const std::uint8_t* mask = args.input_mask.empty() ? nullptr : args.input_mask.row(b, frame);
  for (std::size_t p = 0; p < args.input.count; ++p) {
    const ProjectionView<Real>& projection = args.input.at[p];
    const std::size_t end = projection.pre_begin + projection.pre_count;
    Real* current = s.input_current.data() + projection.post_begin;
    const auto add = [&](std::size_t i, Real x) {
      if (mask != nullptr && mask[i] == 0) return;
      const Real* row = projection.weights + (i - projection.pre_begin) * projection.post_count;
      add_scaled_row(x, row, current, projection.post_count);
    };
    if (from_events) {
      const std::uint8_t* events = args.events.row(b, t);
      for_each_active(events, projection.pre_begin, end, [&](std::size_t i) { add(i, static_cast<Real>(events[i])); });
    } else {
      const Real* values = args.values.row(b, frame);
      for (std::size_t i = projection.pre_begin; i < end; ++i) {
        if (values[i] != Real(0)) add(i, values[i]);
      }
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
  const std::size_t count = population.count;  // a local: the stores of bytes below could alias the member
#pragma GCC ivdep
  for (std::size_t j = 0; j < count; ++j) {
    typename Model::State s = state.load(first + j);
    StepInput<Real> in{input_current[j] + recurrent_current[j]};
    if constexpr (Model::uses_random) in.word = words[j];
    if constexpr (is_forced) in.forced = static_cast<Real>(forced[j]);
    const StepOutput<Real> out = Model::template step<Shape>(derived.load(j), s, in);
    state.store(first + j, s);
    psi[j] = out.psi;
    if constexpr (Model::predicts) prediction[j] = out.prediction;
    spikes[j] = static_cast<std::uint8_t>(out.spike > Real(0));
    spike_count[j] += static_cast<std::uint32_t>(static_cast<std::int32_t>(out.spike));
  }
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

// The random words of all neurons of one step.
void draw_noise(const RandomKeys& keys, std::size_t b, std::size_t t, std::vector<std::uint32_t>& words) {
  const PhiloxKey key = random_key(keys.seed);
  for (std::size_t block = 0; block * 4 < words.size(); ++block) {
    const PhiloxCounter w = philox4x32_10(random_counter(Purpose::neuron_noise, 0, static_cast<std::uint32_t>(block),
                                                         keys.trial[b], static_cast<std::uint32_t>(t)),
                                          key);
    for (std::size_t lane = 0; lane < 4 && block * 4 + lane < words.size(); ++lane) {
      words[block * 4 + lane] = word_of(w, static_cast<std::uint32_t>(lane));
    }
  }
}

template <class Real>
void record_traces(const ForwardArgs<Real>& args, std::size_t b, std::size_t t) {
  for (const TraceView& trace : args.traces) {
    const PopulationView& population = args.populations[trace.population];
    float* out = trace.values + (b * args.steps + t) * trace.neurons.size();
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
void clear_states(const ForwardArgs<Real>& args) {
  for (const PopulationView& population : args.populations) {
    NeuronModels::visit(population.model, [&]<template <class> class Model>() {
      std::fill_n(population.state, columns_size<typename Model<Real>::State>(args.batch * population.count),
                  std::byte{0});
    });
  }
}

template <class Real>
void run_trial(const ForwardArgs<Real>& args, const std::vector<StepFunction<Real>>& step, std::size_t b) {
  Scratch<Real> s(args.neuron_count);
  const bool noisy = std::any_of(step.begin(), step.end(), [](const auto& f) { return f.uses_random; });
  std::vector<std::uint32_t> words(noisy ? args.neuron_count : 0);
  std::vector<std::uint8_t> forced(args.forced.empty() ? 0 : args.neuron_count, 0);
  std::fill_n(args.spike_count.row(b), args.neuron_count, 0u);
  for (std::size_t t = 0; t < static_cast<std::size_t>(args.length[b]); ++t) {
    propagate_input(args, b, t, s);
    std::fill(s.recurrent_current.begin(), s.recurrent_current.end(), Real(0));
    propagate_active(args.recurrent, s.active, s, s.recurrent_current.data());
    if (noisy) draw_noise(args.keys, b, t, words);
    if (!forced.empty()) std::copy_n(args.forced.row(b, t), args.forced.shape[2], forced.begin());
    std::uint8_t* const spikes = args.spikes.row(b, t);
    Real* const psi = args.psi.empty() ? s.psi.data() : args.psi.row(b, t);
    Real* const prediction = args.prediction.empty() ? s.prediction.data() : args.prediction.row(b, t);
    for (std::size_t p = 0; p < args.populations.size(); ++p) {
      const PopulationView& population = args.populations[p];
      const std::size_t begin = population.begin;
      step[p].run(population, args.batch, b,
                  {s.input_current.data() + begin, s.recurrent_current.data() + begin, psi + begin, prediction + begin,
                   spikes + begin, args.spike_count.row(b) + begin, words.data() + (noisy ? begin : 0),
                   forced.data() + (forced.empty() ? 0 : begin)});
    }
    s.active.clear();
    for_each_active(spikes, 0, args.neuron_count, [&](std::size_t j) { s.active.push_back(j); });
    record_traces(args, b, t);
  }
}

}  // namespace

template <class Real>
void forward(const ForwardArgs<Real>& args, int threads) {
  std::vector<StepFunction<Real>> step;
  for (const PopulationView& population : args.populations) {
    step.push_back(step_function<Real>(population, !args.forced.empty()));
  }
  clear_states(args);
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(args.batch, threads))
  for (std::size_t b = 0; b < args.batch; ++b) run_trial(args, step, b);
}
template void forward<float>(const ForwardArgs<float>&, int);
template void forward<double>(const ForwardArgs<double>&, int);

}  // namespace spikeweave::cpu
