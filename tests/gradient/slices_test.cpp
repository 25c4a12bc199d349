// A batch in parts gives the bits of the whole batch on the CPU.

#include <gtest/gtest.h>

#include <algorithm>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/plan.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave {
namespace {

Experiment experiment(const std::string& slice, const std::vector<std::string>& more = {}) {
  std::vector<std::string> overrides{"/task/cues=3",
                                     "/task/delay_steps=100",
                                     "/network/populations/0/size=20",
                                     "/network/populations/1/size=20",
                                     "/training/batch_size=5",
                                     "/training/updates_per_epoch=3",
                                     "/training/epochs=1",
                                     "/training/slice=" + slice};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return load_experiment(std::string(SW_SOURCE_DIR) + "/tasks/evidence_accumulation.json", overrides);
}

struct Trained {
  std::vector<float> parameters;
  Metrics train;
};

Trained train(const Experiment& of) {
  const auto backend = make_cpu_backend<float>(1);
  RunObserver observer;
  Trainer<float> trainer(*backend, of, "", observer);
  trainer.run_epoch();
  return {trainer.state().parameters(), trainer.result().epochs.back().splits.at("train")};
}

TEST(Slices, GiveTheBitsOfTheWholeBatch) {
  for (const char* reduction : {"sum", "mean_trial", "mean_batch"}) {
    const std::vector<std::string> more{std::string("/training/reduction=") + reduction};
    const Trained whole = train(experiment("5", more));
    for (const char* slice : {"1", "2", "4", "0"}) {
      const Trained parts = train(experiment(slice, more));
      EXPECT_EQ(parts.parameters, whole.parameters) << reduction << ", " << slice;
      EXPECT_EQ(parts.train, whole.train) << reduction << ", " << slice;
    }
  }
}

TEST(Slices, AreRefusedWhereTheBatchIsOne) {
  const auto error_with = [](const std::vector<std::string>& more) -> std::string {
    try {
      experiment("2", more);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error_with({}), "");
  for (const char* setting : {"/learning/rate_regularization/average=batch", "/training/update={\"mode\":\"step\"}"}) {
    EXPECT_NE(error_with({setting}).find("/training/slice: 2 trials of a batch of 5"), std::string::npos) << setting;
  }
}

TEST(Slices, OfTimeAreRefusedWhereATrialIsOne) {
  for (const char* setting : {"/learning={\"rule\":\"pair_stdp\",\"form\":\"trial\"}", "/training/carry_state=true"}) {
    try {
      experiment("0", {"/training/slice_steps=30", setting});
      ADD_FAILURE() << setting;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find("/training/slice_steps: 30 steps"), std::string::npos) << error.what();
    }
  }
}

Plan plan_of(const Experiment& of, const Backend<float>& backend) {
  const auto task = make_task(of.task, of.seed, "", of.network.dt);
  const Network network = build_network(of.network, task->shape(), of.seed);
  return make_plan(of, *task, network, backend);
}

// Sizes by hand: 300 + 100 + 150 steps (3 cues of 150), 40 inputs, 40 neurons, 2 outputs.
TEST(Plan, CountsEveryArrayWithoutAllocating) {
  const auto backend = make_cpu_backend<float>(1);
  const Plan plan = plan_of(experiment("0"), *backend);
  const auto bytes = [&plan](const std::string& name) -> std::pair<std::size_t, std::size_t> {
    for (const PlannedArray& array : plan.arrays) {
      if (array.name.starts_with(name)) return {array.fixed, array.per_trial};
    }
    return {~std::size_t{0}, ~std::size_t{0}};
  };
  const std::size_t steps = 3 * 150 + 100 + 150;
  EXPECT_EQ(bytes("spikes (").first, 0u);
  EXPECT_EQ(bytes("spikes (").second, steps * 40);
  EXPECT_EQ(bytes("pseudo-derivatives").second, steps * 40 * 4);
  EXPECT_EQ(bytes("input events").second, steps * 40);
  EXPECT_EQ(bytes("outputs").second, steps * 2 * 4);
  EXPECT_EQ(bytes("scratch memory"), std::pair(std::size_t{0}, std::size_t{0}));
  EXPECT_EQ(bytes("segments").second, steps * 4);
  EXPECT_EQ(plan.bytes(3), plan.bytes(0) + 3 * (plan.bytes(1) - plan.bytes(0)));
  EXPECT_EQ(plan.largest_batch(plan.bytes(7)), 7u);
  EXPECT_EQ(plan.largest_batch(plan.bytes(7) - 1), 6u);
  EXPECT_EQ(plan.largest_batch(plan.bytes(0)), 0u);
  ASSERT_GE(plan.methods.size(), 3u);
  EXPECT_EQ(plan.methods[0].find("forward pass: a trial per thread"), 0u) << plan.methods[0];
}

// In slices of 100 steps: the spikes of the step before each are there too.
TEST(Plan, CountsTheStepsThatAreInMemoryAtOnce) {
  const auto backend = make_cpu_backend<float>(1);
  const Plan plan = plan_of(experiment("0", {"/training/slice_steps=100"}), *backend);
  for (const PlannedArray& array : plan.arrays) {
    if (array.name.starts_with("spikes (")) {
      EXPECT_EQ(array.per_trial, 101u * 40);
    }
    if (array.name.starts_with("pseudo-derivatives")) {
      EXPECT_EQ(array.per_trial, 100u * 40 * 4);
    }
    if (array.name.starts_with("segments")) {
      EXPECT_EQ(array.per_trial, (3u * 150 + 100 + 150) * 4);
    }
  }
}

TEST(Plan, ChoosesPartsBeforeSlices) {
  const auto backend = make_cpu_backend<float>(1);
  const Experiment of = experiment("0");
  const auto task = make_task(of.task, of.seed, "", of.network.dt);
  const Network network = build_network(of.network, task->shape(), of.seed);
  const Plan plan = make_plan(of, *task, network, *backend);
  const auto choose = [&](std::size_t memory) { return choose_slices(of, *task, network, *backend, memory); };
  const Slices whole = choose(plan.bytes(5));
  EXPECT_EQ(whole.trials, 5u);
  EXPECT_EQ(whole.steps, 0u);
  const Slices parts = choose(plan.bytes(2));
  EXPECT_EQ(parts.trials, 2u);
  EXPECT_EQ(parts.evaluated_trials, 2u);
  EXPECT_EQ(parts.steps, 0u);
  const Slices slices = choose(plan.bytes(1) - 1);
  EXPECT_EQ(slices.trials, 1u);
  EXPECT_GT(slices.steps, task->shape().max_steps / 2);
  EXPECT_LT(slices.steps, task->shape().max_steps);
  EXPECT_TRUE(slices.fits);
  EXPECT_FALSE(choose(plan.bytes(0)).fits);
}

TEST(Plan, IsOfTheLongestTrial) {
  const auto backend = make_cpu_backend<float>(1);
  const std::string directory = std::string(SW_SOURCE_DIR) + "/tasks";
  const Experiment of = load_experiment(directory + "/jsb_chorales.json");
  const auto task = make_task(of.task, of.seed, directory, of.network.dt);
  const Network network = build_network(of.network, task->shape(), of.seed);
  const std::size_t longest = task->shape().max_steps;
  const std::vector<std::uint64_t> first{0, 1};
  TrialBatch batch;
  task->fill(Split::train, first, batch);
  ASSERT_LT(batch.steps, longest);

  const Plan plan = make_plan(of, *task, network, *backend);

  const auto spikes = std::find_if(plan.arrays.begin(), plan.arrays.end(),
                                   [](const PlannedArray& array) { return array.name.starts_with("spikes ("); });
  ASSERT_NE(spikes, plan.arrays.end());
  EXPECT_EQ(spikes->per_trial, longest * network.neurons);
}

// A network of a hundred thousand neurons, all to all: 40 GB of weights.
TEST(Plan, OfANetworkLargerThanTheMachineTakesNoMemory) {
  const auto backend = make_cpu_backend<float>(1);
  const Plan plan =
      plan_of(experiment("0", {"/network/populations/0/size=50000", "/network/populations/1/size=50000"}), *backend);
  EXPECT_GT(plan.bytes(1), std::size_t{4} * 100'000 * 100'000);
}

}  // namespace
}  // namespace spikeweave
