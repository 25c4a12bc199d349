#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/record/gzip_file.hpp"
#include "host/task/tasks.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t c60 = 39, c64 = 43;  // columns of the pitches: pitch - 21

class PianoRoll : public ::testing::Test, protected ScratchFolder {
 protected:
  std::unique_ptr<Task> task_of(const std::string& train, const std::string& valid, const std::string& test,
                                const PianoRollSettings& settings = {.file = "rolls.json", .frame_steps = 2}) const {
    put("rolls.json", "{\"train\": [" + train + "], \"valid\": [" + valid + "], \"test\": [" + test + "]}");
    return make_piano_roll(settings, path(""));
  }
  // Sequences of 3 and 2 frames; of 2 and 5; of 2.
  std::unique_ptr<Task> small() const {
    return task_of("[[60], [60, 64], [64]], [[], [64]]", "[[60], []], [[60], [60], [60], [60], [60]]", "[[60], [60]]");
  }
};

std::unique_ptr<Task> jsb_task() {
  return make_piano_roll({.file = "tasks/data/JSB_Chorales.mat"}, SW_SOURCE_DIR);
}

TEST_F(PianoRoll, ShapeIsThatOfTheLongestSequenceLessOneFrame) {
  const auto task = small();

  EXPECT_EQ(task->shape().inputs, 88u);
  EXPECT_EQ(task->shape().outputs, 88u);
  EXPECT_EQ(task->shape().frame_steps, 2u);
  EXPECT_EQ(task->shape().max_steps, 8u);  // (5 - 1) * 2
  EXPECT_EQ(task->shape().loss, LossKind::bernoulli);
  EXPECT_EQ(task->shape().encoding, Encoding::current);
  EXPECT_EQ(task->trial_count(Split::train), 2u);
  EXPECT_EQ(task->trial_count(Split::valid), 2u);
  EXPECT_EQ(task->trial_count(Split::test), 1u);
}

TEST_F(PianoRoll, TargetIsTheNextFrame) {
  const auto task = task_of("[[60], [60, 64], [64]]", "", "", {.file = "rolls.json", .current = -0.5});

  const Trial trial = one_trial(*task, Split::train, 0);

  std::vector<float> intensity(2 * 88, 0.f);
  std::vector<double> target(2 * 88, 0.0);
  intensity[c60] = intensity[88 + c60] = intensity[88 + c64] = -0.5f;
  target[c60] = target[c64] = target[88 + c64] = 1.0;
  EXPECT_EQ(trial.intensity, intensity);
  EXPECT_EQ(trial.target, target);
}

TEST_F(PianoRoll, OnlyTheLastStepOfAFrameIsScored) {
  const auto task = task_of("[[60], [60], [64]]", "", "", {.file = "rolls.json", .frame_steps = 3});

  EXPECT_EQ(one_trial(*task, Split::train, 0).segment, (std::vector<std::int32_t>{-1, -1, 0, -1, -1, 1}));
}

TEST_F(PianoRoll, BatchIsPaddedToItsLongestTrial) {
  const auto task = small();

  const TrialBatch batch = batch_of(*task, Split::train, {1, 0});

  EXPECT_EQ(batch.steps, 4u);
  EXPECT_EQ(batch.segments, 2u);
  EXPECT_EQ(batch.length, (std::vector<std::int32_t>{2, 4}));
  EXPECT_EQ(batch.segment, (std::vector<std::int32_t>{-1, 0, -1, -1, -1, 0, -1, 1}));
  expect_padding_is_empty(*task, batch);
}

TEST_F(PianoRoll, TrialsArePure) {
  const auto task = jsb_task();

  expect_pure(*task, Split::train, {228, 0, 5, 0});
  expect_pure(*task, Split::test, {76, 3});
}

TEST_F(PianoRoll, GzippedJsonGivesTheSameTrials) {
  const auto task = small();
  const std::string text = file_bytes(path("rolls.json"));
  GzipWriter gzip(path("rolls.json.gz"), true);
  gzip.write(text.data(), text.size());
  gzip.close();

  const auto zipped = make_piano_roll({.file = "rolls.json.gz", .frame_steps = 2}, path(""));

  EXPECT_TRUE(one_trial(*zipped, Split::valid, 1) == one_trial(*task, Split::valid, 1));
}

