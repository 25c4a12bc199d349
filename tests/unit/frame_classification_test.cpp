#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "host/task/tasks.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

constexpr std::uint64_t seed = 3;

std::vector<Trial> trials_of(const FrameClassificationSettings& settings, std::size_t count) {
  const auto task = make_frame_classification(settings, seed);
  std::vector<std::uint64_t> ids(count);
  std::iota(ids.begin(), ids.end(), 0u);
  const TrialBatch batch = batch_of(*task, Split::train, ids);
  std::vector<Trial> trials;
  for (std::size_t b = 0; b < count; ++b) trials.push_back(trial_of(task->shape(), batch, b));
  return trials;
}

TEST(FrameClassification, ShapeIsThatOfTheSettings) {
  const auto task = make_frame_classification({}, seed);

  const TrialBatch batch = batch_of(*task, Split::train, {0, 1});

  EXPECT_EQ(task->shape().inputs, 12u);
  EXPECT_EQ(task->shape().outputs, 8u);
  EXPECT_EQ(task->shape().frame_steps, 10u);
  EXPECT_EQ(task->shape().max_steps, 600u);
  EXPECT_EQ(task->shape().loss, LossKind::softmax);
  EXPECT_EQ(task->shape().encoding, Encoding::current);
  EXPECT_EQ(batch.intensity.size(), 2u * 60 * 12);
  EXPECT_EQ(batch.segments, 60u);
  EXPECT_EQ(batch.target_class.size(), 2u * 60);
}

TEST(FrameClassification, EveryFrameIsOneSegment) {
  const Trial trial = one_trial(*make_frame_classification({.frames = 3, .frame_steps = 2}, seed), Split::train, 0);

  EXPECT_EQ(trial.segment, (std::vector<std::int32_t>{0, 0, 1, 1, 2, 2}));
}

// Without noise a frame is M_c + D_c cos(0.6 age), so that features of age 0 (M + D), 1 and 2 are related:
// x[2] - x[0] = (cos 1.2 - 1) D and x[1] - x[0] = (cos .6 - 1) D.
TEST(FrameClassification, FeaturesDriftWithTheAgeOfTheClass) {
  const std::vector<Trial> trials = trials_of({.frames = 3, .change_probability = 0.0, .noise = 0.0}, 20);

  const double ratio = (std::cos(1.2) - 1.0) / (std::cos(0.6) - 1.0);  // 3.651
  for (const Trial& trial : trials) {
    for (std::size_t i = 0; i < 12; ++i) {
      const double first = trial.intensity[12 + i] - trial.intensity[i];
      EXPECT_NEAR(trial.intensity[24 + i] - trial.intensity[i], ratio * first, 1e-5) << i;
      EXPECT_GT(std::abs(first), 1e-6) << i;
    }
  }
}

// With a change in every frame the age is 0 in every frame: frames of a class are then the same in all trials.
TEST(FrameClassification, AgeStartsAgainWithEveryChange) {
  const std::vector<Trial> trials = trials_of({.change_probability = 1.0, .noise = 0.0}, 20);

  std::vector<std::vector<float>> of_class(8);
  for (const Trial& trial : trials) {
    for (std::size_t f = 0; f < 60; ++f) {
      if (f > 0) {
        EXPECT_NE(trial.target_class[f], trial.target_class[f - 1]) << "a change is to another class";
      }
      const auto begin = trial.intensity.begin() + static_cast<std::ptrdiff_t>(12 * f);
      const std::vector<float> features(begin, begin + 12);
      std::vector<float>& known = of_class[static_cast<std::size_t>(trial.target_class[f])];
      if (known.empty()) known = features;
      EXPECT_EQ(features, known) << "frame " << f;
    }
  }
  EXPECT_EQ(std::set<std::vector<float>>(of_class.begin(), of_class.end()).size(), 8u) << "classes differ";
}

// 2000 trials of 60 frames; bounds are five standard deviations, sqrt(p (1 - p) / n).
TEST(FrameClassification, ClassesHaveTheirFrequencies) {
  std::vector<double> first(8, 0.0), step(8, 0.0);
  double changes = 0.0;
  for (const Trial& trial : trials_of({}, 2000)) {
    first[static_cast<std::size_t>(trial.target_class[0])] += 1.0;
    for (std::size_t f = 1; f < 60; ++f) {
      const int difference = trial.target_class[f] - trial.target_class[f - 1];
      changes += difference != 0;
      step[static_cast<std::size_t>((difference + 8) % 8)] += 1.0;
    }
  }

  EXPECT_NEAR(changes / (2000 * 59), 0.125, 0.0048);
  for (std::size_t c = 0; c < 8; ++c) EXPECT_NEAR(first[c] / 2000, 0.125, 0.037) << c;
  for (std::size_t d = 1; d < 8; ++d) EXPECT_NEAR(step[d] / changes, 1.0 / 7.0, 0.0144) << d;  // of 14750
}

