#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "host/task/tasks.hpp"
#include "spikeweave/network/network.hpp"
#include "tests/support/small_experiment.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

constexpr std::uint64_t seed = 3;

// Two cells per group, elements of 3 steps that are shown by every cell in every step, no background.
SequencePredictionSettings small() {
  return {
      .group_size = 2, .element_steps = 3, .silence_steps = 4, .on_probability = 1.0, .background_probability = 0.0};
}

// The forced value of a group's cells in a step, which are alike in small(); 9 if they differ.
std::vector<int> groups_at(const Trial& trial, std::size_t step, std::size_t groups) {
  std::vector<int> values;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::uint8_t first = trial.forced[(step * groups + g) * 2];
    values.push_back(first == trial.forced[(step * groups + g) * 2 + 1] ? first : 9);
  }
  return values;
}

TEST(SequencePrediction, ShapeIsThatOfTheSettings) {
  SequencePredictionSettings settings = small();
  settings.sequences = {"ABCD", "EBCFG"};
  const TaskShape shape = make_sequence_prediction(settings, seed)->shape();

  EXPECT_EQ(shape.inputs, 0u);
  EXPECT_EQ(shape.outputs, 0u);
  EXPECT_EQ(shape.cells, 14u);  // A B C D E F G
  EXPECT_EQ(shape.max_steps, 5u * 3 + 4);
  EXPECT_EQ(shape.state, "v");
  settings.readout = SequenceReadout::next_element;
  EXPECT_EQ(make_sequence_prediction(settings, seed)->shape().outputs, 7u);
}

