// Fixed pseudo-random inputs of tests; `stream` tells arrays of one test apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "spikeweave/core/random.hpp"

namespace spikeweave::test {

inline constexpr std::uint64_t test_seed = 20240607;

// In [low, high).
inline std::vector<float> random_floats(std::size_t count, std::uint32_t stream, double low = -1.0, double high = 1.0) {
  const RandomStream random(test_seed, Purpose::task, stream);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(low + (high - low) * random.uniform(i));
  return values;
}

// 1 with the probability given, else 0.
inline std::vector<std::uint8_t> random_bits(std::size_t count, std::uint32_t stream, double probability) {
  const RandomStream random(test_seed, Purpose::task, stream);
  std::vector<std::uint8_t> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = random.uniform(i) < probability ? 1 : 0;
  return values;
}

}  // namespace spikeweave::test
