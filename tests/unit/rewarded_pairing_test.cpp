#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/task/tasks.hpp"
#include "spikeweave/network/network.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

// Populations a (2 neurons), b (3); projection 0 b -> b, 1 a -> b, each with all pairs. Synapse 4 of projection 1 leads
// from neuron 1 to neuron 3.
Network small_network() {
  NetworkSettings settings;
  settings.populations = {{"a", 2, {}}, {"b", 3, {}}};
  ProjectionSettings within, across;
  within.from = within.to = {"b"};
  across.from = {"a"};
  across.to = {"b"};
  settings.projections = {within, across};
  return build_network(settings, TaskShape{.encoding = Encoding::events}, 1);
}
constexpr std::size_t neurons = 5;
constexpr std::size_t pre = 1, post = 3;

RewardedPairingSettings short_trials() {
  RewardedPairingSettings s;
  s.steps = 50;
  s.projection = 1;
  s.synapse = 4;
  s.window = 20.0;
  s.reward = 0.25;
  s.delay_low = 100.0;
  s.delay_high = 100.0;
  return s;
}

std::unique_ptr<Task> attached(const RewardedPairingSettings& settings, double dt = 1.0) {
  auto task = make_rewarded_pairing(settings, 1, dt);
  task->closed_loop()->attach(small_network());
  return task;
}

struct Spike {
  std::size_t step, neuron;
};

void observe(Task& task, std::size_t steps, const std::vector<Spike>& spikes) {
  std::vector<std::uint8_t> all(steps * neurons, 0);
  for (const Spike& s : spikes) all[s.step * neurons + s.neuron] = 1;
  task.closed_loop()->observe(all, steps);
}

std::map<std::string, double> metrics_of(Task& task) {
  std::map<std::string, double> metrics;
  const std::vector<double> parameters(small_network().parameter_count, 0.0);
  task.closed_loop()->report(parameters, metrics);
  return metrics;
}

// The steps of a trial that have a reward.
std::vector<std::size_t> rewarded_steps(const Task& task, std::uint64_t id) {
  const TrialBatch batch = batch_of(task, Split::train, {id});
  std::vector<std::size_t> steps;
  for (std::size_t t = 0; t < batch.reward.size(); ++t) {
    if (batch.reward[t] != 0.0f) steps.push_back(t);
  }
  return steps;
}

TEST(RewardedPairing, RewardComesAtItsTimeAfterThePair) {
  const auto task = attached(short_trials());

  observe(*task, 50, {{10, pre}, {17, post}});  // a pair at step 17, its reward at 117: step 17 of trial 2

  EXPECT_TRUE(rewarded_steps(*task, 1).empty());
  EXPECT_EQ(rewarded_steps(*task, 2), std::vector<std::size_t>{17});
  EXPECT_EQ(batch_of(*task, Split::train, {2}).reward[17], 0.25f);
}

TEST(RewardedPairing, PostSpikeCountsFromOneStepUpToTheWindow) {
  const auto pairs = [](std::size_t pre_step, std::size_t post_step) {
    const auto task = attached(short_trials());
    observe(*task, 50, {{pre_step, pre}, {post_step, post}});
    return metrics_of(*task).at("coincidences");
  };

  EXPECT_EQ(pairs(10, 9), 0.0);
  EXPECT_EQ(pairs(10, 10), 0.0);
  EXPECT_EQ(pairs(10, 11), 1.0);
  EXPECT_EQ(pairs(10, 29), 1.0);
  EXPECT_EQ(pairs(10, 30), 0.0);  // "within 20 ms" leaves 20 ms out, as the published code does
}

TEST(RewardedPairing, OnlyTheLastPreSpikeAndTheTwoCellsCount) {
  const auto task = attached(short_trials());

  observe(*task, 50, {{5, pre}, {6, 0}, {7, 2}, {20, pre}, {20, post}, {22, post}, {23, post}});

  EXPECT_EQ(metrics_of(*task).at("coincidences"), 2.0);  // 20: the last pre spike is in the same step
}

TEST(RewardedPairing, PairsSpanTrials) {
  const auto task = attached(short_trials());

  observe(*task, 50, {{49, pre}});
  observe(*task, 50, {{3, post}});  // step 53; reward at 153: step 3 of trial 3

  EXPECT_EQ(rewarded_steps(*task, 3), std::vector<std::size_t>{3});
}

TEST(RewardedPairing, TwoRewardsInOneStepAddUp) {
  const auto task = attached(short_trials());

  auto saved = task->closed_loop()->save();
  saved.insert(saved.end(), {120.0, 120.0});
  task->closed_loop()->load(saved);

  EXPECT_EQ(batch_of(*task, Split::train, {2}).reward[20], 0.5f);
}

