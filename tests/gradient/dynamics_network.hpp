// A network whose own dynamics find the errors, with trials of several steps that have one input and one target each.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave::testing {

// A row of layers, each with biases: input, h0, h1, ...; the last one is taught.
struct DynamicsNetwork {
  static constexpr std::size_t inputs = 5, batch = 4;
  static constexpr double clamp = std::numeric_limits<double>::infinity();
  std::vector<std::size_t> sizes;

  std::unique_ptr<Backend<double>> backend;
  Network network;
  NetworkState<double> state;
  LearningSettings learning;
  std::vector<double> outputs;        // [batch, steps, cells]  what was sent in the last run
  std::vector<double> errors;         // likewise: psi
  std::size_t steps = 0;              // of it
  std::size_t first_trial = 0;        // of the batch, in a stream without end
  std::vector<std::int32_t> average;  // [steps]  see TrialBatch; or empty
  bool random_sign = false;           // of strength and weight, drawn for each trial

  DynamicsNetwork(const NetworkSettings& settings, const std::vector<std::size_t>& layer_sizes,
                  const LearningSettings& rule)
      : sizes(layer_sizes),
        backend(make_cpu_backend<double>(1)),
        network(build_network(settings, shape(sizes), 1)),
        state(*backend, network, {}, 1),
        learning(rule) {
    state.set_parameters(initial_parameters(network, 1, ""));
  }

  static TaskShape shape(const std::vector<std::size_t>& sizes) {
    TaskShape shape;
    shape.inputs = inputs;
    shape.encoding = Encoding::current;
    shape.outputs = sizes.back();
    shape.taught = "h" + std::to_string(sizes.size() - 1);
    return shape;
  }

  // A layer of one model for each size.
  static NetworkSettings layers(const std::vector<std::size_t>& sizes, const NeuronModels::Settings& neuron) {
    NetworkSettings settings;
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      settings.populations.push_back({"h" + std::to_string(l), static_cast<int>(sizes[l]), neuron});
    }
    return settings;
  }
  static ProjectionSettings& connect(NetworkSettings& settings, const std::string& from, const std::string& to) {
    ProjectionSettings projection;
    projection.from = {from};
    projection.to = {to};
    settings.projections.push_back(projection);
    return settings.projections.back();
  }

  // Trials hold floats.
  float input(std::size_t b, std::size_t i) const {
    return static_cast<float>(0.5 * draw().normal((first_trial + b) * 64 + i));
  }
  float target(std::size_t b, std::size_t k) const {
    return static_cast<float>(0.2 + 0.6 * draw().uniform(64'000'000 + (first_trial + b) * 64 + k));
  }

  // strength, weight: of each step. Leaves the gradient in the state.
  void run(const std::vector<double>& strength, const std::vector<double>& weight) {
    TrialBatch trials;
    steps = strength.size();
    trials.batch = batch;
    trials.steps = steps;
    trials.frames = trials.segments = 1;
    trials.length.assign(batch, static_cast<std::int32_t>(steps));
    trials.segment.assign(batch * steps, -1);
    trials.target.assign(batch * network.outputs, 0.0);
    trials.teacher_strength.assign(strength.begin(), strength.end());
    trials.step_weight.assign(weight.begin(), weight.end());
    trials.average = average;
    trials.random_sign = random_sign;
    std::vector<std::uint32_t> keys;
    for (std::size_t b = 0; b < batch; ++b) {
      keys.push_back(static_cast<std::uint32_t>(first_trial + b));
      for (std::size_t i = 0; i < inputs; ++i) trials.intensity.push_back(input(b, i));
      for (std::size_t k = 0; k < network.outputs; ++k) trials.teacher_target.push_back(target(b, k));
    }
    Simulator<double> simulator(state, learning, LossKind::squared_error, Reduction::sum, steps, 1);
    simulator.run(trials, keys, {.training = true, .traces = {}});
    errors = simulator.psi();
    simulator.compute_gradient();
    outputs = simulator.neuron_outputs();
  }

  // What cell j of a range sent in step t of trial b.
  double sent(std::size_t b, std::size_t t, std::size_t cell) const {
    return outputs[(b * steps + t) * network.cells + cell];
  }
  double error(std::size_t b, std::size_t t, std::size_t cell) const {
    return errors[(b * steps + t) * network.cells + cell];
  }
  std::vector<double> gradient(std::size_t projection) const {
    const std::vector<double> all = state.arrays.gradient.download();
    const Projection& p = network.projections[projection];
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(p.offset);
    return {first, first + static_cast<std::ptrdiff_t>(p.size())};
  }
  // Of the projection, [pre, post].
  double weight(std::size_t projection, std::size_t i, std::size_t j) const {
    const Projection& p = network.projections[projection];
    return parameters()[p.offset + i * p.post.count + j];
  }
  std::vector<double> parameters() const { return state.parameters(); }

 private:
  static RandomStream draw() { return {1, Purpose::task, 5}; }
};

inline double norm(const std::vector<double>& v) {
  double sum = 0.0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}
inline double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double product = 0.0;
  for (std::size_t n = 0; n < a.size(); ++n) product += a[n] * b[n];
  return product / (norm(a) * norm(b));
}
// |a - b| / |b|
inline double relative_distance(std::vector<double> a, const std::vector<double>& b) {
  for (std::size_t n = 0; n < a.size(); ++n) a[n] -= b[n];
  return norm(a) / norm(b);
}

}  // namespace spikeweave::testing
