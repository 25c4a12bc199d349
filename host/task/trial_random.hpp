// Random numbers of tasks, all from Purpose::task; an experiment has one task, so streams are numbered within it.
//
// Stream word (24 bits): bits 0-1 split (0 train, 1 valid, 2 test, 3 frozen), bits 2-7 `what`, bits 8-23 bits 32-47 of
// the trial id. Trial word: bits 0-31 of the id. Its bits 48-63 go to the index. So no two trials share a draw.
#pragma once

#include <cstdint>

#include "spikeweave/core/distribution.hpp"
#include "spikeweave/core/random.hpp"
#include "spikeweave/task/task.hpp"

namespace spikeweave {

// Draws for trial `id` of a split. what: kinds of draws within a task, 0..63. Indices are below 2^32.
class TrialRandom {
 public:
  TrialRandom(std::uint64_t seed, Split split, std::uint64_t id, std::uint32_t what)
      : stream_(seed, Purpose::task,
                static_cast<std::uint32_t>((id >> 32 & 0xFFFF) << 8) | what << 2 | static_cast<std::uint32_t>(split),
                static_cast<std::uint32_t>(id)),
        first_(id >> 48 << 32) {}

  double uniform(std::uint64_t index) const { return stream_.uniform(first_ + index); }
  double draw(const Distribution& from, std::uint64_t index) const { return from.draw(stream_, first_ + index); }
  double normal(std::uint64_t index) const { return stream_.normal(first_ + index); }
  std::uint64_t below(std::uint64_t index, std::uint64_t bound) const { return stream_.below(first_ + index, bound); }

 private:
  RandomStream stream_;
  std::uint64_t first_;
};

// Draws for what is the same in all trials; seed: the task's pattern_seed.
inline RandomStream frozen_random(int seed, std::uint32_t what) {
  return {static_cast<std::uint64_t>(seed), Purpose::task, what << 2 | 3u};
}

}  // namespace spikeweave
