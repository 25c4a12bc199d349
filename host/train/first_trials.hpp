// The first trials of the training split, as checks, benchmarks and plans take them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "spikeweave/train/trainer.hpp"

namespace spikeweave {

struct FirstTrials {
  std::vector<std::uint64_t> ids;
  std::vector<std::uint32_t> keys;  // of their random numbers

  // wanted: or as many as there are.
  FirstTrials(const Task& task, std::size_t wanted) {
    const std::size_t count = task.trial_count(Split::train);
    ids.resize(count == 0 ? wanted : std::min(wanted, count));
    std::iota(ids.begin(), ids.end(), std::uint64_t{0});
    for (const std::uint64_t id : ids) keys.push_back(Trainer<float>::trial_key(Split::train, id));
  }
};

}  // namespace spikeweave
