#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "spikeweave/task/task.hpp"

namespace spikeweave {
namespace {

// One trial of four segments and six steps; segment 2 has no step.
TrialBatch four_segments() {
  TrialBatch batch;
  batch.batch = 1;
  batch.steps = 6;
  batch.frames = 6;
  batch.segments = 4;
  batch.length = {6};
  batch.segment = {-1, 0, 0, 1, 3, -1};
  batch.target_class = {1, 2, 0, 0};
  return batch;
}

Score score_of(const TrialBatch& batch, const std::vector<float>& segment_output, std::size_t outputs) {
  Score score;
  score_classes(batch, {.loss = std::vector<double>(batch.batch), .segment_output = segment_output}, outputs, score);
  return score;
}

TEST(ScoreClasses, CountsSegmentsWithStepsWhoseLargestOutputIsTheTarget) {
  const std::vector<float> output{-3.f, -1.f, -2.f,  // class 1, right
                                  0.f,  5.f,  4.f,   // class 1, wanted 2
                                  9.f,  0.f,  0.f,   // not scored
                                  2.f,  1.f,  1.f};  // class 0, right

  const Score score = score_of(four_segments(), output, 3);

  EXPECT_EQ(score.metrics.at("accuracy").sum, 2.0);
  EXPECT_EQ(score.metrics.at("accuracy").weight, 3.0);
}

TEST(ScoreClasses, AmongEqualOutputsTheFirstOneCounts) {
  const std::vector<float> output{0.f, 1.f, 1.f,   // class 1, right
                                  1.f, 1.f, 1.f,   // class 0, wanted 2
                                  0.f, 0.f, 0.f,   // not scored
                                  7.f, 7.f, 7.f};  // class 0, right

  EXPECT_EQ(score_of(four_segments(), output, 3).metrics.at("accuracy").sum, 2.0);
}

TEST(ScoreClasses, NotANumberIsNeverRight) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> output{0.f, nan, 0.f, nan, 0.f, 1.f, 0.f, 0.f, 0.f, nan, nan, nan};

  EXPECT_EQ(score_of(four_segments(), output, 3).metrics.at("accuracy").sum, 0.0);
}

TEST(ScoreClasses, TrialsAddUp) {
  TrialBatch batch;
  batch.batch = 2;
  batch.steps = batch.frames = 2;
  batch.segments = 1;
  batch.length = {2, 1};
  batch.segment = {-1, 0, 0, -1};
  batch.target_class = {0, 1};

  const Score score = score_of(batch, {1.f, 0.f, 1.f, 0.f}, 2);

  EXPECT_EQ(score.metrics.at("accuracy").value(), 0.5);
  EXPECT_EQ(score.metrics.at("accuracy").weight, 2.0);
}

}  // namespace
}  // namespace spikeweave
