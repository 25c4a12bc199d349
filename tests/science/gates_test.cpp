// Short versions of the learning gates: that each task is learned at all, in the time that CI has. The full gates run
// by command (README, "Measured").

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/run_experiment.hpp"

namespace spikeweave {
namespace {

const std::vector<std::string> readout_only{"/network/projections/0/trainable=false",
                                            "/network/projections/1/trainable=false"};

std::vector<std::string> with(std::vector<std::string> overrides, const std::vector<std::string>& more) {
  overrides.insert(overrides.end(), more.begin(), more.end());
  return overrides;
}

// Full: mean squared-error loss below 10 after 1000 updates, below 4 after 2000. 0.5 * sum of squares about the
// target's mean is about 84.
TEST(PatternGeneration, LossFallsBelowTenIn1000Updates) {
  const RunResult result = test::run_experiment("pattern_generation", {"/training/epochs=20"});
  EXPECT_LT(result.epochs.back().splits.at("train").at("loss"), 10.0);
}

// Full: 0.70 after 200 updates, readout only below 0.35. The readout alone learns next to nothing from this network.
TEST(FrameClassification, NeedsLearningInTheHiddenWeights) {
  const std::vector<std::string> length{"/training/epochs=10", "/training/evaluate_every=0"};
  const RunResult all = test::run_experiment("frame_classification", length);
  const RunResult readout = test::run_experiment("frame_classification", with(length, readout_only));
  EXPECT_GT(all.final.at("test").at("accuracy"), 0.60);
  EXPECT_LT(readout.final.at("test").at("accuracy"), 0.35);
}

// Full: 0.80 after 300 updates. Chance is 0.5.
TEST(StoreRecall, IsLearnedAboveChance) {
  const RunResult result = test::run_experiment("store_recall", {"/training/epochs=16", "/training/evaluate_every=0"});
  EXPECT_GT(result.epochs.back().splits.at("train").at("accuracy"), 0.65);
}

// Full: 0.80 after 500 updates and 0.95 by 1500. Chance is 0.5; here with 3 cues and a short delay.
TEST(EvidenceAccumulation, ShortTrialsAreLearned) {
  const RunResult result = test::run_experiment(
      "evidence_accumulation",
      {"/task/cues=3", "/task/delay_steps=200", "/training/epochs=25", "/training/evaluate_every=0"});
  EXPECT_GT(result.final.at("test").at("accuracy"), 0.80);
}

// Full: test nll 8.40 (two minutes). After 6 epochs it is far below the independent note marginals, 11.09, which no
// readout of a dead network can beat.
TEST(JsbChorales, BeatsTheMarginalsInSixEpochs) {
  const RunResult result = test::run_experiment("jsb_chorales", {"/training/epochs=6", "/task/frame_steps=5"});
  EXPECT_LT(result.final.at("test").at("nll"), 9.6);
  EXPECT_NEAR(result.baselines.at("marginal").at("test").at("nll"), 11.09, 0.01);
}

}  // namespace
}  // namespace spikeweave
