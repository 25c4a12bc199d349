// The logic gate of populations: its examples, its teacher, what it observes.

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/task/tasks.hpp"
#include "spikeweave/network/network.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

// Three populations of 2 cells; trials of 10 ms in steps of 1 ms; an example of 4 trials, the last of which is taught.
LogicGateSettings small_gate() {
  LogicGateSettings s;
  s.cells = 2;
  s.steps = 10;
  s.example_time = 40.0;
  s.teaching_time = 10.0;
  s.warm_up = 20.0;
  s.tau_average = 100.0;
  s.rate_low = 5.0;
  s.rate_high = 25.0;
  s.tolerance = 2.0;
  return s;
}

NetworkSettings network_settings() {
  NetworkSettings settings;
  for (const char* name : {"first", "second", "out", "hidden"}) {
    settings.populations.push_back({name, 2, {.value = BurstNeuronParams<Distribution>()}});
  }
  return settings;
}

std::unique_ptr<Task> attached(const LogicGateSettings& settings) {
  auto task = make_logic_gate(settings, 1.0);
  task->closed_loop()->attach(build_network(network_settings(), task->shape(), 1));
  return task;
}

// One trial in which these cells (step, neuron) fire.
void observe(Task& task, const std::vector<std::pair<std::size_t, std::size_t>>& spikes) {
  std::vector<std::uint8_t> all(10 * 8, 0);
  for (const auto& [step, neuron] : spikes) all[step * 8 + neuron] = 1;
  task.closed_loop()->observe(all, 10);
}

TrialBatch trial(const Task& task, std::uint64_t id) {
  TrialBatch batch;
  task.fill(Split::train, std::vector<std::uint64_t>{id}, batch);
  return batch;
}

std::map<std::string, double> metrics_of(Task& task) {
  std::map<std::string, double> metrics;
  task.closed_loop()->report({}, metrics);
  return metrics;
}

TEST(LogicGate, ShowsTheFourPairsInOrderBehindTheWarmUp) {
  const auto task = attached(small_gate());

  EXPECT_EQ(trial(*task, 1).clamp, std::vector<float>(6, 0.0f));
  const std::vector<std::pair<float, float>> pairs{{-350, -350}, {150, -350}, {-350, 150}, {150, 150}, {-350, -350}};
  for (std::size_t n = 0; n < pairs.size(); ++n) {
    const auto [first, second] = pairs[n];
    EXPECT_EQ(trial(*task, 2 + 4 * n).clamp, (std::vector<float>{first, first, second, second, 0.0f, 0.0f})) << n;
    EXPECT_EQ(trial(*task, 4 + 4 * n).step_weight, std::vector<float>(10, 0.0f)) << n;
    EXPECT_EQ(trial(*task, 5 + 4 * n).step_weight, std::vector<float>(10, 1.0f)) << n;
  }
}

// Cells 4 and 5 are the output. An event is 10 Hz at first; the prediction of pair 00 ends with trial 4.
TEST(LogicGate, TeachesWhatThePredictionLacks) {
  const auto task = attached(small_gate());
  for (int n = 0; n < 4; ++n) observe(*task, {});

  observe(*task, {{1, 4}, {4, 4}, {9, 5}});  // the one at 4 is a burst of the event at 1

  // Not to fire: -1000/(25 - rate), the rate 10 exp(-8/100); with a rate up to 5 + 2 nothing.
  const double rate = 10.0 * std::exp(-0.08);
  EXPECT_FLOAT_EQ(trial(*task, 5).clamp[4], static_cast<float>(-1000.0 / (25.0 - rate)));
  EXPECT_FLOAT_EQ(trial(*task, 5).clamp[5], static_cast<float>(-1000.0 / 15.0));
  EXPECT_DOUBLE_EQ(metrics_of(*task).at("rate_00"), 0.5 * (rate + 10.0));

  // To fire, three trials later: cell 4 is silent, so at most 1000; 5 has 24 Hz and more, near enough to 25.
  observe(*task, {});
  observe(*task, {});
  observe(*task, {});
  auto saved = task->closed_loop()->save();
  saved[5 + 2] = 5.5, saved[5 + 4 + 2] = 24.0;
  task->closed_loop()->load(saved);
  observe(*task, {});
  EXPECT_EQ(trial(*task, 9).clamp[4], 1000.0f);
  EXPECT_FLOAT_EQ(trial(*task, 9).clamp[5], static_cast<float>(1000.0 / (24.0 * std::exp(-0.1) - 5.0)));
  EXPECT_EQ(trial(*task, 9).clamp[0], 150.0f);
}

