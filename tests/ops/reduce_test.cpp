#include <gtest/gtest.h>

#include <cmath>

#include "support/backends.hpp"
#include "support/random_values.hpp"
#include "support/tolerance.hpp"

namespace spikeweave {
namespace {

class SumOfSquares : public test::OnBackend {
 protected:
  double run(const std::vector<float>& values) {
    const auto buffer = put<float>(values, {values.size()});
    return backend().sum_of_squares(buffer.cview());
  }
};

SW_ON_ALL_BACKENDS(SumOfSquares);

TEST_P(SumOfSquares, ByHand) {
  EXPECT_EQ(run({3.0f, -4.0f, 12.0f}), 169.0);
}

TEST_P(SumOfSquares, AddsEveryElementInDoublePrecision) {
  for (const std::size_t count : {0u, 1u, 31u, 32u, 33u, 255u, 257u, 1000u, 70001u}) {
    const std::vector<float> values = test::random_floats(count, 71);
    double expected = 0.0;
    for (const float value : values) expected += double(value) * double(value);

    EXPECT_TRUE(test::is_close(run(values), expected, 1e-12 * expected)) << count << " elements";
  }
}

TEST_P(SumOfSquares, DoesNotOverflowAndShowsNotANumber) {
  EXPECT_DOUBLE_EQ(run({1e38f}), double(1e38f) * double(1e38f));
  EXPECT_TRUE(std::isnan(run({1.0f, NAN})));
}

TEST_P(SumOfSquares, RepeatsBitForBit) {
  const std::vector<float> values = test::random_floats(70001, 72);

  EXPECT_EQ(run(values), run(values));
}

}  // namespace
}  // namespace spikeweave
