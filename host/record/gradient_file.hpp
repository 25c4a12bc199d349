// A gradient check as HDF5: everything that a third party needs to compute both gradients again.
#pragma once

#include <string>

#include "spikeweave/train/gradient_check.hpp"

namespace spikeweave {

// Replaces what is at `path`. The data sets and their axes: docs/gradcheck.md.
template <class Real>
void write_gradient_file(const std::string& path, const GradientRecord<Real>& record, const NetworkState<Real>& state,
                         const Experiment& experiment, const TaskShape& shape);

}  // namespace spikeweave
