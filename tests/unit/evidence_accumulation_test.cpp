#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "host/task/tasks.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

constexpr std::uint64_t seed = 3;

std::vector<std::uint64_t> first_ids(std::size_t count) {
  std::vector<std::uint64_t> ids(count);
  std::iota(ids.begin(), ids.end(), 0u);
  return ids;
}

// Intensity of a group's first channel by frame.
std::vector<float> group_course(const Trial& trial, std::size_t group, std::size_t group_size) {
  std::vector<float> course;
  for (std::size_t i = group * group_size; i < trial.intensity.size(); i += 4 * group_size) {
    course.push_back(trial.intensity[i]);
  }
  return course;
}

// 0 left, 1 right, for each of the seven cues of a trial with default times: cue c starts at frame 3c + 1 of 50 steps.
std::array<int, 7> sides(const Trial& trial) {
  const std::vector<float> right = group_course(trial, 1, 10);
  std::array<int, 7> result{};
  for (std::size_t cue = 0; cue < 7; ++cue) result[cue] = right[3 * cue + 1] > 0.f ? 1 : 0;
  return result;
}

TEST(EvidenceAccumulation, DefaultTrialHas45FramesOf50Steps) {
  const auto task = make_evidence_accumulation({}, seed, 1.0);

  const TrialBatch batch = batch_of(*task, Split::train, {0, 1, 2});

  EXPECT_EQ(task->shape().inputs, 40u);
  EXPECT_EQ(task->shape().outputs, 2u);
  EXPECT_EQ(task->shape().frame_steps, 50u);
  EXPECT_EQ(task->shape().max_steps, 2250u);  // 7 * (50 + 100) + 1050 + 150
  EXPECT_EQ(task->shape().loss, LossKind::softmax);
  EXPECT_EQ(task->shape().encoding, Encoding::bernoulli);
  EXPECT_EQ(batch.frames, 45u);
  EXPECT_EQ(batch.segments, 1u);
  EXPECT_EQ(batch.intensity.size(), 3u * 45 * 40);
  EXPECT_EQ(batch.target_class.size(), 3u);
  EXPECT_TRUE(batch.target.empty());
}

TEST(EvidenceAccumulation, OnlyTheLast150StepsAreScored) {
  const Trial trial = one_trial(*make_evidence_accumulation({}, seed, 1.0), Split::train, 0);

  std::vector<std::int32_t> expected(2250, -1);
  std::fill(expected.begin() + 2100, expected.end(), 0);
  EXPECT_EQ(trial.segment, expected);
}

TEST(EvidenceAccumulation, GroupsAreOnAtTheirTimesWithTheirRates) {
  const Trial trial = one_trial(*make_evidence_accumulation({}, seed, 1.0), Split::train, 5);
  const std::array<int, 7> side = sides(trial);

  std::vector<float> left(45, 0.f), right(45, 0.f), recall(45, 0.f);
  for (std::size_t cue = 0; cue < 7; ++cue) {
    std::vector<float>& shown = side[cue] == 1 ? right : left;
    shown[3 * cue + 1] = shown[3 * cue + 2] = 0.04f;  // 40 Hz at 1 ms; frame 3 * cue is the pause
  }
  std::fill(recall.begin() + 42, recall.end(), 0.04f);
  EXPECT_EQ(group_course(trial, 0, 10), left);
  EXPECT_EQ(group_course(trial, 1, 10), right);
  EXPECT_EQ(group_course(trial, 2, 10), recall);
  EXPECT_EQ(group_course(trial, 3, 10), std::vector<float>(45, 0.01f));
}

TEST(EvidenceAccumulation, ChannelsOfAGroupAreAlike) {
  const Trial trial = one_trial(*make_evidence_accumulation({}, seed, 1.0), Split::train, 1);

  for (std::size_t i = 0; i < trial.intensity.size(); ++i) {
    EXPECT_EQ(trial.intensity[i], trial.intensity[i / 10 * 10]) << i;
  }
}

// cue 6, no pause, delay 4, recall 2: frames of gcd(6, 0, 4, 2) = 2 steps; 3 * 6 + 4 + 2 = 24 steps = 12 frames.
TEST(EvidenceAccumulation, FramesFollowOtherTimesAndStep) {
  const auto task = make_evidence_accumulation({.cues = 3,
                                                .cue_steps = 6,
                                                .pause_steps = 0,
                                                .delay_steps = 4,
                                                .recall_steps = 2,
                                                .group_size = 1,
                                                .favoured_probability = 1.0,
                                                .cue_rate = 100.0},
                                               seed, 0.5);

  const Trial trial = one_trial(*task, Split::train, 0);

  const auto side = static_cast<std::size_t>(trial.target_class[0]);
  std::vector<float> cues(12, 0.f), recall(12, 0.f);
  std::fill(cues.begin(), cues.begin() + 9, 0.05f);  // 100 Hz at 0.5 ms
  recall[11] = 0.05f;
  EXPECT_EQ(task->shape().frame_steps, 2u);
  EXPECT_EQ(task->shape().max_steps, 24u);
  EXPECT_EQ(group_course(trial, side, 1), cues);
  EXPECT_EQ(group_course(trial, 1 - side, 1), std::vector<float>(12, 0.f));
  EXPECT_EQ(group_course(trial, 2, 1), recall);
  EXPECT_EQ(group_course(trial, 3, 1), std::vector<float>(12, 0.005f));
}

