#include "host/protocol/running_mean.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace spikeweave {
namespace {

// Distances from the mean -2 -1 0 3: squares 14 in all, variance 14/3, of the mean of four 14/12.
TEST(RunningMean, ByHand) {
  RunningMean mean;
  for (const double value : {1.0, 2.0, 3.0, 6.0}) mean.add(value);

  EXPECT_DOUBLE_EQ(mean.mean(), 3.0);
  EXPECT_DOUBLE_EQ(mean.standard_error(), std::sqrt(14.0 / 12.0));
}

}  // namespace
}  // namespace spikeweave