TEST(SequencePrediction, TrainingShowsTheWholeSequenceAndThenSilence) {
  SequencePredictionSettings settings = small();
  settings.sequences = {"ABC", "CAD"};
  const auto task = make_sequence_prediction(settings, seed);

  const Trial trial = one_trial(*task, Split::train, 5);  // the sequences take turns

  const std::vector<std::vector<int>> shown{{0, 0, 1, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}};
  for (std::size_t t = 0; t < 9; ++t) EXPECT_EQ(groups_at(trial, t, 4), shown[t / 3]) << t;
  for (std::size_t t = 9; t < 13; ++t) EXPECT_EQ(groups_at(trial, t, 4), (std::vector<int>{0, 0, 0, 0})) << t;
  EXPECT_EQ(trial.segment, (std::vector<std::int32_t>{0, 0, 0, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(trial.target_class, (std::vector<std::int32_t>{0, 3}));
}

// Trial 1: the second cue, A and B of A B C D. In the cue whoever is not shown is kept silent.
TEST(SequencePrediction, TestTrialIsCuedAndThenFree) {
  const auto task = make_sequence_prediction(small(), seed);

  const Trial trial = one_trial(*task, Split::test, 1);

  const std::vector<std::vector<int>> shown{{1, 2, 2, 2}, {2, 1, 2, 2}, {0, 0, 0, 0}, {0, 0, 0, 0}};
  for (std::size_t t = 0; t < 12; ++t) EXPECT_EQ(groups_at(trial, t, 4), shown[t / 3]) << t;
  EXPECT_EQ(trial.segment, (std::vector<std::int32_t>{-1, -1, -1, 1, 1, 1, -1, -1, -1, -1, -1, -1}));
  EXPECT_EQ(trial.target_class[1], 2);
}

TEST(SequencePrediction, BackgroundReachesEveryCell) {
  SequencePredictionSettings settings = small();
  settings.on_probability = 0.0;
  settings.background_probability = 0.2;
  settings.element_steps = 500;
  const Trial trial = one_trial(*make_sequence_prediction(settings, seed), Split::train, 0);

  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t spikes = 0;
    for (std::size_t t = 0; t < 2004; ++t) spikes += trial.forced[t * 8 + i] == 1 ? 1 : 0;
    EXPECT_NEAR(static_cast<double>(spikes), 401.0, 4.0 * 17.9) << i;  // 2004 draws of 0.2: 4 standard deviations
  }
}

std::vector<std::uint8_t> first_window(const SequencePredictionSettings& settings, std::uint64_t id) {
  const Trial trial = one_trial(*make_sequence_prediction(settings, seed), Split::train, id);
  return {trial.forced.begin(), trial.forced.begin() + settings.element_steps * 4 * settings.group_size};
}

TEST(SequencePrediction, FrozenPatternIsTheSameAtEveryShowing) {
  SequencePredictionSettings settings{.group_size = 30, .element_steps = 40, .background_probability = 0.0};
  EXPECT_NE(first_window(settings, 0), first_window(settings, 1));

  settings.pattern = ElementPattern::frozen;
  const auto frozen = first_window(settings, 0);
  EXPECT_EQ(frozen, first_window(settings, 1));
  settings.pattern_seed = 2;
  EXPECT_NE(frozen, first_window(settings, 0));
}

TEST(SequencePrediction, JitterMovesSpikesInTime) {
  SequencePredictionSettings settings{.group_size = 500, .element_steps = 60, .on_probability = 0.0};
  settings.background_probability = 0.0;
  settings.pattern = ElementPattern::frozen;
  settings.on_probability = 0.01;
  const auto steps_of = [&](std::uint64_t id) {  // per cell: the step of its only spike, or -1
    const auto window = first_window(settings, id);
    std::vector<int> steps(500, -1);
    for (std::size_t i = 0; i < 500; ++i) {
      int count = 0;
      for (std::size_t t = 0; t < 60; ++t) {
        if (window[t * 2000 + i] == 1) ++count, steps[i] = static_cast<int>(t);
      }
      if (count != 1) steps[i] = -1;
    }
    return steps;
  };
  const std::vector<int> still = steps_of(0);
  settings.jitter = 2.0;
  const std::vector<int> moved = steps_of(0);
  double squares = 0.0, count = 0.0;
  for (std::size_t i = 0; i < 500; ++i) {
    if (still[i] < 10 || still[i] > 49 || moved[i] < 0) continue;
    squares += (moved[i] - still[i]) * (moved[i] - still[i]);
    ++count;
  }
  ASSERT_GT(count, 50.0);
  // A rounded normal of sd 2 has the variance 4 + 1/12; the estimate's relative error is sqrt(2 / count).
  EXPECT_NEAR(squares / count, 4.0 + 1.0 / 12.0, 4.0 * 4.1 * std::sqrt(2.0 / count));
}

TEST(SequencePrediction, TrialsArePure) {
  SequencePredictionSettings settings{.sequences = {"ABCD", "EBCFA"}};
  expect_pure(*make_sequence_prediction(settings, seed), Split::train, {3, 0, 7});
  expect_pure(*make_sequence_prediction(settings, seed), Split::test, {3, 0, 6});
  const auto task = make_sequence_prediction(settings, seed);
  expect_padding_is_empty(*task, batch_of(*task, Split::train, {0, 1}));
}

// Scores of one test trial: cue A B; the voltages of the groups at the cue's end, and who fires in the two free
// windows.
std::map<std::string, double> scores(const std::vector<float>& drive, const std::vector<int>& firing) {
  const auto task = make_sequence_prediction(small(), seed);
  const TrialBatch batch = batch_of(*task, Split::test, {1});
  TrialResult result;
  result.state.assign(12 * 8, -7.0f);
  result.spikes.assign(12 * 8, 0);
  for (std::size_t i = 0; i < 8; ++i) result.state[5 * 8 + i] = drive[i / 2] + (i % 2 == 0 ? 0.5f : -0.5f);
  for (std::size_t window = 0; window < 2; ++window) {
    result.spikes[(6 + 3 * window) * 8 + 2 * static_cast<std::size_t>(firing[window])] = 1;
  }
  Score score;
  task->score(batch, result, score);
  return score.values();
}

TEST(SequencePrediction, AnswerIsTheGroupWithTheLargestVoltageButTheShownOne) {
  EXPECT_EQ(scores({0, 9, 2, 1}, {2, 3}).at("accuracy"), 1.0);
  EXPECT_EQ(scores({3, 0, 2, 1}, {2, 3}).at("accuracy"), 0.0);
  EXPECT_EQ(scores({2, 0, 2, 1}, {2, 3}).at("accuracy"), 0.5);
  EXPECT_EQ(scores({0, 0, 0, 0}, {2, 3}).at("accuracy"), 1.0 / 3.0);
  EXPECT_EQ(scores({0, 0, NAN, 0}, {2, 3}).at("accuracy"), 0.0);
}

TEST(SequencePrediction, ReplayIsTheGroupThatFiresMostInEachFreeWindow) {
  EXPECT_EQ(scores({0, 0, 0, 0}, {2, 3}).at("replay"), 1.0);
  EXPECT_EQ(scores({0, 0, 0, 0}, {2, 1}).at("replay"), 0.5);
}

TEST(SequencePrediction, SequencesMustLeaveAChoice) {
  const auto error = [](const std::vector<std::string>& sequences) {
    SequencePredictionSettings settings;
    settings.sequences = sequences;
    return error_of([&] { settings.validate("/task"); });
  };
  EXPECT_EQ(error({"ABC"}), "no error");
  EXPECT_EQ(error({}), "/task/sequences: empty; at least one sequence is needed");
  EXPECT_EQ(error({"ABC", "A"}), "/task/sequences/1: \"A\" is too short; expected 2 elements or more");
  EXPECT_EQ(error({"ABBC"}), "/task/sequences/0: \"ABBC\" has an element that follows itself");
  EXPECT_EQ(error({"AB", "BA"}), "/task/sequences: 2 elements in all; with fewer than 3 there is nothing to choose");
}

// The experiment of tasks/science/ with one thing changed.
std::string experiment_error(const std::string& name, const std::vector<std::string>& overrides) {
  return error_of([&] {
    const std::string directory = std::string(SW_SOURCE_DIR) + "/tasks/science";
    const Experiment e = load_experiment(directory + "/" + name + ".json", overrides);
    build_network(e.network, make_task(e.task, e.seed, directory, e.network.dt)->shape(), 1);
  });
}

TEST(SequenceExperiment, EndsThatTheTaskLacksAreNotConnected) {
  EXPECT_EQ(experiment_error("sequence_local_eprop", {}), "no error");
  EXPECT_NE(experiment_error("sequence_local_eprop", {"/network/projections/0/to=output"})
                .find("/network/projections/0/to: \"output\" has no cells in this task"),
            std::string::npos);
  EXPECT_NE(experiment_error("sequence_local_eprop", {"/network/projections/0/from=input"})
                .find("/network/projections/0/from: \"input\" has no cells in this task"),
            std::string::npos);
  EXPECT_NE(experiment_error("sequence_global_eprop", {"/network/projections/1/to=cells"})
                .find("/network/projections: none is to \"output\"; at least one is needed"),
            std::string::npos);
}

TEST(SequenceExperiment, CellsMustFitTheNetwork) {
  EXPECT_NE(experiment_error("sequence_local_eprop", {"/task/group_size=21"})
                .find("/network/populations: 80 neurons; the task drives the first 84, so at least as many are needed"),
            std::string::npos);
}

TEST(SequenceExperiment, SignalNeedsWhatItIsMadeOf) {
  EXPECT_NE(experiment_error("sequence_local_eprop", {"/learning/signal=global"})
                .find("/learning/signal: \"global\" needs outputs, and the task has none; expected local"),
            std::string::npos);
  EXPECT_NE(experiment_error("sequence_rule_a", {"/network/populations/0/neuron={\"model\": \"lif\"}"})
                .find("/learning/prediction: \"membrane\" needs a model that has a firing probability; that of "
                      "population \"cells\" is lif"),
            std::string::npos);
}

}  // namespace
}  // namespace spikeweave
