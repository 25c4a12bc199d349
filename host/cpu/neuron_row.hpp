// Neuron dynamics of a row: the neurons of one population in one step of one trial.
#pragma once

#include <algorithm>
#include <array>
#include <type_traits>

#include "spikeweave/ops/forward.hpp"

namespace spikeweave::cpu {

// What the second compartments of a population get and give in a step; unused where its model has none.
template <class Real>
struct SecondRow {
  const Real* input_current;
  const Real* recurrent_current;
  Real* psi;
  Real* outputs;
};

// What a teacher does to the neurons of a population in a step.
template <class Real>
struct TeacherRow {
  const Real* target = nullptr;  // given to rate models
  Real strength = 0;             // 0: nothing
};

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
  const Real* clamp;           // NaN: free; given to rate models
  Real* outputs;               // nullptr: not wanted
  SecondRow<Real> second{};
  TeacherRow<Real> teacher{};
  Real average = 0;  // see ForwardArgs
};

// Models whose equations depend on a number among the constants of each neuron.
template <class Model>
concept HasKinds = requires(typename Model::Derived derived) {
  derived.kind;
};

// The kind that all neurons of a population have; -1: they differ, or the model has none.
template <class Model>
int kind_of(const PopulationView& population) {
  if constexpr (HasKinds<Model>) {
    const auto derived = place_columns<typename Model::Derived>(population.derived, population.count);
    const auto first = population.count > 0 ? derived.load(0).kind : typename Model::Value(-1);
    for (std::size_t j = 0; j < population.count; ++j) {
      if (derived.load(j).kind != first) return -1;
    }
    return static_cast<int>(first);
  }
  return -1;
}

// kind: of all neurons, so that the loop has no branches and is one on vector registers; or -1. flatten: a call within
// the loop would keep it from that.
template <class Model, class Shape, bool is_forced, int kind>
[[gnu::flatten]] void neuron_step(const PopulationView& population, std::size_t batch, std::size_t b,
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
  [[maybe_unused]] const SecondRow<Real> second = row.second;
  [[maybe_unused]] const TeacherRow<Real> teacher = row.teacher;
  [[maybe_unused]] const Real share = row.average;
  StepInput<Real> teaches{};
  teach(teaches, Real(0), teacher.strength);
  [[maybe_unused]] const bool clamps = teaches.is_clamped;
  [[maybe_unused]] const Real nudge = teaches.nudge;
  [[maybe_unused]] const Real* const target = teacher.target;
  // A block's spikes are Reals until all its neurons are done: next to bytes the loop would take as many neurons at a
  // time as a vector register has bytes, with too few registers and the rest of the row one by one.
  constexpr std::size_t block = 256;
  std::array<Real, block> fired;
  for (std::size_t begin = 0; begin < population.count; begin += block) {
    const std::size_t end = std::min(begin + block, population.count);
#pragma GCC ivdep
    for (std::size_t j = begin; j < end; ++j) {
      typename Model::State s = state.load(first + j);
      StepInput<Real> in{input_current[j] + recurrent_current[j]};
      if constexpr (Model::uses_random) in.word = words[j];
      if constexpr (is_forced) in.forced = static_cast<Real>(forced[j]);
      if constexpr (Model::is_rate) {
        in.target = target[j];
        in.nudge = nudge;
      }
      if constexpr (Model::is_rate || takes_current<Model>) {
        in.clamp = clamps ? target[j] : clamp[j];
        in.is_clamped = in.clamp == in.clamp;
      }
      if constexpr (phase_averages<Model>() > 0) average(in, share);
      if constexpr (has_second<Model>) in.second = second.input_current[j] + second.recurrent_current[j];
      typename Model::Derived constants = derived.load(j);
      if constexpr (kind >= 0) constants.kind = Real(kind);
      const StepOutput<Real> out = Model::template step<Shape>(constants, s, in);
      state.store(first + j, s);
      psi[j] = out.psi;
      if constexpr (Model::predicts) prediction[j] = out.prediction;
      if constexpr (has_second<Model>) {
        second.outputs[j] = out.second;
        if constexpr (!Model::is_rate) outputs[j] = out.spike - out.unsent;
        second.psi[j] = out.second_psi;
      }
      if constexpr (Model::is_rate) {
        outputs[j] = out.spike;
      } else {
        fired[j - begin] = out.spike;
      }
    }
    if constexpr (Model::is_rate) {
      std::fill(spikes + begin, spikes + end, std::uint8_t{0});
    } else {
      for (std::size_t j = begin; j < end; ++j) {
        spikes[j] = static_cast<std::uint8_t>(fired[j - begin] > Real(0));
        spike_count[j] += static_cast<std::uint32_t>(static_cast<std::int32_t>(fired[j - begin]));
      }
      if (!has_second<Model> && outputs != nullptr) {
        for (std::size_t j = begin; j < end; ++j) outputs[j] = static_cast<Real>(spikes[j]);
      }
    }
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
    using M = Model<Real>;
    const auto of_shape = [&](auto shape) -> StepFunction<Real> {
      using Shape = decltype(shape);
      const auto of_kind = [is_forced]<int kind>(std::integral_constant<int, kind>) -> StepFunction<Real> {
        return {is_forced ? &neuron_step<M, Shape, true, kind> : &neuron_step<M, Shape, false, kind>, M::uses_random};
      };
      if constexpr (HasKinds<M>) {
        switch (kind_of<M>(population)) {
          case 0:
            return of_kind(std::integral_constant<int, 0>{});
          case 1:
            return of_kind(std::integral_constant<int, 1>{});
          case 2:
            return of_kind(std::integral_constant<int, 2>{});
          default:
            break;
        }
      }
      return of_kind(std::integral_constant<int, -1>{});
    };
    // Only differentiable models have a pseudo-derivative, and five shapes of it to compile.
    if constexpr (M::is_differentiable) {
      return with_pseudo_derivative(population.pseudo_derivative, of_shape);
    } else {
      return of_shape(PiecewiseLinear{});
    }
  });
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

}  // namespace spikeweave::cpu
