// The protocol `forced` of `spikeweave window`: a real neuron behind the synapse, instead of a given train.
//
// The neuron fires by itself, under a noisy background current. A pre spike arrives that does not drive it, and D later
// one post spike is forced. The curve is the rule's change with the forced spike minus its change without, under the
// same noise, mean over trials.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "spikeweave/core/field.hpp"
#include "spikeweave/learning/all.hpp"
#include "spikeweave/models/all.hpp"
#include "spikeweave/protocol/run_protocol.hpp"

namespace spikeweave {

struct ForcedProtocol {
  static constexpr std::string_view name = "forced";
  static constexpr std::string_view summary =
      "One pre spike, and a post spike forced D later on a neuron that also fires by itself.";
  static constexpr std::string_view source = "docs/stdp-from-eprop.md";

  double dt = 1.0;
  double from = -40.0;
  double to = 40.0;
  double step = 1.0;
  double mean = 0.0;
  double deviation = 0.0;
  double settle = 120.0;
  double silence = 140.0;
  int trials = 1000;
  std::uint64_t seed = 1;

  static constexpr auto fields() {
    using Self = ForcedProtocol;
    return std::tuple{
        field("dt", &Self::dt, "ms", positive, "Length of a time step; with an experiment that of its network."),
        field("from", &Self::from, "ms", any_value, "Smallest D."),
        field("to", &Self::to, "ms", any_value, "Largest D."),
        field("step", &Self::step, "ms", positive, "Distance of the values of D."),
        field("mean", &Self::mean, "input", any_value, "Mean of the background current of a step."),
        field("deviation", &Self::deviation, "input", non_negative,
              "Standard deviation of the background current, drawn anew in every step."),
        field("settle", &Self::settle, "ms", non_negative, "Background before the first spike."),
        field("silence", &Self::silence, "ms", positive, "Background after the last spike."),
        field("trials", &Self::trials, "trials", closed(100, 1e9),
              "Trials at each D, rounded up to whole blocks of 50, over which the error is taken."),
        field("seed", &Self::seed, "", closed(0, 9007199254740991.0), "Seed of the background and of the neurons."),
    };
  }
};

struct ForcedWindowSettings {
  LearningSettings rule{};
  NeuronModels::Settings neuron{};
  ForcedProtocol protocol{};

  static constexpr auto fields() {
    using Self = ForcedWindowSettings;
    return std::tuple{
        field("rule", &Self::rule, "Learning rule: eprop with a local signal, or a plasticity rule of form trial."),
        field("neuron", &Self::neuron, "Model and parameters of the neuron."),
        field("protocol", &Self::protocol, "The experiment."),
    };
  }
  // Times are whole steps, ranges ascend, the rule changes weights without outputs. place: JSON pointer.
  void validate(const std::string& place) const;
};

// settings must have passed validate(). Runs on the CPU in single precision, by default on all of its threads. Beside
// the curve: `rate` of the free neuron [1/step] and `baseline`, the rule's change by a pre spike without a forced one.
ProtocolResult run_forced_window(const ForcedWindowSettings& settings);

}  // namespace spikeweave
