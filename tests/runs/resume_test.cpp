// A run that is stopped and resumed gives the bits of the run that was not.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/cpu/cpu_backend.hpp"
#include "host/record/checkpoint.hpp"
#include "spikeweave/core/error.hpp"
#include "tests/runs/snapshots.hpp"
#include "tests/support/scratch_folder.hpp"

namespace spikeweave {
namespace {

using test::evidence;
using test::expect_same_bits;
using test::experiment_with;

// 229 sequences in updates of 100: epochs end within a pass, and updates span two passes.
constexpr const char* chorales = R"({"seed": 12,
  "task": {"type": "piano_roll", "file": "tasks/data/JSB_Chorales.mat", "frame_steps": 1},
  "network": {"input": {"dropout": 0.2},
    "populations": [{"name": "a", "size": 8, "neuron": {"model": "alif", "tau_m": 5, "refractory_steps": 0}}],
    "readout": {"tau": 2, "bias": true, "dropout": 0.5},
    "projections": [{"from": "input", "to": "a", "weights": {"distribution": "normal", "mean": 0.2, "std": 0.5}},
                    {"from": "a", "to": "a"}, {"from": "a", "to": "output"}]},
  "feedback": {"type": "symmetric"},
  "optimizer": {"type": "adam"},
  "training": {"epochs": 4, "batch_size": 100, "updates_per_epoch": 2, "evaluation_batch": 40,
               "parameter_average": 0.9}})";

// Trials that continue each other, with rewards under way from one to the next.
constexpr const char* rewarded = R"({"seed": 5,
  "task": {"type": "rewarded_pairing", "steps": 100, "delay_low": 100, "delay_high": 200},
  "network": {
    "populations": [{"name": "a", "size": 40, "neuron": {"model": "izhikevich", "noise": 40}}],
    "projections": [{"from": "a", "to": "a", "connectivity": {"type": "fixed_outdegree", "outdegree": 10}, "delay": 3,
                     "weights": 1, "scale": "unit", "low": 0, "high": 4,
                     "single_weights": [{"synapse": 0, "weight": 0}]}]},
  "learning": {"rule": "rewarded_stdp", "form": "event", "coincidence": "ltp"},
  "training": {"epochs": 4, "batch_size": 1, "updates_per_epoch": 5, "carry_state": true}})";

// One run in this process.
struct TestRun {
  TestRun(const Experiment& settings, int threads) : experiment(settings), backend(make_cpu_backend<float>(threads)) {}
  Experiment experiment;
  std::unique_ptr<Backend<float>> backend;
  RunObserver observer{};
  Trainer<float> trainer{*backend, experiment, SW_SOURCE_DIR, observer};

  void train(std::uint64_t epochs) {
    while (trainer.epoch() < epochs) trainer.run_epoch();
  }
};

class Resume : public ::testing::Test, protected ScratchFolder {
 protected:
  // The whole run against one that stops after `stop` epochs and goes on in another trainer on other threads.
  void expect_resumed_run_is_the_same(const char* json, const std::vector<std::string>& of_both,
                                      const std::vector<std::string>& of_first, std::uint64_t stop) const {
    std::vector<std::string> shortened = of_both;
    shortened.insert(shortened.end(), of_first.begin(), of_first.end());
    TestRun whole(experiment_with(json, of_both), 1);
    TestRun first(experiment_with(json, shortened), 1);
    TestRun second(experiment_with(json, of_both), 2);
    const auto epochs = static_cast<std::uint64_t>(whole.experiment.training.epochs);

    whole.train(epochs);
    first.train(stop);
    save_checkpoint(path("checkpoint.h5"), first.trainer.snapshot(), first.experiment);
    second.trainer.restore(load_checkpoint<float>(path("checkpoint.h5"), second.experiment));
    EXPECT_EQ(second.trainer.epoch(), stop);
    second.train(epochs);

    expect_same_bits(second.trainer.snapshot(), whole.trainer.snapshot());
    whole.trainer.finish();
    second.trainer.finish();
    expect_same_bits(second.trainer.snapshot(), whole.trainer.snapshot());
    EXPECT_EQ(whole.trainer.result().digest.empty(),
              whole.experiment.training.carry_state);                 // then nothing is evaluated
    EXPECT_GT(whole.trainer.result().final["train"]["rate_a"], 1.0);  // [Hz]: a silent network would show nothing
  }
};

