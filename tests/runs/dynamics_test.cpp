// Networks of phases, and the weight mirror, on the CUDA backend beside the CPU.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "host/config/override.hpp"
#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/trainer.hpp"
#include "tests/support/backends.hpp"

namespace spikeweave::test {
namespace {

class DynamicsOn : public OnBackend {};
SW_ON_ALL_BACKENDS(DynamicsOn);

constexpr const char* predictive = R"({
  "task": {"type": "noise_classification", "inputs": 12, "classes": 3, "steps": 6, "rate": 300, "scored_steps": 6},
  "phases": {"teaches": "out", "sequence": [{"name": "predict", "steps": 1, "scored": true},
                                            {"name": "infer", "steps": 5, "teacher": "clamp", "weight": 1}]},
  "network": {
    "input": {"encoding": "current"},
    "populations": [{"name": "hidden", "size": 33, "neuron": {"model": "predictive_unit"}},
                    {"name": "out", "size": 6, "neuron": {"model": "predictive_unit", "variance": 2}}],
    "readout": {"tau": 0},
    "projections": [{"from": "input", "to": "hidden"},
                    {"from": "hidden", "to": "out", "within_step": true},
                    {"from": "bias", "to": ["hidden", "out"]},
                    {"from": "out/error", "to": "hidden/feedback", "transpose_of": 1},
                    {"from": "out", "to": "output", "connectivity": {"type": "grouped"}, "trainable": false}]
  },
  "learning": {"rule": "local_error"},
  "optimizer": {"type": "sgd", "learning_rate": 0.1},
  "training": {"epochs": 1, "updates_per_epoch": 3, "batch_size": 5}
})";

constexpr const char* equilibrium = R"({
  "task": {"type": "noise_classification", "inputs": 12, "classes": 3, "steps": 14, "rate": 300, "scored_steps": 6},
  "phases": {"teaches": "out", "random_sign": true,
             "sequence": [{"name": "free", "steps": 10, "scored": true, "weight": -2},
                          {"name": "nudged", "steps": 4, "teacher": "nudge", "strength": 0.5, "weight": 2}]},
  "network": {
    "input": {"encoding": "current"},
    "populations": [{"name": "hidden", "size": 33, "neuron": {"model": "energy_unit", "epsilon": 0.5, "initial": 0.2}},
                    {"name": "out", "size": 3, "neuron": {"model": "leaky_rate_unit"}}],
    "readout": {"tau": 0},
    "projections": [{"from": "input", "to": "hidden"}, {"from": "hidden", "to": "out"},
                    {"from": "out", "to": "hidden", "transpose_of": 1, "transpose_factor": 0.5},
                    {"from": "out", "to": "output", "connectivity": {"type": "one_to_one"}, "trainable": false}]
  },
  "learning": {"rule": "contrastive"},
  "optimizer": {"type": "sgd", "learning_rate": 0.1},
  "training": {"epochs": 1, "updates_per_epoch": 3, "batch_size": 5}
})";

// Trials continue each other, and each output hears the others.
constexpr const char* bursting = R"({
  "task": {"type": "noise_classification", "inputs": 12, "classes": 3, "steps": 12, "rate": 300, "scored_steps": 12},
  "phases": {"teaches": "out", "sequence": [{"name": "predict", "steps": 9, "scored": true},
                                            {"name": "teach", "steps": 3, "teacher": "nudge", "weight": 1,
                                             "moment": "every_step"}]},
  "network": {
    "input": {"encoding": "current"},
    "populations": [{"name": "hidden", "size": 33, "neuron": {"model": "leaky_burst_unit", "tau": 2, "tau_average": 9}},
                    {"name": "out", "size": 3,
                     "neuron": {"model": "leaky_burst_unit", "cell": "output", "tau": 2, "tau_average": 9}}],
    "readout": {"tau": 0},
    "projections": [{"from": "input", "to": "hidden"}, {"from": "hidden", "to": "out"},
                    {"from": "bias", "to": ["hidden", "out"]},
                    {"from": "out/bursts", "to": "hidden/dendrite", "trainable": false},
                    {"from": "out", "to": "out/dendrite", "weights": -0.5, "trainable": false},
                    {"from": "out", "to": "output", "connectivity": {"type": "one_to_one"}, "trainable": false}]
  },
  "learning": {"rule": "local_error"},
  "optimizer": {"type": "sgd", "learning_rate": 0.5},
  "training": {"epochs": 1, "updates_per_epoch": 6, "batch_size": 5, "carry_state": true}
})";

