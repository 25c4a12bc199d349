// The result file of a comparison.
#pragma once

#include <string>
#include <vector>

#include "spikeweave/train/comparison.hpp"

namespace spikeweave {

// experiments: of the runs, in order; there may be more.
std::string write_comparison(const std::vector<ComparedRun>& runs, const std::vector<Experiment>& experiments);

}  // namespace spikeweave