// feature_scale 0 leaves the noise: 120000 draws of N(0, 1.5^2).
TEST(FrameClassification, NoiseHasItsDeviation) {
  double sum = 0.0, squares = 0.0;
  for (const Trial& trial : trials_of({.features = 20, .feature_scale = 0.0}, 100)) {
    for (const float x : trial.intensity) {
      sum += x;
      squares += static_cast<double>(x) * x;
    }
  }

  EXPECT_NEAR(sum / 120000, 0.0, 0.022);       // 5 * 1.5 / sqrt(120000)
  EXPECT_NEAR(squares / 120000, 2.25, 0.046);  // 5 * 2.25 * sqrt(2 / 120000)
}

// 40000 features of one frame at age 0, M + D with independent M and D: variance 2 * 0.8^2.
TEST(FrameClassification, FeaturesHaveTheirScale) {
  const std::vector<Trial> trials = trials_of({.features = 40000, .frames = 1, .noise = 0.0}, 1);

  double squares = 0.0;
  for (const float x : trials[0].intensity) squares += static_cast<double>(x) * x;

  EXPECT_NEAR(squares / 40000, 1.28, 0.045);  // 5 * 1.28 * sqrt(2 / 40000)
}

TEST(FrameClassification, TrialsArePure) {
  const auto task = make_frame_classification({}, seed);

  expect_pure(*task, Split::train, {9, 0, 77, 9});
  expect_pure(*task, Split::test, {255, 3});
}

TEST(FrameClassification, EveryBitOfTheIdMakesAnotherTrial) {
  const auto task = make_frame_classification({}, seed);

  std::set<std::vector<float>> inputs;
  inputs.insert(one_trial(*task, Split::train, 0).intensity);
  for (int bit = 0; bit < 64; ++bit) inputs.insert(one_trial(*task, Split::train, std::uint64_t{1} << bit).intensity);

  EXPECT_EQ(inputs.size(), 65u);
}

TEST(FrameClassification, SeedsAndSplitsDiffer) {
  const auto input = [](std::uint64_t s, Split split) {
    return one_trial(*make_frame_classification({}, s), split, 0).intensity;
  };

  EXPECT_NE(input(3, Split::train), input(4, Split::train));
  EXPECT_NE(input(3, Split::train), input(3, Split::valid));
  EXPECT_NE(input(3, Split::valid), input(3, Split::test));
}

TEST(FrameClassification, PatternSeedChangesFeaturesButNotClasses) {
  const Trial first = one_trial(*make_frame_classification({.noise = 0.0, .pattern_seed = 1}, seed), Split::test, 2);
  const Trial second = one_trial(*make_frame_classification({.noise = 0.0, .pattern_seed = 2}, seed), Split::test, 2);

  EXPECT_NE(first.intensity, second.intensity);
  EXPECT_EQ(first.target_class, second.target_class);
}

TEST(FrameClassification, AccuracyCountsFrames) {
  const auto task = make_frame_classification({.classes = 2, .frames = 4}, seed);
  const TrialBatch batch = batch_of(*task, Split::train, {0});
  std::vector<float> output(8, 0.f);
  for (std::size_t f = 0; f < 4; ++f) output[2 * f + static_cast<std::size_t>(batch.target_class[f])] = 1.f;
  std::swap(output[0], output[1]);
  Score score;

  task->score(batch, {.loss = {0.0}, .segment_output = output}, score);

  EXPECT_EQ(task->main_metric(), "accuracy");
  EXPECT_TRUE(task->larger_is_better());
  EXPECT_EQ(score.metrics.at("accuracy").value(), 0.75);
}

TEST(FrameClassification, MoreValuesThanIndicesAreAnError) {
  expect_input_error([] { make_frame_classification({.features = 1000000, .frames = 4295}, seed); },
                     "/task/frames: 4295 frames of 1000000 features are more than 4294967295 values");
}

}  // namespace
}  // namespace spikeweave
