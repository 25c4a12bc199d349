// Patterns that stand in the experiment file.

#include <gtest/gtest.h>

#include "host/config/override.hpp"
#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "host/task/tasks.hpp"
#include "tests/support/small_experiment.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

PatternClassificationSettings three_patterns() {
  return {.patterns = {{{0.5, -1.0}, 1}, {{0.25, 2.0}, 0}, {{0.0, 0.0}, 2}}, .steps = 4};
}

TEST(PatternClassification, ShowsEachPatternForATrialAndScoresAllOfIt) {
  const auto task = make_pattern_classification(three_patterns());

  const TaskShape shape = task->shape();
  EXPECT_EQ(shape.inputs, 2u);
  EXPECT_EQ(shape.outputs, 3u);
  EXPECT_EQ(shape.max_steps, 4u);
  EXPECT_EQ(task->trial_count(Split::train), 3u);
  const Trial trial = one_trial(*task, Split::train, 0);
  EXPECT_EQ(trial.intensity, (std::vector<float>{0.5f, -1.0f}));
  EXPECT_EQ(trial.target_class, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(trial.segment, (std::vector<std::int32_t>{0, 0, 0, 0}));
  EXPECT_EQ(one_trial(*task, Split::test, 2).target_class, (std::vector<std::int32_t>{2}));
  expect_pure(*task, Split::train, {2, 0, 1});
}

TEST(PatternClassification, TestsOnThePatternsWhereAsked) {
  PatternClassificationSettings settings = three_patterns();
  EXPECT_EQ(make_pattern_classification(settings)->trial_count(Split::test), 3u);
  EXPECT_EQ(make_pattern_classification(settings)->trial_count(Split::valid), 0u);
  settings.tested = false;
  EXPECT_EQ(make_pattern_classification(settings)->trial_count(Split::test), 0u);
}

std::string error_with(const std::string& patterns) {
  Json json = parse_json(small_experiment);
  apply_override(json, R"(/task={"type": "pattern_classification", "patterns": )" + patterns + "}");
  return error_of([&] { read_experiment(json.dump(), "e"); });
}

TEST(PatternClassification, PatternsAreOfOneSizeAndOfTwoClassesOrMore) {
  EXPECT_EQ(error_with(R"([{"input": [0], "label": 0}, {"input": [1], "label": 1}])"), "no error");
  EXPECT_EQ(error_with("[]"), "e: /task/patterns: empty; at least one pattern is needed");
  EXPECT_EQ(error_with(R"([{"input": [0, 1], "label": 0}, {"input": [1], "label": 1}])"),
            "e: /task/patterns/1/input: 1 numbers; pattern 0 has 2");
  EXPECT_EQ(error_with(R"([{"label": 1}])"),
            "e: /task/patterns/0/input: empty; expected one number for each input channel");
  EXPECT_EQ(error_with(R"([{"input": [0]}])"), "e: /task/patterns/0/label: missing; expected a number in [0, 10000]");
  EXPECT_EQ(error_with(R"([{"input": [0], "label": 0}])"),
            "e: /task/patterns: label is 0 in all; expected two classes or more");
}

}  // namespace
}  // namespace spikeweave
