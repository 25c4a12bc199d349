#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "host/task/tasks.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

TEST(PatternGeneration, ShapeIsThatOfTheSettings) {
  const auto task = make_pattern_generation({.inputs = 7, .outputs = 3, .steps = 1200});

  const TrialBatch batch = batch_of(*task, Split::train, {0, 0});

  EXPECT_EQ(task->shape().inputs, 7u);
  EXPECT_EQ(task->shape().outputs, 3u);
  EXPECT_EQ(task->shape().max_steps, 1200u);
  EXPECT_EQ(task->shape().loss, LossKind::squared_error);
  EXPECT_EQ(task->shape().encoding, Encoding::events);
  EXPECT_EQ(batch.events.size(), 2u * 1200 * 7);
  EXPECT_EQ(batch.target.size(), 2u * 1200 * 3);
  EXPECT_TRUE(batch.intensity.empty());
  EXPECT_TRUE(batch.target_class.empty());
  EXPECT_EQ(batch.length, (std::vector<std::int32_t>{1200, 1200}));
}

TEST(PatternGeneration, EveryStepIsASegmentOfItsOwn) {
  const Trial trial = one_trial(*make_pattern_generation({}), Split::train, 0);

  std::vector<std::int32_t> ascending(1000);
  std::iota(ascending.begin(), ascending.end(), 0);
  EXPECT_EQ(trial.segment, ascending);
}

TEST(PatternGeneration, OneFrozenTrialServesAllSplits) {
  const auto task = make_pattern_generation({});

  const Trial trial = one_trial(*task, Split::train, 0);

  for (const Split split : {Split::train, Split::valid, Split::test}) {
    EXPECT_EQ(task->trial_count(split), 1u);
    EXPECT_TRUE(one_trial(*task, split, 0) == trial);
  }
  EXPECT_TRUE(one_trial(*make_pattern_generation({}), Split::train, 0) == trial);
  EXPECT_THROW(one_trial(*task, Split::train, 1), Error);
}

TEST(PatternGeneration, AnotherSeedGivesAnotherPatternAndTarget) {
  const Trial first = one_trial(*make_pattern_generation({.pattern_seed = 1}), Split::train, 0);
  const Trial second = one_trial(*make_pattern_generation({.pattern_seed = 2}), Split::train, 0);

  EXPECT_NE(first.events, second.events);
  EXPECT_NE(first.target, second.target);
}

TEST(PatternGeneration, InputHasItsProbabilityAndASilentFirstStep) {
  const Trial trial = one_trial(*make_pattern_generation({.inputs = 100, .steps = 1000}), Split::train, 0);

  const auto silent = trial.events.begin() + 100;
  EXPECT_EQ(std::count(trial.events.begin(), silent, 0), 100);
  // 99900 draws of probability 0.05: 4995 +- 69; five standard deviations.
  EXPECT_NEAR(static_cast<double>(std::count(silent, trial.events.end(), 1)), 4995.0, 345.0);
  EXPECT_LE(*std::max_element(trial.events.begin(), trial.events.end()), 1);
}

TEST(PatternGeneration, ProbabilityOneFiresInEveryStepButTheFirst) {
  const Trial trial =
      one_trial(*make_pattern_generation({.inputs = 2, .steps = 300, .input_probability = 1.0}), Split::train, 0);

  EXPECT_EQ(std::accumulate(trial.events.begin(), trial.events.end(), 0), 299 * 2);
}

TEST(PatternGeneration, EveryOutputStartsAtZeroAndReachesOne) {
  const Trial trial = one_trial(*make_pattern_generation({.outputs = 3}), Split::train, 0);

  for (std::size_t k = 0; k < 3; ++k) {
    double largest = 0.0;
    for (std::size_t t = 0; t < 1000; ++t) largest = std::max(largest, std::abs(trial.target[t * 3 + k]));
    EXPECT_EQ(trial.target[k], 0.0) << k;
    EXPECT_EQ(largest, 1.0) << k;
  }
  EXPECT_NE(trial.target[3 * 100], trial.target[3 * 100 + 1]);
}