TEST(LogicGate, ReportsCostAndGapOfTheLastExamples) {
  const auto task = attached(small_gate());
  auto saved = task->closed_loop()->save();
  saved[0] = 2 + 9;  // trials
  saved[1] = 6.0, saved[2] = 20.0, saved[3] = 30.0, saved[4] = 10.0;
  task->closed_loop()->load(saved);

  const auto metrics = metrics_of(*task);
  EXPECT_DOUBLE_EQ(metrics.at("gap"), 10.0);
  EXPECT_NEAR(metrics.at("cost"), -std::log(0.95) - std::log(0.75) - std::log(0.99) - std::log(0.75), 1e-12);
  EXPECT_EQ(metrics.at("examples"), 2.0);
}

TEST(LogicGate, GoesOnFromWhatWasSaved) {
  const auto task = attached(small_gate());
  for (int n = 0; n < 5; ++n) observe(*task, {{3, 4}, {9, 4}, {2, 5}});
  const auto other = attached(small_gate());
  other->closed_loop()->load(task->closed_loop()->save());
  for (Task* of : {task.get(), other.get()}) observe(*of, {{1, 4}, {7, 5}});

  EXPECT_EQ(other->closed_loop()->save(), task->closed_loop()->save());
  EXPECT_EQ(trial(*other, 5).clamp, trial(*task, 5).clamp);
  expect_input_error([&] { other->closed_loop()->load({1.0, 2.0}); }, "task memory: 2 numbers; expected 13");
}

TEST(LogicGate, SettingsThatDoNotFitAreErrors) {
  LogicGateSettings s = small_gate();
  s.warm_up = 25.0;
  expect_input_error([&] { make_logic_gate(s, 1.0); }, "/task/warm_up: 25 ms; expected a multiple of a trial, 10 ms");
  s = small_gate();
  s.outputs = {0, 1};
  expect_input_error([&] { s.validate("/task"); }, "/task/outputs: 2 values; expected 4, for 00, 10, 01, 11");
  s.outputs = {1, 1, 1, 1};
  expect_input_error([&] { s.validate("/task"); }, "/task/outputs: all the same; expected a 0 and a 1");
  s = small_gate();
  s.teaching_time = 40.0;
  expect_input_error([&] { s.validate("/task"); }, "/task/teaching_time: 40 ms is not below example_time, 40 ms");
  s = small_gate();
  s.rate_high = 5.0;
  expect_input_error([&] { s.validate("/task"); }, "/task/rate_high: 5 Hz is not above rate_low, 5 Hz");

  const auto task = make_logic_gate(small_gate(), 1.0);
  const auto attach = [&](const NetworkSettings& settings) {
    task->closed_loop()->attach(build_network(settings, task->shape(), 1));
  };
  NetworkSettings network = network_settings();
  network.populations.resize(2);
  network.populations[1].size = 4;
  expect_input_error([&] { attach(network); },
                     "/network/populations: 2 populations; logic_gate needs two inputs and an output, the first three");
  network = network_settings();
  network.populations[2].size = 3;
  expect_input_error([&] { attach(network); }, "/network/populations/2/size: 3; /task/cells is 2");
  network = network_settings();
  network.populations[1].neuron = {};
  expect_input_error([&] { attach(network); },
                     "/network/populations/1/neuron/model: lif takes no current from a task; expected one of "
                     "burst_neuron naud_sprekeler");
}

}  // namespace
}  // namespace spikeweave
