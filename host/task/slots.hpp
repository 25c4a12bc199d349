// Trials whose input is four groups of channels that are switched on and off: evidence accumulation, store-recall.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include <fmt/format.h>

#include "spikeweave/core/error.hpp"

namespace spikeweave {

// Input of one trial: [frames, group_count * group_size], zero at first.
class GroupedInput {
 public:
  static constexpr std::size_t group_count = 4;

  GroupedInput(float* intensity, std::size_t group_size) : intensity_(intensity), group_size_(group_size) {}

  // Sets a group's spike probability per step in frames [first, first + count).
  void switch_on(std::size_t group, std::size_t first, std::size_t count, float spike_probability) {
    for (std::size_t frame = first; frame < first + count; ++frame) {
      std::fill_n(intensity_ + (frame * group_count + group) * group_size_, group_size_, spike_probability);
    }
  }

 private:
  float* intensity_;
  std::size_t group_size_;
};

// place: JSON pointer of the rate [Hz]; dt [ms].
inline float spike_probability(const std::string& place, double rate, double dt) {
  const double per_step = rate * dt / 1000.0;
  if (!(per_step <= 1.0)) {
    throw InputError(place, fmt::format("{} Hz at dt {} ms is {} spikes per step; allowed are at most 1, here {} Hz",
                                        rate, dt, per_step, 1000.0 / dt));
  }
  return static_cast<float>(per_step);
}

}  // namespace spikeweave
