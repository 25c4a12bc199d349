// Burst-dependent plasticity in rates and in time: spec section H5, exclusive or.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/run_experiment.hpp"

namespace spikeweave {
namespace {

// Cross-entropy per pattern of the last pass, before it is learned from.
double loss_after_all_passes(std::uint64_t seed, const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> all = overrides;
  all.push_back("/seed=" + std::to_string(seed));
  return test::run_experiment("exclusive_or", all).epochs.back().splits.at("train").at("loss");
}

TEST(ExclusiveOr, FourOfFiveNetworksOfBurstRatesLearnIt) {
  int learned = 0;
  std::string losses;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const double loss = loss_after_all_passes(seed);
    losses += std::to_string(loss) + " ";
    learned += loss < 0.35 ? 1 : 0;
  }
  EXPECT_GE(learned, 4) << losses;
}

// 20 random hidden units are enough for the outputs alone; with small weights from the input they are as good as
// linear.
TEST(ExclusiveOr, BurstsFromAboveTeachTheHiddenCells) {
  const std::string small = R"(/network/projections/0/weights={"distribution": "normal", "mean": 0, "std": 0.5})";
  double mean = 0.0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    mean += loss_after_all_passes(seed, {small}) / 5.0;
    EXPECT_GT(loss_after_all_passes(seed, {small, "/network/projections/3/weights=0"}), 0.69) << "seed " << seed;
  }
  EXPECT_LT(mean, 0.6);
}

}  // namespace
}  // namespace spikeweave