// floor(1001 / 400) = 2 cycles over the 1000 intervals between 1001 steps: a sine of period 500 about its mean, for
// which x[t-1] + x[t+1] = 2 cos(2 pi / 500) x[t].
TEST(PatternGeneration, SineHasWholeCyclesOnly) {
  const Trial trial = one_trial(*make_pattern_generation({.steps = 1001, .periods = {400}}), Split::train, 0);

  for (std::size_t t = 0; t + 500 <= 1000; ++t) EXPECT_NEAR(trial.target[t], trial.target[t + 500], 1e-9) << t;
  double centre = 0.0;
  for (std::size_t t = 0; t < 500; ++t) centre += trial.target[t] / 500.0;
  for (std::size_t t = 1; t < 1000; ++t) {
    const double expected = 2.0 * std::cos(2.0 * std::numbers::pi / 500.0) * (trial.target[t] - centre);
    EXPECT_NEAR(trial.target[t - 1] + trial.target[t + 1] - 2.0 * centre, expected, 1e-9) << t;
  }
}

// Projections of the target on the four sines. Whole cycles over the 1000 intervals of 1001 steps are orthogonal.
TEST(PatternGeneration, TargetIsMadeOfTheFourSinesOnly) {
  const Trial trial = one_trial(*make_pattern_generation({.steps = 1001}), Split::train, 0);

  double power = 0.0;
  double mean = 0.0;
  for (std::size_t t = 0; t < 1000; ++t) mean += trial.target[t] / 1000.0;
  for (std::size_t t = 0; t < 1000; ++t) power += std::pow(trial.target[t] - mean, 2);
  double explained = 0.0;
  double smallest = 1e9;
  double largest = 0.0;
  for (const int cycles : {1, 2, 3, 5}) {  // floor(1001 / period)
    double a = 0.0;
    double b = 0.0;
    for (std::size_t t = 0; t < 1000; ++t) {
      const double angle = 2.0 * std::numbers::pi * cycles * static_cast<double>(t) / 1000.0;
      a += trial.target[t] * std::cos(angle) / 500.0;
      b += trial.target[t] * std::sin(angle) / 500.0;
    }
    explained += 500.0 * (a * a + b * b);
    smallest = std::min(smallest, std::hypot(a, b));
    largest = std::max(largest, std::hypot(a, b));
  }

  EXPECT_NEAR(explained / power, 1.0, 1e-5);
  EXPECT_LT(largest / smallest, 4.0);  // amplitudes from 0.5 to 2
  EXPECT_GT(largest / smallest, 1.0);
}

TEST(PatternGeneration, TargetThatWouldBeZeroIsAnError) {
  expect_input_error([] { make_pattern_generation({.steps = 100}); }, "/task/periods: no whole cycle");
  expect_input_error([] { make_pattern_generation({.periods = {}}); }, "/task/periods: no whole cycle");
}

TEST(PatternGeneration, NormalizedErrorOfTheBestConstantIsOne) {
  const auto task = make_pattern_generation({.outputs = 2});
  const TrialBatch batch = batch_of(*task, Split::train, {0});
  double loss = 0.0;
  for (std::size_t k = 0; k < 2; ++k) {
    double mean = 0.0;
    for (std::size_t t = 0; t < 1000; ++t) mean += batch.target[2 * t + k] / 1000.0;
    for (std::size_t t = 0; t < 1000; ++t) loss += 0.5 * std::pow(batch.target[2 * t + k] - mean, 2);
  }

  Score score;
  task->score(batch, {.loss = {loss}, .segment_output = {}}, score);
  task->score(batch, {.loss = {3.0 * loss}, .segment_output = {}}, score);

  EXPECT_EQ(task->main_metric(), "normalized_mse");
  EXPECT_FALSE(task->larger_is_better());
  EXPECT_NEAR(score.metrics.at("normalized_mse").value(), 2.0, 1e-5);  // (1 + 3) / 2
}

}  // namespace
}  // namespace spikeweave
