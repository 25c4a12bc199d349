// The curves of a comparison, as a script for gnuplot.
#pragma once

#include <string>
#include <vector>

#include "spikeweave/train/comparison.hpp"

namespace spikeweave {

// Above the metric of every epoch under each rule (of the validation split where every epoch has it, else of training),
// below the mean angle between errors and true errors over the populations. The script writes a PNG to `path`.
std::string comparison_script(const std::vector<ComparedRun>& runs, const std::string& metric, const std::string& path);

}  // namespace spikeweave
