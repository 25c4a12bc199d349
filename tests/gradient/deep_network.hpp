// A network of three layers, each reached within the step, on random inputs and targets, for tests of gradients.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave::testing {

inline constexpr std::size_t inputs = 5, outputs = 3, batch = 37;
inline constexpr std::size_t sizes[] = {7, 6, 9};
inline constexpr std::size_t layers = std::size(sizes);

template <class Neuron>
NetworkSettings deep_settings(const Neuron& neuron) {
  NetworkSettings settings;
  settings.readout.tau = 0.0;
  settings.readout.bias = true;
  const auto connect = [&settings](const std::string& from, const std::string& to) {
    ProjectionSettings projection;
    projection.from = {from};
    projection.to = {to};
    projection.within_step = from[0] == 'h' && to != "output";
    settings.projections.push_back(projection);
  };
  std::string before = "input";
  for (std::size_t l = 0; l < layers; ++l) {
    const std::string name = "h" + std::to_string(l);
    PopulationSettings population{name, static_cast<int>(sizes[l]), {}};
    population.neuron.value = neuron;
    settings.populations.push_back(population);
    connect(before, name);
    connect("bias", name);
    before = name;
  }
  connect(before, "output");
  return settings;
}

template <class Real>
struct DeepNetwork {
  std::unique_ptr<Backend<Real>> backend;
  Network network;
  NetworkState<Real> state;
  TrialBatch trials;
  LearningSettings learning;

  DeepNetwork(const NetworkSettings& settings, const FeedbackSettings& feedback, std::size_t steps = 1, int threads = 1)
      : backend(make_cpu_backend<Real>(threads)),
        network(build_network(settings,
                              {inputs, outputs, steps, steps, LossKind::squared_error, Encoding::current, 0, ""}, 1)),
        state(*backend, network, feedback, 1, true) {
    const std::vector<double> initial = initial_parameters(network, 1, "");
    state.set_parameters(std::vector<Real>(initial.begin(), initial.end()));
    learning.value = BpttParams{};
    trials.batch = batch;
    trials.steps = steps;
    trials.frames = trials.segments = 1;
    const RandomStream draw(1, Purpose::task, 5);
    for (std::size_t b = 0; b < batch; ++b) {
      trials.length.push_back(static_cast<std::int32_t>(steps));
      for (std::size_t t = 0; t < steps; ++t) trials.segment.push_back(0);
      for (std::size_t i = 0; i < inputs; ++i) trials.intensity.push_back(static_cast<float>(draw.normal(b * 8 + i)));
      for (std::size_t k = 0; k < outputs; ++k) trials.target.push_back(draw.normal(1000 + b * 8 + k));
    }
  }
  std::vector<Real> gradient() {
    Simulator<Real> simulator(state, learning, LossKind::squared_error, Reduction::sum, trials.steps, 1);
    std::vector<std::uint32_t> keys(batch);
    result = simulator.run(trials, keys, {.training = true, .traces = {}});
    simulator.compute_gradient();
    return state.arrays.gradient.download();
  }
  double loss() {
    gradient();
    double sum = 0.0;
    for (const double one : result.loss) sum += one;
    return sum / batch;
  }
  TrialResult result;
};

}  // namespace spikeweave::testing
