// What a plasticity rule cannot be combined with is an error, not a surprise.

#include <gtest/gtest.h>

#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/trainer.hpp"
#include "tests/support/small_experiment.hpp"

namespace spikeweave {
namespace {

Json background() {
  return parse_json(R"({
    "task": {"type": "background", "inputs": 6, "rate": 100, "steps": 50},
    "network": {
      "populations": [{"name": "a", "size": 5}],
      "projections": [{"from": "input", "to": "a", "weights": 0.5, "low": 0, "high": 1}]
    },
    "learning": {"rule": "pair_stdp"},
    "training": {"epochs": 1, "updates_per_epoch": 1, "batch_size": 1}
  })");
}

Experiment read(const Json& json) {
  return read_experiment(json.dump(), "e");
}

// The error of reading the experiment with these values, and of making its run.
std::string error_with(std::initializer_list<std::pair<const char*, Json>> values) {
  Json json = background();
  for (const auto& [pointer, value] : values) json[Json::json_pointer(pointer)] = value;
  return error_of([&] {
    const Experiment experiment = read(json);
    const auto backend = make_cpu_backend<float>(1);
    RunObserver nobody;
    Trainer<float> trainer(*backend, experiment, "", nobody);
  });
}

TEST(PlasticitySettings, ThePlainOnesAreAccepted) {
  EXPECT_EQ(error_with({}), "no error");
}

TEST(PlasticitySettings, WeightsThatChangeInATrialNeedABatchOfOne) {
  EXPECT_EQ(error_with({{"/training/batch_size", 4}}),
            "e: /training/batch_size: 4, but the weights change while a trial runs; expected 1 (or /learning/form "
            "trial)");
  EXPECT_EQ(error_with({{"/training/batch_size", 4}, {"/learning/form", "trial"}}), "no error");
}

TEST(PlasticitySettings, AChangeThatDependsOnTheWeightCannotWaitForTheEnd) {
  EXPECT_EQ(error_with({{"/learning/form", "trial"}, {"/learning/mu_plus", 1}}),
            "e: /learning/form: with these settings a change of pair_stdp depends on the weight or on single pairs, so "
            "it cannot wait for the end of the trial; expected event or step");
}

TEST(PlasticitySettings, ThereIsNoGradientToClipAndNoUpdateToAverage) {
  EXPECT_EQ(error_with({{"/training/clip_norm", 1}}),
            "e: /training/clip_norm: 1 clips a gradient, and pair_stdp has none; expected 0");
  EXPECT_EQ(error_with({{"/training/parameter_average", 0.9}}),
            "e: /training/parameter_average: 0.9 averages updates, and the weights change while a trial runs; expected "
            "0");
}

TEST(PlasticitySettings, InputDropoutWouldNotReachTheRule) {
  EXPECT_EQ(error_with({{"/network/input/dropout", 0.5}}),
            "e: /network/input/dropout: 0.5 hides input from the neurons, not from pair_stdp; expected 0");
}

TEST(PlasticitySettings, WeightsStartInsideTheirBounds) {
  EXPECT_EQ(
      error_with({{"/network/projections/0/weights", 2.5}}),
      "/network/projections/0/weights: the weight from cell 0 to cell 0 starts at 1.020621, outside of the bounds "
      "low and high, [0.000000, 1.000000]");  // 2.5 / sqrt(6)
}

TEST(PlasticitySettings, InputUnderWayIsNotLostBetweenTrials) {
  EXPECT_EQ(error_with({{"/network/projections/0/delay", 3}, {"/training/carry_state", true}}),
            "/network/projections/0/delay: 3 steps: input under way at the end of a trial would be lost, as "
            "/training/carry_state is true; expected 0");
  EXPECT_EQ(error_with({{"/network/projections/0/delay", 3}}), "no error");
}

TEST(PlasticitySettings, ARunThatCarriesItsStateHasNoEvaluation) {
  Json json = background();
  json["task"] = parse_json(R"({"type": "sequence_prediction"})");
  json["network"] = parse_json(R"({
    "populations": [{"name": "a", "size": 80, "neuron": {"model": "escape_lif"}}],
    "projections": [{"from": "a", "to": "a", "weights": 0, "low": -1, "high": 1}]
  })");
  json["training"]["carry_state"] = true;
  const std::string error = error_of([&] {
    const Experiment experiment = read(json);
    const auto backend = make_cpu_backend<float>(1);
    RunObserver nobody;
    Trainer<float> trainer(*backend, experiment, "", nobody);
  });
  EXPECT_EQ(error.substr(0, error.find(" trials")), "/training/carry_state: true, but the task has 64");
}

}  // namespace
}  // namespace spikeweave
