// Targets that another network makes.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "host/config/override.hpp"
#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "host/task/tasks.hpp"
#include "tests/support/small_experiment.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

// One hidden layer of 3; every weight 0.5, every input 0.25.
TeacherRegressionSettings constant_teacher() {
  return {.inputs = 4,
          .hidden = {3},
          .outputs = 2,
          .activation = Activation::softplus,
          .weights = 0.5,
          .scale = WeightScale::unit,
          .input = 0.25,
          .steps = 5,
          .window_steps = 2};
}

TEST(TeacherRegression, TheTargetIsWhatTheTeacherMakesOfTheInput) {
  const auto task = make_teacher_regression(constant_teacher(), 1);

  const Trial trial = one_trial(*task, Split::train, 7);
  EXPECT_EQ(trial.intensity, std::vector<float>(4, 0.25f));
  EXPECT_EQ(trial.segment, (std::vector<std::int32_t>{-1, -1, -1, 0, 0}));
  ASSERT_EQ(trial.target.size(), 2u);
  for (const double target : trial.target) EXPECT_NEAR(target, 3 * 0.5 * std::log1p(std::exp(4 * 0.5 * 0.25)), 1e-15);
  EXPECT_EQ(task->shape().max_steps, 5u);

  TeacherRegressionSettings settings = constant_teacher();
  settings.scale = WeightScale::fan_in;
  settings.hidden.clear();
  for (const double target : one_trial(*make_teacher_regression(settings, 1), Split::train, 7).target) {
    EXPECT_EQ(target, 4 * 0.5 / 2 * 0.25);
  }
}

// Var[sum of 40 products of standard normals / sqrt(40)] = 1; the 2000 weights leave it uncertain by 3 %.
TEST(TeacherRegression, TargetsOfALinearTeacherHaveTheVarianceOfItsWeights) {
  const auto task = make_teacher_regression({.inputs = 40, .hidden = {}, .outputs = 50}, 1);
  double sum = 0.0, square = 0.0, count = 0.0;
  for (std::uint64_t id = 0; id < 256; ++id) {
    for (const double target : one_trial(*task, Split::test, id).target) {
      sum += target;
      square += target * target;
      count += 1.0;
    }
  }

  EXPECT_NEAR(sum / count, 0.0, 0.05);
  EXPECT_NEAR(square / count, 1.0, 0.12);
}

TEST(TeacherRegression, EachChannelDrawsItsOwnInput) {
  const auto task = make_teacher_regression({.inputs = 2, .outputs = 1}, 1);
  double mean = 0.0, square = 0.0, product = 0.0;
  for (std::uint64_t id = 0; id < 256; ++id) {
    const std::vector<float> input = one_trial(*task, Split::test, id).intensity;
    mean += input[0] / 256.0;
    square += input[0] * input[0] / 256.0;
    product += input[0] * input[1] / 256.0;
  }

  EXPECT_NEAR(mean, 0.0, 0.19);  // three standard errors
  EXPECT_NEAR(square, 1.0, 0.27);
  EXPECT_NEAR(product, 0.0, 0.19);
}

TEST(TeacherRegression, TrialsArePureAndOfTheirSplit) {
  TeacherRegressionSettings settings{.inputs = 3, .outputs = 2};
  const auto task = make_teacher_regression(settings, 1);
  expect_pure(*task, Split::train, {9, 2, 1'000'000'000'000});
  EXPECT_EQ(task->trial_count(Split::train), 0u);
  EXPECT_EQ(task->trial_count(Split::test), 256u);
  EXPECT_NE(one_trial(*task, Split::train, 0).intensity, one_trial(*task, Split::test, 0).intensity);
  EXPECT_NE(one_trial(*task, Split::train, 0).intensity,
            one_trial(*make_teacher_regression(settings, 2), Split::train, 0).intensity);

  const Trial before = one_trial(*task, Split::train, 0);
  settings.teacher_seed = 2;
  settings.examples = 12;
  const auto other = make_teacher_regression(settings, 1);
  EXPECT_EQ(one_trial(*other, Split::train, 0).intensity, before.intensity);
  EXPECT_NE(one_trial(*other, Split::train, 0).target, before.target);
  EXPECT_EQ(other->trial_count(Split::train), 12u);
}

TEST(TeacherRegression, TheBestConstantHasAnErrorOfOne) {
  const auto task = make_teacher_regression({.inputs = 10, .outputs = 3}, 1);
  std::vector<std::uint64_t> ids(256);
  for (std::size_t n = 0; n < ids.size(); ++n) ids[n] = n;
  const TrialBatch batch = batch_of(*task, Split::test, ids);
  TrialResult result;
  const auto error_of_outputs = [&] {
    Score score;
    task->score(batch, result, score);
    return score.values().at("normalized_mse");
  };

  result.segment_output.assign(batch.target.begin(), batch.target.end());
  EXPECT_LT(error_of_outputs(), 1e-12);
  result.segment_output.assign(batch.target.size(), 0.0f);  // the mean of an odd teacher
  EXPECT_NEAR(error_of_outputs(), 1.0, 0.01);
}

TEST(TeacherRegression, SettingsThatDoNotGoTogetherAreErrors) {
  const auto error_with = [](const std::string& settings) {
    Json json = parse_json(small_experiment);
    apply_override(json, R"(/task={"type": "teacher_regression", )" + settings + "}");
    return error_of([&] { read_experiment(json.dump(), "e"); });
  };
  EXPECT_EQ(error_with(R"("examples": 8, "hidden": [])"), "no error");
  EXPECT_EQ(error_with(R"("hidden": [5, 0])"), "e: /task/hidden/1: 0 is outside [1, 100000] [units]");
  EXPECT_EQ(error_with(R"("hidden": [100000, 100000])"),
            "e: /task/hidden: the teacher has 10004000000 weights; at most 100000000 are allowed");
  EXPECT_EQ(error_with(R"("steps": 3, "window_steps": 4)"),
            "e: /task/window_steps: 4 is more than the 3 steps of a trial");
}

}  // namespace
}  // namespace spikeweave
