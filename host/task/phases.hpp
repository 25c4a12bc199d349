// Trials in phases. A frame is the longest stretch of steps of which every phase is a whole number.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

#include "spikeweave/task/settings.hpp"

namespace spikeweave {

inline std::size_t phase_frame_steps(const std::vector<PhaseSettings>& phases) {
  std::size_t steps = 0;
  for (const PhaseSettings& phase : phases) steps = std::gcd(steps, static_cast<std::size_t>(phase.steps));
  return steps;
}

inline std::size_t phase_total_steps(const std::vector<PhaseSettings>& phases) {
  std::size_t steps = 0;
  for (const PhaseSettings& phase : phases) steps += static_cast<std::size_t>(phase.steps);
  return steps;
}

}  // namespace spikeweave
