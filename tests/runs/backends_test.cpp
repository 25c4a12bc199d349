// Whole runs on the CUDA backend (emulated, and on a GPU where there is one) beside the CPU.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "host/task/nest_reference.hpp"
#include "host/train/selftest.hpp"
#include "spikeweave/train/plan.hpp"
#include "spikeweave/train/trainer.hpp"
#include "tests/emulation/runtime_api.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/source_folder.hpp"

namespace spikeweave::test {
namespace {

class RunsOn : public OnBackend {};
SW_ON_ALL_BACKENDS(RunsOn);

TEST_P(RunsOn, RegressionReproducesThePublishedLosses) {
  const NestReferenceCase reference = nest_regression_case();

  const std::vector<double> losses = run_reference(reference, backend());

  for (std::size_t n = 0; n < losses.size(); ++n) {
    EXPECT_LE(std::abs(losses[n] / reference.published_losses[n] - 1.0), 1e-6) << "iteration " << n + 1;
  }
}

// A short evidence accumulation with escape noise, dropout and Poisson input, one update.
struct ShortRun {
  RunResult result;
  std::vector<float> parameters;
};

Experiment short_experiment(const std::vector<std::string>& more) {
  std::vector<std::string> overrides{
      "/task/cues=1",
      "/task/delay_steps=50",
      "/task/recall_steps=50",
      "/task/cue_steps=50",
      "/task/group_size=5",
      "/task/evaluation/valid=3",
      "/task/evaluation/test=3",
      "/training/epochs=1",
      "/training/updates_per_epoch=1",
      "/training/batch_size=3",
      "/network/populations/0/size=20",
      "/network/populations/1/size=13",
      "/network/populations/0/neuron={\"model\": \"escape_lif\", \"escape\": \"logistic\"}",
      "/network/input/encoding=poisson",
      "/network/input/dropout=0.2",
      "/network/readout/dropout=0.3",
      "/network/readout/bias=true",
      "/training/clip_norm=0.5",
      "/training/parameter_average=0.5"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return load_experiment(source_folder() + "/tasks/evidence_accumulation.json", overrides);
}

ShortRun short_run(Backend<float>& on, const std::vector<std::string>& more = {}) {
  const Experiment experiment = short_experiment(more);
  RunObserver silent;
  Trainer<float> trainer(on, experiment, source_folder() + "/tasks", silent);
  trainer.run_epoch();
  const ShortRun run{trainer.result(), trainer.state().parameters()};
  return run;
}

TEST_P(RunsOn, SpikesAreTheBitsOfTheCpuAndUpdatesAgree) {
  const auto cpu = make_cpu_backend<float>();

  const ShortRun expected = short_run(*cpu);
  const ShortRun found = short_run(backend());

  EXPECT_EQ(found.result.digest, expected.result.digest);
  EXPECT_EQ(found.result.epochs[1].splits.at("train").at("rate_regular"),
            expected.result.epochs[1].splits.at("train").at("rate_regular"));
  EXPECT_GT(expected.result.epochs[1].splits.at("train").at("rate_adaptive"), 1.0);  // alive
  ASSERT_EQ(found.parameters.size(), expected.parameters.size());
  // Adam's first update moves a parameter by the learning rate, 0.005, whatever the gradient's size: where the gradient
  // is a rounding error its sign may differ. All others agree closely.
  std::size_t apart = 0;
  for (std::size_t n = 0; n < found.parameters.size(); ++n) {
    ASSERT_LE(std::abs(found.parameters[n] - expected.parameters[n]), 0.0101f);
    apart += std::abs(found.parameters[n] - expected.parameters[n]) > 1e-5f ? 1 : 0;
  }
  EXPECT_LE(apart, found.parameters.size() / 200);
}

// Weights that change every so many steps of a trial, in every step, and after a batch that is taken in parts.
TEST_P(RunsOn, WeightsThatChangeWithinATrialAreThoseOfTheCpu) {
  const auto cpu = make_cpu_backend<float>();
  const std::string sgd = "/optimizer={\"type\": \"sgd\", \"learning_rate\": 0.05}";
  for (const char* how : {"/training/update={\"mode\": \"chunk\", \"steps\": 7}",
                          "/training/update={\"mode\": \"step\"}", "/training/slice=2"}) {
    const ShortRun expected = short_run(*cpu, {sgd, how});
    const ShortRun found = short_run(backend(), {sgd, how});
    const ShortRun trial = short_run(*cpu, {sgd});

    EXPECT_EQ(found.result.digest, expected.result.digest) << how;
    ASSERT_EQ(found.parameters.size(), expected.parameters.size());
    float apart = 0.0f;
    float other = 0.0f;
    for (std::size_t n = 0; n < found.parameters.size(); ++n) {
      apart = std::max(apart, std::abs(found.parameters[n] - expected.parameters[n]));
      other = std::max(other, std::abs(trial.parameters[n] - expected.parameters[n]));
    }
    EXPECT_LE(apart, 1e-5f) << how;
    if (std::string(how).find("update") != std::string::npos) {
      EXPECT_GT(other, 1e-4f) << how << ": nothing has changed within the trial";
    }
  }
}

// Layers, one within the step of the other, with a projection back, and errors that travel back through weights of
// their own.
TEST_P(RunsOn, LayersAreThoseOfTheCpu) {
  const auto cpu = make_cpu_backend<float>();
  const std::vector<std::string> common{"/optimizer={\"type\": \"sgd\", \"learning_rate\": 0.05}",
                                        "/learning={\"rule\": \"bptt\"}",
                                        R"(/network/projections=[{"from": "input", "to": "regular"},
                               {"from": "regular", "to": "adaptive", "within_step": true},
                               {"from": "adaptive", "to": "regular"},
                               {"from": "bias", "to": ["regular", "adaptive"], "weights": 0.02},
                               {"from": ["regular", "adaptive"], "to": "output"}])"};
  std::vector<std::vector<float>> learned;
  const std::string sparse = R"(/network/projections/1/connectivity={"type": "fixed_probability", "probability": 0.5})";
  const std::string random = R"(/feedback={"type": "random", "scale": "population"})";
  for (const std::vector<std::string>& variant :
       std::vector<std::vector<std::string>>{{R"(/feedback={"type": "symmetric"})"},
                                             {random},
                                             {R"(/feedback={"type": "adaptive", "scale": "population"})"},
                                             {R"(/feedback={"type": "sign_symmetric"})"},
                                             {R"(/feedback={"type": "sign_concordant"})"},
                                             {random, sparse}}) {
    std::vector<std::string> settings = common;
    settings.insert(settings.end(), variant.begin(), variant.end());
    const std::string& type = variant.back();
    const ShortRun expected = short_run(*cpu, settings);
    const ShortRun found = short_run(backend(), settings);

    EXPECT_EQ(found.result.digest, expected.result.digest) << type;
    EXPECT_GT(found.result.epochs[1].splits.at("train").at("rate_adaptive"), 1.0) << type;
    ASSERT_EQ(found.parameters.size(), expected.parameters.size());
    for (std::size_t n = 0; n < found.parameters.size(); ++n) {
      ASSERT_NEAR(found.parameters[n], expected.parameters[n], 1e-5f) << type << ", parameter " << n;
    }
    for (const auto& other : learned) EXPECT_NE(found.parameters, other) << type;
    learned.push_back(found.parameters);
  }
}

// Layers that backends may take one after the other, many steps at a time.
TEST_P(RunsOn, LayersWithoutAWayBackAreThoseOfTheCpu) {
  const auto cpu = make_cpu_backend<float>();
  const std::vector<std::string> common{"/optimizer={\"type\": \"sgd\", \"learning_rate\": 0.05}",
                                        "/learning={\"rule\": \"bptt\"}",
                                        R"(/feedback={"type": "random", "scale": "population"})",
                                        R"(/network/projections=[{"from": "input", "to": "regular"},
                               {"from": "regular", "to": "adaptive"},
                               {"from": "bias", "to": ["regular", "adaptive"], "weights": 0.02},
                               {"from": ["regular", "adaptive"], "to": "output"}])"};
  for (const char* variant : {"/network/projections/1/delay=1", "/network/projections/1/delay=4",
                              "/network/projections/1/within_step=true", "/training/slice_steps=20"}) {
    std::vector<std::string> settings = common;
    settings.push_back(variant);
    const ShortRun expected = short_run(*cpu, settings);
    const ShortRun found = short_run(backend(), settings);

    EXPECT_EQ(found.result.digest, expected.result.digest) << variant;
    EXPECT_GT(found.result.epochs[1].splits.at("train").at("rate_adaptive"), 1.0) << variant;
    ASSERT_EQ(found.parameters.size(), expected.parameters.size());
    for (std::size_t n = 0; n < found.parameters.size(); ++n) {
      ASSERT_NEAR(found.parameters[n], expected.parameters[n], 1e-5f) << variant << ", parameter " << n;
    }
  }
}

// Trials in slices of time, longer and shorter than the delays: rules, forms and updates give the run that holds whole
// trials.
TEST_P(RunsOn, SlicesOfTimeGiveTheSameRun) {
  const std::vector<std::string> common{"/optimizer={\"type\": \"sgd\", \"learning_rate\": 0.05}",
                                        "/network/projections/0/delay=7",
                                        "/network/projections/1/delay=9",
                                        "/task/cue_steps=15",
                                        "/task/delay_steps=10",
                                        "/task/recall_steps=15"};
  const std::vector<std::vector<std::string>> variants{
      {"/training/slice=2"},
      {"/learning={\"rule\": \"eprop\", \"form\": \"step\"}"},
      {"/learning={\"rule\": \"eprop\", \"signal\": \"local\"}"},
      {"/learning={\"rule\": \"eprop\", \"signal\": \"local\", \"prediction\": \"membrane\"}",
       "/network/populations/1/neuron={\"model\": \"escape_lif\"}"},
      {"/learning={\"rule\": \"bptt\"}", "/feedback={\"type\": \"symmetric\"}"},
      {"/training/update={\"mode\": \"chunk\", \"steps\": 13}"}};
  for (std::size_t n = 0; n < variants.size(); ++n) {
    std::vector<std::string> settings = common;
    settings.insert(settings.end(), variants[n].begin(), variants[n].end());
    const ShortRun whole = short_run(backend(), settings);
    settings.push_back(n % 2 == 0 ? "/training/slice_steps=5" : "/training/slice_steps=23");
    const ShortRun found = short_run(backend(), settings);

    EXPECT_EQ(found.result.digest, whole.result.digest) << settings.back() << variants[n][0];
    EXPECT_NEAR(found.result.epochs[1].splits.at("train").at("loss"),
                whole.result.epochs[1].splits.at("train").at("loss"), 1e-9)
        << settings.back() << variants[n][0];
    float apart = 0.0f;
    for (std::size_t w = 0; w < found.parameters.size(); ++w) {
      apart = std::max(apart, std::abs(found.parameters[w] - whole.parameters[w]));
    }
    EXPECT_LE(apart, 1e-6f) << settings.back() << variants[n][0];
  }
}

// Memory for three trials: a batch of four and an evaluation of nine are taken in parts.
TEST(DeviceMemory, ThatHoldsFewTrialsGivesTheSameRun) {
  const std::vector<std::string> settings{"/optimizer={\"type\": \"sgd\", \"learning_rate\": 0.05}",
                                          "/training/batch_size=4", "/training/evaluation_batch=9",
                                          "/task/evaluation/valid=9"};
  const auto backend = [] { return emulated::make_backend(0, {.current_bytes = 4096}); };
  const ShortRun expected = short_run(*backend(), settings);
  const Experiment experiment = short_experiment(settings);
  const auto task = make_task(experiment, "");
  const Network network = build_network(experiment.network, task->shape(), experiment.seed);
  const Plan plan = make_plan(experiment, *task, network, *backend());
  emulation::set_memory_limit(emulation::allocated_bytes() + plan.bytes(3) * 10 / 9 + 1);

  const ShortRun found = short_run(*backend(), settings);
  std::vector<std::string> whole = settings;
  whole.push_back("/training/slice=4");
  whole.push_back("/training/slice_steps=" + std::to_string(task->shape().max_steps));
  EXPECT_THROW(short_run(*backend(), whole), Error);  // the limit is one
  emulation::set_memory_limit();

  EXPECT_EQ(found.result.digest, expected.result.digest);
  ASSERT_EQ(found.parameters.size(), expected.parameters.size());
  for (std::size_t n = 0; n < found.parameters.size(); ++n) {
    ASSERT_NEAR(found.parameters[n], expected.parameters[n], 1e-5f) << "parameter " << n;
  }
}

// Memory for less than a trial.
TEST(DeviceMemory, ThatHoldsNoTrialGivesTheSameRun) {
  const std::vector<std::string> settings{"/optimizer={\"type\": \"sgd\", \"learning_rate\": 0.05}",
                                          "/task/evaluation/valid=4", "/task/delay_steps=400"};
  const auto backend = [] { return emulated::make_backend(0, {.current_bytes = 4096}); };
  const ShortRun expected = short_run(*backend(), settings);
  const Experiment experiment = short_experiment(settings);
  const auto task = make_task(experiment, "");
  const Network network = build_network(experiment.network, task->shape(), experiment.seed);
  std::vector<std::string> alone = settings;  // the kernels need more memory for more trials
  alone.push_back("/training/batch_size=1");
  const Plan plan = make_plan(short_experiment(alone), *task, network, *backend());
  const std::size_t memory = plan.bytes(0) + (plan.bytes(1) - plan.bytes(0)) / 2;
  const Slices slices = choose_slices(experiment, *task, network, *backend(), memory);
  EXPECT_EQ(slices.trials, 1u);
  EXPECT_EQ(slices.evaluated_trials, 1u);
  const std::size_t longest = task->shape().max_steps;
  EXPECT_GT(slices.steps, longest / 4);
  EXPECT_LT(slices.steps, longest * 2 / 3);  // the kernels too need less memory
  emulation::set_memory_limit(emulation::allocated_bytes() + memory * 10 / 9 + 1);

  const ShortRun found = short_run(*backend(), settings);
  std::vector<std::string> whole = settings;
  whole.push_back("/training/slice_steps=" + std::to_string(longest));
  EXPECT_THROW(short_run(*backend(), whole), Error);  // the limit is one
  emulation::set_memory_limit();

  EXPECT_EQ(found.result.digest, expected.result.digest);
  ASSERT_EQ(found.parameters.size(), expected.parameters.size());
  for (std::size_t n = 0; n < found.parameters.size(); ++n) {
    ASSERT_NEAR(found.parameters[n], expected.parameters[n], 1e-5f) << "parameter " << n;
  }
}

}  // namespace
}  // namespace spikeweave::test
