// Events from random words, by arithmetic that gives the same bits on every backend.
#pragma once

#include <cstdint>

#include "spikeweave/core/exponential.hpp"
#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

// An event of probability p happens if word < threshold: p <= 0 never, p >= 1 always (2^32 does not fit 32 bits).
SW_HD std::uint64_t bernoulli_threshold(float p) {
  const float clamped = p > 0.0f ? (p < 1.0f ? p : 1.0f) : 0.0f;
  return static_cast<std::uint64_t>(clamped * 4294967296.0f);  // exact scaling by 2^32, then truncation
}

// Poisson counts are cut here; for mean <= 40 the cut has probability below 1e-12.
inline constexpr std::uint32_t max_poisson_count = 100;
inline constexpr float max_poisson_mean = 40.0f;

// What a word means to poisson_count: its upper 24 bits as a number in [0, 1), exact in single precision.
SW_HD float poisson_uniform(std::uint32_t word) {
  constexpr float unit = 5.9604644775390625e-8f;  // 2^-24
  return static_cast<float>(word >> 8) * unit;
}

// Poisson count with mean lambda in [0, max_poisson_mean] by inversion of the cumulative distribution.
SW_HD std::uint32_t poisson_count(float lambda, std::uint32_t word) {
  const float u = poisson_uniform(word);
  float term = portable_exp(-lambda);
  float cumulative = term;
  std::uint32_t count = 0;
  while (u >= cumulative && count < max_poisson_count && term > 0.0f) {
    ++count;
    term *= lambda / static_cast<float>(count);
    cumulative += term;
  }
  return count;
}

}  // namespace spikeweave
