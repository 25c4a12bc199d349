// What a teacher network makes of random inputs, learned: spec sections G2 and H4.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/run_experiment.hpp"

namespace spikeweave {
namespace {

double error_after(const std::string& experiment, std::uint64_t seed, std::vector<std::string> overrides) {
  overrides.push_back("/seed=" + std::to_string(seed));
  return test::run_experiment(experiment, overrides).epochs.back().splits.at("valid").at("normalized_mse");
}

// After 1000 samples (epochs of 50).
TEST(TeacherRegression, FeedbackAlignmentLearnsALinearMap) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    EXPECT_LT(error_after("science/linear_alignment", seed, {}), 0.01) << "seed " << seed;
    EXPECT_GT(error_after("science/linear_alignment", seed, {"/network/projections/0/trainable=false"}), 0.9)
        << "seed " << seed;
  }
}

// All of its synapses start at random, those that are to silence the apical dendrites too.
TEST(TeacherRegression, ApicalDendritesTeachTheHiddenCells) {
  const std::vector<std::string> short_run{"/training/epochs=8"};
  EXPECT_LT(error_after("science/dendritic_regression", 1, short_run), 0.45);
  std::vector<std::string> frozen = short_run;
  frozen.push_back("/network/projections/0/trainable=false");
  frozen.push_back("/network/projections/0/learning_rate_factor=1");
  EXPECT_GT(error_after("science/dendritic_regression", 1, frozen), 0.7);
}

}  // namespace
}  // namespace spikeweave