TEST_F(Resume, InterruptedGeneratedTaskGoesOnBitForBit) {
  expect_resumed_run_is_the_same(evidence, {}, {}, 2);
}

TEST_F(Resume, ExtendedGeneratedTaskIsTheLongRun) {
  expect_resumed_run_is_the_same(evidence, {}, {"/training/epochs=2"}, 2);
}

TEST_F(Resume, RunBeforeItsFirstEpochGoesOn) {
  expect_resumed_run_is_the_same(evidence, {"/training/epochs=1"}, {}, 0);
}

TEST_F(Resume, FinishedRunIsOnlyTested) {
  expect_resumed_run_is_the_same(evidence, {"/training/epochs=2"}, {}, 2);
}

TEST_F(Resume, InterruptedFiniteDataGoesOnBitForBit) {
  expect_resumed_run_is_the_same(chorales, {"/training/schedule/kind=cosine"}, {}, 1);
}

TEST_F(Resume, ExtendedFiniteDataIsTheLongRun) {
  expect_resumed_run_is_the_same(chorales, {}, {"/training/epochs=2"}, 2);
}

TEST_F(Resume, EpochsOfOnePassGoOnBitForBit) {
  expect_resumed_run_is_the_same(
      chorales,
      {"/training/updates_per_epoch=0", "/training/epochs=2", "/training/evaluate_every=0", "/optimizer/type=sgd"}, {},
      1);
}

TEST_F(Resume, WeightsThatChangeWithinTrialsGoOnBitForBit) {
  expect_resumed_run_is_the_same(evidence, {"/training/update={\"mode\": \"chunk\", \"steps\": 7}"}, {}, 2);
}

// State that goes on from trial to trial: spikes under way, traces, eligibilities, noise.
constexpr const char* carried = R"({"seed": 4,
  "task": {"type": "background", "inputs": 20, "rate": 60, "steps": 130},
  "network": {
    "populations": [{"name": "a", "size": 15, "neuron": {"model": "escape_lif"}}],
    "projections": [{"from": "input", "to": "a", "weights": 0.6, "scale": "unit", "low": 0, "high": 1},
                    {"from": "a", "to": "a", "connectivity": {"type": "fixed_probability", "probability": 0.4},
                     "delay": {"distribution": "uniform", "low": 1, "high": 20}, "weights": 0.1, "low": 0, "high": 0.5}]},
  "learning": {"rule": "triplet_stdp"},
  "training": {"epochs": 5, "batch_size": 1, "updates_per_epoch": 1, "carry_state": true}})";

TEST_F(Resume, CarriedStateGoesOnBitForBit) {
  for (const char* rule : {"pair_stdp", "triplet_stdp", "presynaptic_centred_stdp", "window_stdp", "rewarded_stdp"}) {
    SCOPED_TRACE(rule);
    expect_resumed_run_is_the_same(carried, {std::string("/learning/rule=") + rule}, {}, 2);
  }
}

TEST_F(Resume, CarriedTrialsAndRewardsUnderWayGoOnBitForBit) {
  expect_resumed_run_is_the_same(rewarded, {}, {}, 2);
}

TEST_F(Resume, RunKeepsItsOwnTitle) {
  TestRun run(experiment_with(evidence, {"/title=new"}), 1);
  TrainerSnapshot<float> snapshot = run.trainer.snapshot();
  snapshot.result.title = "old";
  snapshot.result.device = "elsewhere";

  run.trainer.restore(snapshot);

  EXPECT_EQ(run.trainer.result().title, "new");
  EXPECT_EQ(run.trainer.result().device, run.backend->device_name());
}

TEST_F(Resume, NetworkOfAnotherSizeIsRefused) {
  TestRun run(experiment_with(evidence, {}), 1);
  TrainerSnapshot<float> snapshot = run.trainer.snapshot();
  snapshot.parameters.push_back(0.f);

  EXPECT_THROW(run.trainer.restore(snapshot), InputError);
}

}  // namespace
}  // namespace spikeweave