TEST(EvidenceAccumulation, TargetIsTheSideWithMoreCues) {
  const auto task = make_evidence_accumulation({}, seed, 1.0);
  const TrialBatch batch = batch_of(*task, Split::train, first_ids(300));

  for (std::size_t b = 0; b < 300; ++b) {
    const std::array<int, 7> side = sides(trial_of(task->shape(), batch, b));
    const int right = std::accumulate(side.begin(), side.end(), 0);
    EXPECT_EQ(batch.target_class[b], right >= 4 ? 1 : 0) << "trial " << b << ", cues on the right: " << right;
  }
}

// Bounds are five standard deviations of 4000 trials.
TEST(EvidenceAccumulation, SidesHaveTheirFrequencies) {
  constexpr std::size_t trials = 4000;
  const auto task = make_evidence_accumulation({}, seed, 1.0);
  const TrialBatch batch = batch_of(*task, Split::train, first_ids(trials));

  double right = 0.0;
  double targets = 0.0;
  double neighbours_alike = 0.0;
  double all_alike = 0.0;
  for (std::size_t b = 0; b < trials; ++b) {
    const std::array<int, 7> side = sides(trial_of(task->shape(), batch, b));
    const int sum = std::accumulate(side.begin(), side.end(), 0);
    right += side[6];
    targets += batch.target_class[b];
    neighbours_alike += side[0] == side[1];
    all_alike += sum == 0 || sum == 7;
  }

  EXPECT_NEAR(right / trials, 0.5, 0.040);  // sd 0.5 / sqrt(4000)
  EXPECT_NEAR(targets / trials, 0.5, 0.040);
  EXPECT_NEAR(neighbours_alike / trials, 0.58, 0.039);  // .7^2 + .3^2, sd sqrt(.58 * .42 / 4000)
  EXPECT_NEAR(all_alike / trials, 0.0825730, 0.0218);   // .7^7 + .3^7, sd sqrt(.0826 * .9174 / 4000)
}

TEST(EvidenceAccumulation, TrialsArePure) {
  const auto task = make_evidence_accumulation({}, seed, 1.0);

  expect_pure(*task, Split::train, {9, 0, 77, 9});
  expect_pure(*task, Split::test, {255, 3});
}

TEST(EvidenceAccumulation, SeedsAndSplitsDiffer) {
  const auto classes = [](std::uint64_t s, Split split) {
    return batch_of(*make_evidence_accumulation({}, s, 1.0), split, first_ids(64)).target_class;
  };

  EXPECT_NE(classes(3, Split::train), classes(4, Split::train));
  EXPECT_NE(classes(3, Split::train), classes(3, Split::valid));
  EXPECT_NE(classes(3, Split::valid), classes(3, Split::test));
}

TEST(EvidenceAccumulation, TrainingHasNoEndAndEvaluationHasItsSizes) {
  const auto task = make_evidence_accumulation({.evaluation = {.valid = 5, .test = 6}}, seed, 1.0);

  EXPECT_EQ(task->trial_count(Split::train), 0u);
  EXPECT_EQ(task->trial_count(Split::valid), 5u);
  EXPECT_EQ(task->trial_count(Split::test), 6u);
  EXPECT_NO_THROW(one_trial(*task, Split::train, ~std::uint64_t{0}));
  EXPECT_THROW(one_trial(*task, Split::valid, 5), Error);
}

TEST(EvidenceAccumulation, AccuracyIsTheMainMetric) {
  const auto task = make_evidence_accumulation({}, seed, 1.0);
  const TrialBatch batch = batch_of(*task, Split::train, {0});
  const std::vector<float> left{1.f, 0.f};
  Score score;

  task->score(batch, {.loss = {0.5}, .segment_output = left}, score);

  EXPECT_EQ(task->main_metric(), "accuracy");
  EXPECT_TRUE(task->larger_is_better());
  EXPECT_EQ(score.metrics.at("accuracy").value(), batch.target_class[0] == 0 ? 1.0 : 0.0);
}

TEST(EvidenceAccumulation, RateAboveOneSpikePerStepIsAnError) {
  expect_input_error([] { make_evidence_accumulation({.cue_rate = 1500.0}, seed, 1.0); },
                     "/task/cue_rate: 1500 Hz at dt 1 ms is 1.5 spikes per step; allowed are at most 1, here 1000 Hz");
  expect_input_error([] { make_evidence_accumulation({.noise_rate = 600.0}, seed, 2.0); }, "/task/noise_rate: 600 Hz");
  EXPECT_NO_THROW(make_evidence_accumulation({.cue_rate = 1000.0}, seed, 1.0));
}

}  // namespace
}  // namespace spikeweave