TEST(RewardedPairing, DelaysAreUniformBetweenTheirBounds) {
  RewardedPairingSettings settings = short_trials();
  settings.steps = 1000;
  settings.delay_low = 1000.0;
  settings.delay_high = 3000.0;
  const auto task = attached(settings);
  double sum = 0.0, least = 1e9, most = 0.0;
  constexpr std::size_t trials = 400, per_trial = 10;

  for (std::size_t n = 0; n < trials; ++n) {
    std::vector<Spike> spikes;
    for (std::size_t k = 0; k < per_trial; ++k) spikes.insert(spikes.end(), {{100 * k, pre}, {100 * k + 1, post}});
    observe(*task, 1000, spikes);
    const auto saved = task->closed_loop()->save();
    for (std::size_t k = 0; k < per_trial; ++k) {
      const double pair = static_cast<double>(n * 1000 + 100 * k + 1);
      const double delay = saved[saved.size() - per_trial + k] - pair;
      sum += delay;
      least = std::min(least, delay);
      most = std::max(most, delay);
    }
  }

  EXPECT_GE(least, 1000.0);
  EXPECT_LE(most, 3000.0);
  EXPECT_LT(least, 1010.0);  // each misses with probability (1 - 10/2001)^4000 = 2e-9
  EXPECT_GT(most, 2990.0);
  EXPECT_NEAR(sum / (trials * per_trial), 2000.0, 4 * 577.6 / 63.2);  // four standard errors: 2001/sqrt(12)/sqrt(4000)
}

TEST(RewardedPairing, RewardsAreCountedWhenGiven) {
  const auto task = attached(short_trials());

  observe(*task, 50, {{10, pre}, {17, post}});
  observe(*task, 50, {});
  EXPECT_EQ(metrics_of(*task).at("rewards"), 0.0);
  observe(*task, 50, {});

  EXPECT_EQ(metrics_of(*task).at("rewards"), 1.0);
}

TEST(RewardedPairing, ReportRanksTheSynapseWithinItsProjection) {
  const auto task = attached(short_trials());
  const Network network = small_network();
  std::vector<double> parameters(network.parameter_count, 9.0);  // of projection 0: not counted
  const double weights[] = {0.1, 0.5, 0.3, 0.5, 0.4, 0.4};
  std::copy(std::begin(weights), std::end(weights),
            parameters.begin() + static_cast<std::ptrdiff_t>(network.projections[1].offset));
  std::map<std::string, double> metrics;

  task->closed_loop()->report(parameters, metrics);

  EXPECT_EQ(metrics.at("synapse_weight"), 0.4);
  EXPECT_DOUBLE_EQ(metrics.at("share_above"), 2.0 / 6.0);
}

TEST(RewardedPairing, GoesOnFromWhatWasSaved) {
  const auto whole = attached(short_trials());
  const auto other = attached(short_trials());

  observe(*whole, 50, {{10, pre}, {17, post}, {45, pre}});
  other->closed_loop()->load(whole->closed_loop()->save());
  for (Task* const task : {whole.get(), other.get()}) observe(*task, 50, {{4, post}});

  EXPECT_EQ(other->closed_loop()->save(), whole->closed_loop()->save());
  EXPECT_EQ(rewarded_steps(*other, 2), rewarded_steps(*whole, 2));
  EXPECT_EQ(metrics_of(*other), metrics_of(*whole));
}

TEST(RewardedPairing, TimesAreInMilliseconds) {
  RewardedPairingSettings settings = short_trials();
  const auto task = attached(settings, 0.5);

  observe(*task, 50, {{2, pre}, {41, post}});  // 19.5 ms: a pair; reward 200 steps later, at 241

  EXPECT_EQ(rewarded_steps(*task, 4), std::vector<std::size_t>{41});
}

TEST(RewardedPairing, SettingsThatDoNotFitAreErrors) {
  RewardedPairingSettings settings = short_trials();
  settings.delay_low = 49.0;
  expect_input_error([&] { make_rewarded_pairing(settings, 1, 1.0); },
                     "/task/delay_low: 49 ms is 49 steps of 1 ms, less than a trial of 50; a reward comes in a later "
                     "trial");
  settings.delay_low = 200.0;
  expect_input_error([&] { make_rewarded_pairing(settings, 1, 1.0); },
                     "/task/delay_high: 100 ms is below delay_low, 200 ms");
  settings = short_trials();
  settings.projection = 2;
  expect_input_error([&] { attached(settings); }, "/task/projection: 2 is no projection between populations");
  settings.projection = 1;
  settings.synapse = 6;
  expect_input_error([&] { attached(settings); }, "/task/synapse: 6; the projection a -> b has 6 synapses");
}

TEST(SingleWeights, ReplaceWhatWasDrawn) {
  NetworkSettings settings;
  settings.populations = {{"a", 2, {}}};
  ProjectionSettings sparse;
  sparse.from = sparse.to = {"a"};
  sparse.self_connections = true;
  sparse.connectivity.value = FixedOutdegree{.outdegree = 1};
  sparse.weights = 1.0;
  sparse.scale = WeightScale::fan_in;  // one synapse onto a cell on average: factor 1
  sparse.single_weights = {{1, -3.0}};
  settings.projections = {sparse};
  const TaskShape shape{.encoding = Encoding::events};

  EXPECT_EQ(initial_parameters(build_network(settings, shape, 1), 1, ""), (std::vector<double>{1.0, -3.0}));
  settings.projections[0].single_weights = {{0, 2.0}, {2, 2.0}};
  expect_input_error([&] { initial_parameters(build_network(settings, shape, 1), 1, ""); },
                     "/network/projections/0/single_weights/1/synapse: 2; the projection has 2 synapses");
}

}  // namespace
}  // namespace spikeweave
