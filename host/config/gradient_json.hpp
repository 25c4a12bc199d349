// The result file of `spikeweave gradcheck`.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/train/finite_differences.hpp"
#include "spikeweave/train/gradient_check.hpp"

namespace spikeweave {

struct GradientCheckResult {
  std::string backend, device;
  std::map<std::string, std::string> versions;
  std::size_t trials = 0;
  std::vector<GradientAgreement> checks;   // one per epoch looked at
  std::vector<DifferenceRow> differences;  // empty: none were asked for
};

// What is not a number, because a norm is 0, becomes null.
std::string write_gradient_check(const GradientCheckResult& result, const Experiment& experiment);

}  // namespace spikeweave