constexpr const char* mirrored = R"({
  "task": {"type": "noise_classification", "inputs": 12, "classes": 3, "steps": 4, "rate": 300, "scored_steps": 2},
  "network": {
    "input": {"encoding": "current"},
    "populations": [{"name": "first", "size": 33, "neuron": {"model": "rate_unit"}},
                    {"name": "second", "size": 8, "neuron": {"model": "rate_unit"}}],
    "readout": {"tau": 0, "bias": true},
    "projections": [{"from": "input", "to": "first"}, {"from": "first", "to": "second", "within_step": true},
                    {"from": "second", "to": "output"}]
  },
  "learning": {"rule": "bptt"},
  "feedback": {"type": "weight_mirror"},
  "optimizer": {"type": "sgd", "learning_rate": 0.1},
  "training": {"epochs": 1, "updates_per_epoch": 3, "batch_size": 5}
})";

struct Learned {
  std::vector<float> initial, parameters, feedback;
};

Learned learn(Backend<float>& backend, const char* text, const std::vector<std::string>& overrides = {}) {
  Json json = parse_json(text);
  for (const std::string& one : overrides) apply_override(json, one);
  const Experiment experiment = read_experiment(json.dump(), "test");
  RunObserver silent;
  Trainer<float> trainer(backend, experiment, "", silent);
  Learned learned;
  learned.initial = trainer.state().parameters();
  trainer.run_epoch();
  learned.parameters = trainer.state().parameters();
  learned.feedback = trainer.state().feedback();
  return learned;
}

float largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = 0.0f;
  for (std::size_t n = 0; n < a.size(); ++n) largest = std::max(largest, std::abs(a[n] - b[n]));
  return largest;
}

TEST_P(DynamicsOn, LearnWhatTheyLearnOnTheCpu) {
  const auto cpu = make_cpu_backend<float>();
  for (const char* text : {predictive, equilibrium, bursting, mirrored}) {
    const Learned expected = learn(*cpu, text);
    const Learned found = learn(backend(), text);

    EXPECT_GT(largest_difference(expected.parameters, expected.initial), 1e-3f) << text;
    ASSERT_EQ(found.parameters.size(), expected.parameters.size());
    EXPECT_LT(largest_difference(found.parameters, expected.parameters), 1e-5f) << text;
    EXPECT_LT(largest_difference(found.feedback, expected.feedback), 1e-5f) << text;
  }
}

// Also after updates: 12 x 33 from the input, 33 x 6 up, 39 biases, 6 x 33 back.
TEST_P(DynamicsOn, WaysBackFollowTheWeights) {
  const Learned learned = learn(backend(), predictive);
  constexpr std::size_t up = 12 * 33, back = up + 33 * 6 + 39;
  for (std::size_t i = 0; i < 33; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      ASSERT_EQ(learned.parameters[back + j * 33 + i], learned.parameters[up + i * 6 + j]) << i << ", " << j;
      ASSERT_NE(learned.parameters[up + i * 6 + j], learned.initial[up + i * 6 + j]);
    }
  }
}

// A batch in parts is the batch.
TEST_P(DynamicsOn, PartsOfABatchLearnTheSame) {
  for (const char* text : {predictive, equilibrium}) {
    const Learned whole = learn(backend(), text);
    const Learned parts = learn(backend(), text, {"/training/slice=2"});

    EXPECT_LT(largest_difference(parts.parameters, whole.parameters), 1e-6f) << text;
  }
}

// With time the mirror turns random feedback into the transposed weights: noise^2 mirror_rate = mirror_decay.
TEST_P(DynamicsOn, TheMirrorFindsTheWeights) {
  const std::vector<std::string> still{"/optimizer/learning_rate=1e-9", "/training/updates_per_epoch=300",
                                       "/feedback/samples=50", "/training/batch_size=1"};
  const Learned learned = learn(backend(), mirrored, still);

  double product = 0.0, weights = 0.0, feedback = 0.0;
  constexpr std::size_t neurons = 41, begin = 12 * 33,
                        count = 33 * 8;  // the second projection; behind B of the outputs
  for (std::size_t w = begin; w < begin + count; ++w) {
    const double own = learned.parameters[w], back = learned.feedback[3 * neurons + w];
    product += own * back, weights += own * own, feedback += back * back;
  }
  EXPECT_GT(product / std::sqrt(weights * feedback), 0.9);
  EXPECT_NEAR(product / weights, 1.0, 0.1);
}

}  // namespace
}  // namespace spikeweave::test
