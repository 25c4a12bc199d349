// A small spiking network whose hidden weights a plasticity rule changes while trials run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spikeweave/network/network_state.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave::test {

inline LifParams<Distribution> test_lif() {
  LifParams<Distribution> lif;
  lif.refractory_steps = 2;
  return lif;
}

struct PlasticNetworkCase {
  LearningSettings learning{};
  bool sparse_storage = false;  // all pairs, but stored as a sparse projection
  ConnectivitySettings connectivity{};
  Distribution delay = 0.0;      // [ms]
  bool delays_input = true;      // whether the input has it too
  double dendritic_delay = 0.0;  // [ms]
  double low = -0.6, high = 0.9;
  NeuronModels::Settings neuron{.value = test_lif()};
  std::size_t bystanders = 0;  // energy units that are connected to nothing
  bool is_scored = false;      // whether the output's error, from the target 0, counts in every step
};

// 12 inputs -> 20 LIF neurons -> the same; both projections learn. Second compartments send to each other.
template <class Real>
class PlasticNetwork {
 public:
  static constexpr std::size_t inputs = 12, neurons = 20;

  PlasticNetwork(Backend<Real>& backend, const PlasticNetworkCase& of)
      : learning_(of.learning),
        is_scored_(of.is_scored),
        network_(build_network(settings_of(of), {inputs, 1, 1, 1000, LossKind::squared_error, Encoding::events}, 3)),
        state_(backend, network_, {}, 3),
        simulator_(state_, learning_, LossKind::squared_error, Reduction::sum, 1, 3) {
    std::vector<Real> parameters(network_.parameter_count);
    const RandomStream random(11, Purpose::task);
    for (const Projection& p : network_.projections) {
      for (std::size_t w = 0; w < p.size(); ++w) {
        // A function of the pair of cells, so that every storage has the same weights.
        const std::size_t pair = p.pre_of(w) * 1000 + p.post_of(w);
        const bool self = p.has_diagonal && p.pre.begin + p.pre_of(w) == p.post.begin + p.post_of(w);
        const bool recurrent = p.kind == ProjectionKind::recurrent;
        const double weight = (recurrent ? -0.3 : 0.1) + 0.4 * random.uniform(recurrent ? 100000 + pair : pair);
        parameters[p.offset + w] = self ? Real(0) : static_cast<Real>(weight);
      }
    }
    state_.set_parameters(parameters);
  }

  // One more trial; `id` chooses its input, of which these are the steps from `begin` on.
  void run(std::uint64_t id, std::size_t steps, std::size_t begin = 0) {
    TrialBatch batch;
    batch.batch = 1;
    batch.steps = batch.frames = steps;
    batch.segments = 1;
    batch.length = {static_cast<std::int32_t>(steps)};
    batch.segment.assign(steps, is_scored_ ? 0 : -1);
    batch.target.assign(1, 0.0);
    const RandomStream random(5, Purpose::task, 1, static_cast<std::uint32_t>(id));
    for (std::size_t n = 0; n < steps * inputs; ++n) {
      batch.events.push_back(random.uniform(begin * inputs + n) < 0.12 ? 1 : 0);
    }
    for (std::size_t t = 0; t < steps; ++t) {
      batch.reward.push_back((begin + t) % 17 == 9 ? 0.5f : 0.0f);
      batch.step_weight.push_back((begin + t) % 5 == 4 ? 0.5f : 1.0f);
    }
    simulator_.run(batch, std::vector<std::uint32_t>{static_cast<std::uint32_t>(id)}, {.training = true, .traces = {}});
    spikes_ = simulator_.spikes();
    all_spikes_.insert(all_spikes_.end(), spikes_.begin(), spikes_.end());
  }

  // The parameters, or another array of that layout, of every pair (projection, pre, post); 0 where not connected.
  std::vector<Real> by_pair(const std::vector<Real>& parameters) const {
    std::vector<Real> all;
    for (const Projection& p : network_.projections) {
      std::vector<Real> block(p.pre.count * p.post.count, Real(0));
      for (std::size_t w = 0; w < p.size(); ++w) {
        block[p.pre_of(w) * p.post.count + p.post_of(w)] = parameters[p.offset + w];
      }
      all.insert(all.end(), block.begin(), block.end());
    }
    return all;
  }
  std::vector<Real> weights() const { return by_pair(state_.parameters()); }
  std::vector<Real> gradient() const { return by_pair(state_.arrays.gradient.download()); }
  const std::vector<std::uint8_t>& spikes() const { return spikes_; }          // of the last trial, [steps, neurons]
  const std::vector<std::uint8_t>& all_spikes() const { return all_spikes_; }  // of all trials
  Simulator<Real>& simulator() { return simulator_; }
  NetworkState<Real>& state() { return state_; }
  const Network& network() const { return network_; }

 private:
  static NetworkSettings settings_of(const PlasticNetworkCase& of) {
    NetworkSettings settings;
    settings.populations = {{"cells", static_cast<int>(neurons), of.neuron}};
    if (of.bystanders > 0) {
      settings.populations.push_back({"bystanders", static_cast<int>(of.bystanders), {}});
      settings.populations[1].neuron.value = EnergyUnitParams<Distribution>();
    }
    settings.projections.resize(3);
    const auto shape = [&](ProjectionSettings& p, const char* from) {
      p.from = {from};
      p.to = {"cells"};
      p.connectivity = of.connectivity;
      if (of.sparse_storage) p.connectivity.value = FixedProbability{1.0};
      if (of.delays_input || std::string_view(from) != "input") p.delay = of.delay;
      p.dendritic_delay = of.delays_input ? of.dendritic_delay : 0.0;
      p.low = of.low;
      p.high = of.high;
    };
    shape(settings.projections[0], "input");
    shape(settings.projections[1], "cells");
    settings.projections[2].from = {"cells"};
    settings.projections[2].to = {"output"};
    if (const SecondCompartment second = second_compartment(of.neuron); second.exists) {
      ProjectionSettings& back = settings.projections.emplace_back();
      back.from = {"cells/" + std::string(second.output)};
      back.to = {"cells/" + std::string(second.input)};
      back.trainable = false;
    }
    return settings;
  }

  LearningSettings learning_;
  bool is_scored_;
  Network network_;
  NetworkState<Real> state_;
  Simulator<Real> simulator_;
  std::vector<std::uint8_t> spikes_, all_spikes_;
};

}  // namespace spikeweave::test
