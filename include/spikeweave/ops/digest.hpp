// A number that tells whether two runs fired the same spikes.
#pragma once

#include <cstdint>

#include "spikeweave/core/view.hpp"
#include "spikeweave/ops/step_window.hpp"

namespace spikeweave {

struct SpikeDigestArgs {
  View<const std::int32_t> length;  // [batch]
  View<const std::uint8_t> spikes;  // [batch, steps, neurons]
  View<std::uint64_t> digest;       // [batch]  sum over spikes of spike_hash(t, j) modulo 2^64, up to the window's end
  StepWindow window;                // one that does not begin at 0 goes on from the last
};

// Order-free, so that any backend may add the spikes up as it likes (splitmix64's finaliser, Steele et al. 2014).
SW_HD std::uint64_t spike_hash(std::uint64_t step, std::uint64_t neuron) {
  std::uint64_t x = (step << 32 | neuron) + 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

}  // namespace spikeweave
