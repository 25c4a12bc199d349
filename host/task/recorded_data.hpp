// The arrays of one split of the task `recorded`, read and checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spikeweave/task/settings.hpp"

namespace spikeweave {

struct RecordedData {
  std::size_t trials = 0;
  std::size_t frames = 0;  // as stored: trials may be shorter
  std::size_t channels = 0;
  std::size_t outputs = 0;
  std::vector<std::int32_t> length;        // [trials]  frames, 1..frames
  std::vector<float> intensity;            // [trials, frames, channels]; empty where events are given
  std::vector<std::uint8_t> events;        // [trials, frames, channels]; empty where intensities are given
  std::vector<float> target;               // [trials, frames, outputs]  squared_error, bernoulli
  std::vector<std::int32_t> target_class;  // softmax: [trials] or [trials, frames], -1: not scored
  bool class_per_trial = false;            // target_class is [trials]
};

// Values behind a trial's length are not looked at, except that all have to be of the type that is read.
// place: JSON pointer of the split. Throws InputError, from there: a file that cannot be read, a shape that does not
// fit, a number that the encoding or the loss does not take, a split of which nothing is scored.
RecordedData read_recorded(const RecordedSettings& settings, const RecordedSplit& split, const std::string& place,
                           const std::string& directory);

}  // namespace spikeweave
