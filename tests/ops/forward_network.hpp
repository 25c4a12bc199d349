// A small network for tests of the forward pass: its memory on a backend, and the same steps as a plain loop.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "spikeweave/backend/buffer.hpp"
#include "spikeweave/ops/forward.hpp"
#include "support/random_values.hpp"

namespace spikeweave::test {

struct PopulationCase {
  std::size_t model;  // index in NeuronModels
  PseudoDerivative shape;
  std::size_t count;
};

// In NeuronModels.
inline std::size_t model_index(std::string_view model) {
  const auto& names = NeuronModels::Settings::names;
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), model) - names.begin());
}

inline bool is_rate_model(std::size_t model) {
  return NeuronModels::visit(model, []<template <class> class Model>() { return Model<float>::is_rate; });
}

inline bool has_second_compartment(std::size_t model) {
  return NeuronModels::visit(model, []<template <class> class Model>() { return has_second<Model<float>>; });
}

struct ProjectionCase {
  std::size_t pre_begin, pre_count, post_begin, post_count;
  std::vector<float> weights;
};

struct ForwardCase {
  std::size_t steps = 5;
  std::size_t frame_steps = 1;
  std::size_t inputs = 3;
  std::size_t delay = 1;       // of the recurrent projections [steps]
  std::size_t window = ~0ull;  // steps that run at a time
  std::vector<std::int32_t> length;
  std::vector<PopulationCase> populations;
  std::vector<ProjectionCase> input;
  std::vector<ProjectionCase> recurrent;
  std::vector<ProjectionCase> within_step;
  std::vector<ProjectionCase> bias;  // of pre cell 0
  std::vector<std::uint8_t> events;  // [batch, steps, inputs]; or
  std::vector<float> values;         // [batch, frames, inputs]
  std::vector<std::uint8_t> mask;    // [batch, frames, inputs] or empty
  std::vector<std::uint8_t> forced;  // [batch, steps, forced_neurons] or empty
  std::size_t forced_neurons = 0;
  std::vector<float> clamp;  // [batch, frames, clamped_neurons]  NaN: free; or empty
  std::size_t clamped_neurons = 0;
  std::size_t taught = 0;               // population
  std::vector<float> target;            // [batch, its neurons] or empty
  std::vector<float> teacher_strength;  // [batch, steps] or empty
  std::vector<float> average;           // [steps] or empty
  bool wants_outputs = false;           // also where all models spike
  float input_scale = 1.0f;

  // Where given, the pass draws its events; `events` is then what the reference takes.
  std::vector<float> intensity;  // [batch, frames, inputs]
  Encoding encoding = Encoding::bernoulli;

  std::size_t batch() const { return length.size(); }
  std::size_t frames() const { return (steps + frame_steps - 1) / frame_steps; }
  std::size_t neurons() const {
    std::size_t count = 0;
    for (const PopulationCase& population : populations) count += population.count;
    return count;
  }
  std::size_t begin_of(std::size_t population) const {
    std::size_t begin = 0;
    for (std::size_t p = 0; p < population; ++p) begin += populations[p].count;
    return begin;
  }
  // First cell of the second compartments of a population, behind all neurons; 0: it has none.
  std::size_t second_of(std::size_t population) const {
    if (!has_second_compartment(populations[population].model)) return 0;
    std::size_t begin = neurons();
    for (std::size_t p = 0; p < population; ++p) {
      if (has_second_compartment(populations[p].model)) begin += populations[p].count;
    }
    return begin;
  }
  std::size_t cells() const {
    std::size_t count = neurons();
    for (const PopulationCase& p : populations) count += has_second_compartment(p.model) ? p.count : 0;
    return count;
  }
  bool has_outputs() const {
    return wants_outputs || std::any_of(populations.begin(), populations.end(), [](const PopulationCase& p) {
             return is_rate_model(p.model) || has_second_compartment(p.model);
           });
  }
};

struct ForwardResult {
  std::vector<std::uint8_t> spikes;  // [batch, steps, neurons]  0 beyond a trial's end
  std::vector<float> psi;            // [batch, steps, cells]  likewise
  std::vector<float> prediction;     // [batch, steps, neurons]  likewise; 0 for models without
  std::vector<float> outputs;        // [batch, steps, cells]  likewise; empty where they are not given
  std::vector<std::uint32_t> spike_count;
  std::vector<std::vector<float>> voltages;  // per population [batch, steps, count]  first state variable; likewise
  std::vector<std::uint8_t> drawn;           // [batch, steps, inputs]  events that the pass has drawn

  bool operator==(const ForwardResult&) const = default;
};

// Neurons of different constants; `neuron` counts over the whole network.
template <class Model>
typename Model::Derived derived_of(std::size_t neuron) {
  typename Model::NeuronParams parameters;
  const auto tau = 5.0 + static_cast<double>(neuron % 7);
  const auto refractory_steps = static_cast<int>(neuron % 4);
  if constexpr (requires { parameters.tau_m; }) parameters.tau_m = tau;
  if constexpr (requires { parameters.refractory_steps; }) parameters.refractory_steps = refractory_steps;
  if constexpr (requires { parameters.tau_refractory; }) parameters.tau_refractory = refractory_steps;
  if constexpr (requires { parameters.v_peak; }) parameters.a = 1.0 / tau, parameters.noise = 5.0;
  if constexpr (requires { parameters.epsilon; }) parameters.epsilon = 1.0 / tau;
  if constexpr (requires { parameters.variance; }) parameters.variance = 1.0 + refractory_steps;
  if constexpr (requires { parameters.largest_rate; }) {
    parameters.cell = static_cast<SegregatedCell>(neuron % 3);
    parameters.largest_rate = 1.0 / tau;
    parameters.tau_long = 2.0 * tau;
  }
  if constexpr (requires { parameters.temperature; }) {
    parameters.noise = static_cast<EnergyNoise>(neuron % 3);
    parameters.sigma = 0.3;
    parameters.temperature = 0.1;
    parameters.clip = neuron % 5 == 0;
    parameters.initial = 0.1 * refractory_steps;
    parameters.rate = static_cast<RateFunction>(neuron / 3 % 2);
    parameters.dynamics = static_cast<EnergyDynamics>(neuron / 2 % 2);
  }
  if constexpr (requires { parameters.base; }) parameters.cell = static_cast<BurstCell>(neuron % 2);
  if constexpr (requires { parameters.teaching; }) {
    parameters.tau = tau;
    parameters.tau_average = 3.0 * tau;
    parameters.teaching = static_cast<BurstTeaching>(neuron / 2 % 2);
  }
  return Model::derive(parameters, 1.0);
}

inline std::uint32_t trial_key(std::size_t b) {
  return static_cast<std::uint32_t>(70 + 5 * b);
}

// The events that a case with intensities draws, as encode() draws them.
std::vector<std::uint8_t> drawn_events(Backend<float>& backend, const ForwardCase& c);

ForwardResult run_reference(const ForwardCase& c);
ForwardResult run_on(Backend<float>& backend, const ForwardCase& c, bool has_psi = true, bool has_traces = true);

}  // namespace spikeweave::test
