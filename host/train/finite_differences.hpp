// The true gradient of an experiment's network, held to finite differences on a smooth relaxation of it.
//
// The loss of a spiking network jumps, so its finite differences are 0 or infinite. Every lif and alif population is
// replaced by soft_alif with the same membrane, adaptation and weights, which sends a sigmoid where the other spikes;
// there the rule bptt, in double precision on the CPU, must give the derivative of the loss. The rate penalty, which
// counts spikes, is left out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spikeweave/config/experiment.hpp"

namespace spikeweave {

struct DifferenceSettings {
  std::size_t trials = 1;
  std::size_t weights = 10;  // of every matrix, drawn at random
  double width = 0.5;        // of the sigmoid, in thresholds
  double step = 1e-6;
  int threads = 0;  // 0: all
};

struct DifferenceRow {
  std::string name;         // of the projection
  std::size_t weights = 0;  // that were compared
  double largest = 0.0;     // absolute value of the gradient among them
  double deviation = 0.0;   // largest |difference quotient - gradient|, relative to `largest`; NaN where that is 0
};

// parameters: [parameter_count] of the experiment's network. directory: where relative file names start.
// Throws InputError where a population is neither lif, alif nor a smooth rate model.
std::vector<DifferenceRow> compare_with_differences(const Experiment& experiment, const std::string& directory,
                                                    const std::vector<double>& parameters,
                                                    const DifferenceSettings& settings);

}  // namespace spikeweave
