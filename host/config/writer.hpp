// Writes an experiment with every effective setting, in the order of declaration.
#pragma once

#include <string>

#include "spikeweave/config/experiment.hpp"

namespace spikeweave {

// JSON text that reads back as the same experiment. indent: spaces per level; -1: one line.
std::string write_experiment(const Experiment& experiment, int indent = 2);

}  // namespace spikeweave
