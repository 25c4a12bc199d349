// Normal numbers from random words: against the distribution function of the standard library.
#include "spikeweave/core/gaussian.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "spikeweave/core/random.hpp"

namespace spikeweave {
namespace {

// The share of normal numbers below x.
double share_below(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

TEST(StandardNormal, InvertsTheDistributionFunction) {
  double largest_single = 0.0, largest_double = 0.0;
  for (std::uint64_t n = 0; n < 100000; ++n) {
    const auto word = static_cast<std::uint32_t>(n * 42949u);
    const double p = (static_cast<double>(word >> 8) + 0.5) / 16777216.0;
    // In units of x: the error of the share over the density.
    const auto error = [p](double x) {
      return std::abs(share_below(x) - p) / (std::exp(-0.5 * x * x) / std::sqrt(2.0 * 3.14159265358979));
    };
    largest_single = std::max(largest_single, error(static_cast<double>(standard_normal<float>(word))));
    largest_double = std::max(largest_double, error(standard_normal<double>(word)));
  }
  EXPECT_LT(largest_single, 3e-6);
  EXPECT_LT(largest_double, 1e-6);
}

TEST(StandardNormal, IsOddAndRisesWithTheWord) {
  float last = -std::numeric_limits<float>::infinity();
  for (std::uint64_t n = 0; n < 4000; ++n) {
    const auto word = static_cast<std::uint32_t>(n << 20);
    EXPECT_EQ(standard_normal<float>(word), -standard_normal<float>(~word)) << word;
    EXPECT_GT(standard_normal<float>(word), last) << word;
    last = standard_normal<float>(word);
  }
  EXPECT_NEAR(standard_normal<float>(0), -5.4199f, 1e-3f);  // half of 2^-24 lies below
  EXPECT_NEAR(standard_normal<float>(0xFFFFFFFFu), 5.4199f, 1e-3f);
}

TEST(StandardNormal, HasTheMomentsOfANormalNumber) {
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  constexpr std::uint32_t blocks = 250000;
  for (std::uint32_t n = 0; n < blocks; ++n) {
    const PhiloxCounter words = philox4x32_10({n, 0, 0, 0}, {7, 0});
    for (std::uint32_t lane = 0; lane < 4; ++lane) {
      const double x = static_cast<double>(standard_normal<float>(word_of(words, lane)));
      sum += x, squares += x * x, fourth += x * x * x * x;
    }
  }
  // Four standard errors of 1e6 numbers.
  EXPECT_NEAR(sum / (4.0 * blocks), 0.0, 0.004);
  EXPECT_NEAR(squares / (4.0 * blocks), 1.0, 0.0057);
  EXPECT_NEAR(fourth / (4.0 * blocks), 3.0, 0.04);
}

TEST(PortableLog, EqualsTheLogarithm) {
  for (int n = -4000; n <= 4000; ++n) {
    const float x = std::exp(static_cast<float>(n) * 0.02f);
    const double exact = std::log(static_cast<double>(x));
    EXPECT_NEAR(static_cast<double>(portable_log(x)), exact, 2.4e-7 * std::abs(exact) + 3e-8) << x;
  }
}

}  // namespace
}  // namespace spikeweave