TEST_F(PianoRoll, NllIsTheMeanOverPredictedFrames) {
  const auto task = small();
  const TrialBatch batch = batch_of(*task, Split::valid, {0, 1});  // 1 and 4 predicted frames
  Score score;

  task->score(batch, {.loss = {3.0, 12.0}, .segment_output = std::vector<float>(2 * 4 * 88, -1.f)}, score);

  EXPECT_EQ(task->main_metric(), "nll");
  EXPECT_FALSE(task->larger_is_better());
  EXPECT_EQ(score.metrics.at("nll").value(), 3.0);
  EXPECT_EQ(score.metrics.at("nll").weight, 5.0);
}

TEST_F(PianoRoll, FrameAccuracyCountsHitsAmongNotesThatSoundOrArePredicted) {
  const auto task = small();
  const TrialBatch batch = batch_of(*task, Split::train, {0, 1});  // targets 60 64, 64; 64
  std::vector<float> output(2 * 2 * 88, -1.f);
  output[c60] = 0.1f;          // hit
  output[c64] = 0.f;           // probability 0.5 is no prediction: missed
  output[88 + c60] = 2.f;      // false
  output[88 + c64] = 2.f;      // hit
  output[2 * 88 + c64] = 1.f;  // hit
  output[3 * 88 + c64] = 1.f;  // padding, not counted
  Score score;

  task->score(batch, {.loss = {0.0, 0.0}, .segment_output = output}, score);

  EXPECT_EQ(score.metrics.at("frame_accuracy").sum, 3.0);
  EXPECT_EQ(score.metrics.at("frame_accuracy").weight, 5.0);
}

// Predicted training frames: {60 64}, {64}. So p = (1+1)/(2+2) for 60, (2+1)/4 for 64, (0+1)/4 for the 86 others. The
// test frame is {60}: -ln 0.5 - ln 0.25 - 86 ln 0.75 = 0.693147 + 1.386294 + 24.740658.
TEST_F(PianoRoll, MarginalBaselineByHand) {
  const auto task = task_of("[[60], [60, 64], [64]]", "", "[[60], [60]]");

  EXPECT_NEAR(task->baselines(Split::test).at("marginal").at("nll"), 26.820099, 1e-5);
  EXPECT_TRUE(task->baselines(Split::valid).empty());
}

// 11.09: spec/jsb-chorales.md, independent note marginals.
TEST_F(PianoRoll, MarginalBaselineOnTheChorales) {
  EXPECT_NEAR(jsb_task()->baselines(Split::test).at("marginal").at("nll"), 11.09, 0.02);
}

// 13807 / 4602 / 4725 steps (tasks/data/README.md) in 229 / 76 / 77 sequences: that many less is predicted.
TEST_F(PianoRoll, ChoralesPredictAllFramesButTheFirst) {
  const auto task = jsb_task();

  const std::vector<std::size_t> expected{13807 - 229, 4602 - 76, 4725 - 77};
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    std::size_t scored = 0;
    for (std::uint64_t id = 0; id < task->trial_count(split); ++id) {
      for (const std::int32_t s : one_trial(*task, split, id).segment) scored += s >= 0;
    }
    EXPECT_EQ(scored, expected[static_cast<std::size_t>(split)]);
  }
}

TEST_F(PianoRoll, WrongFilesAreErrorsThatNameThePlace) {
  expect_input_error([&] { task_of("", "[[60], [60]]", ""); }, "rolls.json: train has no sequences");
  expect_input_error([&] { task_of("[[60], [60]]", "", "[[60], [60]], [[60]]"); },
                     "rolls.json: test, sequence 1: 1 frame; at least 2 are needed");
  expect_input_error([&] { make_piano_roll({.file = "absent.json"}, path("")); }, "absent.json");
  EXPECT_THROW(one_trial(*small(), Split::test, 1), Error);
}

}  // namespace
}  // namespace spikeweave
