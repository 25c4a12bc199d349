// Counter-based random numbers: Philox4x32-10 keyed by (seed, purpose, index, trial, step).
//
// A draw is a pure function of its key, so it does not depend on launch shape, thread count, batch split or order, and
// the CPU and cuRAND's device generator give the same words.
// Source: Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC11.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

struct PhiloxCounter {
  std::uint32_t x = 0, y = 0, z = 0, w = 0;
};
struct PhiloxKey {
  std::uint32_t x = 0, y = 0;
};

// Of a round: multipliers, and what the key's words go up by.
inline constexpr std::uint32_t philox_factor_a = 0xD2511F53u, philox_factor_b = 0xCD9E8D57u;
inline constexpr std::uint32_t philox_key_step_x = 0x9E3779B9u, philox_key_step_y = 0xBB67AE85u;

// Ten rounds; equal to curand_Philox4x32_10(counter, key) word for word.
SW_HD PhiloxCounter philox4x32_10(PhiloxCounter c, PhiloxKey k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{philox_factor_a} * c.x;
    const std::uint64_t b = std::uint64_t{philox_factor_b} * c.z;
    c = {static_cast<std::uint32_t>(b >> 32) ^ c.y ^ k.x, static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c.w ^ k.y, static_cast<std::uint32_t>(a)};
    k.x += philox_key_step_x;
    k.y += philox_key_step_y;
  }
  return c;
}

// What a draw is for; two purposes never share a word. Append only: the values are part of a run's identity.
enum class Purpose : std::uint32_t {
  weights = 0,
  neuron_parameters = 1,
  feedback = 2,
  input_spikes = 3,
  neuron_noise = 4,
  input_dropout = 5,
  readout_dropout = 6,
  task = 7,
  shuffle = 8,
  connectivity = 9,
  delays = 10,
  gradient_check = 11,
  phase_sign = 12,
  mirror_noise = 13,
};

// The four words of block `block` (elements 4*block .. 4*block+3) of a stream.
// stream: distinguishes streams of one purpose (a projection, a population), below 2^24.
SW_HD PhiloxCounter random_counter(Purpose purpose, std::uint32_t stream, std::uint32_t block, std::uint32_t trial,
                                   std::uint32_t step) {
  return {step, trial, block, (static_cast<std::uint32_t>(purpose) << 24) | stream};
}

SW_HD PhiloxKey random_key(std::uint64_t seed) {
  return {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
}

SW_HD std::uint32_t word_of(const PhiloxCounter& words, std::uint32_t lane) {
  return lane == 0 ? words.x : lane == 1 ? words.y : lane == 2 ? words.z : words.w;
}

// Draws on the host, for weights, parameters and tasks: doubles from two words each.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint32_t stream = 0, std::uint32_t trial = 0)
      : key_(random_key(seed)), purpose_(purpose), stream_(stream), trial_(trial) {}

  // In [0, 1), 53 bits. `attempt` gives further independent numbers of the same index.
  double uniform(std::uint64_t index, std::uint32_t attempt = 0) const { return to_unit(words(index, attempt), false); }
  // Standard normal (Box-Muller).
  double normal(std::uint64_t index, std::uint32_t attempt = 0) const {
    const PhiloxCounter w = words(index, attempt);
    const double radius = std::sqrt(-2.0 * std::log(1.0 - to_unit(w, false)));
    return radius * std::cos(2.0 * std::numbers::pi * to_unit(w, true));
  }
  // An integer in [0, bound), without noticeable bias for bound far below 2^53.
  std::uint64_t below(std::uint64_t index, std::uint64_t bound) const {
    return static_cast<std::uint64_t>(uniform(index) * static_cast<double>(bound));
  }

 private:
  // One Philox block per index: index 0..2^32-1 in the block word, the rest in the step word's upper half.
  PhiloxCounter words(std::uint64_t index, std::uint32_t attempt) const {
    const auto high = static_cast<std::uint32_t>(index >> 32);
    return philox4x32_10(
        random_counter(purpose_, stream_, static_cast<std::uint32_t>(index), trial_, attempt ^ (high << 16)), key_);
  }
  static double to_unit(const PhiloxCounter& w, bool second) {
    const std::uint64_t high = second ? w.z : w.x;
    const std::uint64_t low = second ? w.w : w.y;
    return static_cast<double>(((high << 32) | low) >> 11) * 0x1.0p-53;
  }

  PhiloxKey key_;
  Purpose purpose_;
  std::uint32_t stream_;
  std::uint32_t trial_;
};

}  // namespace spikeweave
