// How long an iteration takes, estimated from two measured constants.
#pragma once

#include <string_view>

#include "spikeweave/config/experiment.hpp"
#include "spikeweave/network/network.hpp"

namespace spikeweave {

struct Cost {
  double neuron_steps = 0.0;  // neurons times steps times trials: dynamics, psi, backward recursion
  double additions = 0.0;     // of a weight to a current, and of a post factor to a gradient
  double cpu_seconds() const;
};

// The processor whose constants cpu_seconds() has: `spikeweave bench`, see bench/README.md.
inline constexpr std::string_view measured_processor = "an AMD EPYC at 2.6 GHz";

// rate: spikes of a neuron or input channel per step.
Cost iteration_cost(const Experiment& experiment, const Network& network, std::size_t batch, std::size_t steps,
                    double rate);

}  // namespace spikeweave
