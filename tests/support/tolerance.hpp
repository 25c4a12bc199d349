// How far apart two results of an operation marked "tolerance" may lie. NaN is never close to anything.
#pragma once

#include <cmath>
#include <cstddef>

namespace spikeweave::test {

inline constexpr double single_rounding = 0x1.0p-24;  // largest relative error of one rounding to float

// Relative to the sum of the absolute values of the terms: `count` products added in single precision, in any order,
// against the exact sum. Higham (2002), Accuracy and Stability of Numerical Algorithms, eq. 4.4, and one product each.
inline double sum_tolerance(std::size_t count) {
  return static_cast<double>(count + 2) * single_rounding;
}

// Relative: a number as the sum of two bf16 numbers, each rounded to nearest (8 significant bits).
inline constexpr double two_bf16_tolerance = 0x1.0p-18;

// Relative to the largest value of the recursion: `steps` steps of a decaying filter with up to 8 roundings each.
inline double recursion_tolerance(std::size_t steps) {
  return 8.0 * static_cast<double>(steps + 1) * single_rounding;
}

// Relative, for exp and log of the device in a formula of a few operations.
inline constexpr double transcendental_tolerance = 1e-6;

// A reference sum in double precision that knows its own tolerance.
struct ReferenceSum {
  double value = 0.0;
  double magnitude = 0.0;
  std::size_t count = 0;

  void add(double term) {
    value += term;
    magnitude += std::abs(term);
    ++count;
  }
  double tolerance() const { return sum_tolerance(count) * magnitude; }
};

inline bool is_close(double actual, double expected, double tolerance) {
  return std::abs(actual - expected) <= tolerance;  // false where either is NaN
}

}  // namespace spikeweave::test
