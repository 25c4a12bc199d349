// A comparison as an HDF5 file: a group for each rule, with arrays over its epochs.
#pragma once

#include <string>
#include <vector>

#include "spikeweave/train/comparison.hpp"

namespace spikeweave {

// Throws Error where the file cannot be written.
void write_comparison_file(const std::string& path, const std::vector<ComparedRun>& runs);

}  // namespace spikeweave
