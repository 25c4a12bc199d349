// Neurons whose every spike is given: the rule's weight changes for any spike trains, through the library's simulator.
#pragma once

#include <cmath>
#include <memory>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave::testing {

// Spikes of some cells in one trial, [steps, cells], and the trial's length.
struct Trains {
  std::vector<std::uint8_t> pre, post;
  std::size_t length = 0;
};

// Inputs and neurons, all to all: the block input -> neurons (no delay), then neurons -> neurons (1 step).
template <class Real>
class ForcedNetwork {
 public:
  ForcedNetwork(std::size_t inputs, std::size_t neurons, std::size_t steps, const NeuronModels::Settings& neuron,
                double weight = 0.0)
      : inputs_(inputs),
        neurons_(neurons),
        steps_(steps),
        backend_(make_cpu_backend<Real>()),
        network_(build_network(network_settings(neurons, neuron), shape(), 1)),
        state_(*backend_, network_, {}, 1) {
    std::vector<Real> weights(network_.parameter_count, Real(0));
    std::fill_n(weights.begin(), inputs * neurons, static_cast<Real>(weight));
    state_.set_parameters(weights);
  }

  // The change of all weights under descent with rate 1, summed over the trials: [inputs, neurons], [neurons, neurons].
  std::vector<Real> weight_change(const std::vector<Trains>& trials, const EpropParams& rule) {
    LearningSettings learning;
    learning.value = rule;
    std::vector<Real> change = gradient(trials, learning);
    for (Real& w : change) w *= -static_cast<Real>(trials.size());  // the gradient is the mean over the trials
    return change;
  }

  // The change by a plasticity rule, summed over the trials. Forms that change weights while a trial runs start each
  // trial from the same weights.
  template <class Params>
  std::vector<Real> plastic_change(const std::vector<Trains>& trials, const Params& rule, PlasticityForm form) {
    Plastic<Params> settings;
    static_cast<Params&>(settings) = rule;
    settings.form = form;
    LearningSettings learning;
    learning.value = settings;
    if (form == PlasticityForm::trial) {
      std::vector<Real> change = gradient(trials, learning);
      for (Real& w : change) w = -w;
      return change;
    }
    const std::vector<Real> before = state_.parameters();
    std::vector<Real> change(before.size(), Real(0));
    for (const Trains& trial : trials) {
      gradient({trial}, learning);
      const std::vector<Real> after = state_.parameters();
      for (std::size_t w = 0; w < change.size(); ++w) change[w] += after[w] - before[w];
      state_.set_parameters(before);
    }
    return change;
  }

  std::vector<std::uint8_t> spikes;  // [batch, steps, neurons] of the last run

 private:
  std::vector<Real> gradient(const std::vector<Trains>& trials, const LearningSettings& learning) {
    TrialBatch batch;
    batch.batch = trials.size();
    batch.steps = batch.frames = steps_;
    batch.segment.assign(batch.batch * steps_, -1);
    std::vector<std::uint32_t> keys;
    for (const Trains& trial : trials) {
      keys.push_back(static_cast<std::uint32_t>(keys.size()));
      batch.length.push_back(static_cast<std::int32_t>(trial.length));
      batch.events.insert(batch.events.end(), trial.pre.begin(), trial.pre.end());
      for (const std::uint8_t spike : trial.post) batch.forced.push_back(spike != 0 ? 1 : 2);
    }
    Simulator<Real> simulator(state_, learning, LossKind::softmax, Reduction::sum, 1, 1);
    simulator.run(batch, keys, {.training = true, .traces = {}});
    spikes = simulator.spikes();
    simulator.compute_gradient();
    return state_.arrays.gradient.download();
  }

  TaskShape shape() const {
    return {.inputs = inputs_,
            .outputs = 0,
            .frame_steps = 1,
            .max_steps = steps_,
            .loss = LossKind::softmax,
            .encoding = Encoding::events,
            .cells = neurons_,
            .state = ""};
  }
  static NetworkSettings network_settings(std::size_t neurons, const NeuronModels::Settings& neuron) {
    NetworkSettings settings;
    settings.populations = {{"post", static_cast<int>(neurons), neuron}};
    settings.projections.resize(2);
    settings.projections[0].from = {"input"};
    settings.projections[0].to = {"post"};
    settings.projections[1].from = {"post"};
    settings.projections[1].to = {"post"};
    settings.projections[1].self_connections = true;
    return settings;
  }

  std::size_t inputs_, neurons_, steps_;
  std::unique_ptr<Backend<Real>> backend_;
  Network network_;
  NetworkState<Real> state_;
};

}  // namespace spikeweave::testing
