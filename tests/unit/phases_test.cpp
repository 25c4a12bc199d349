// Trials in phases: what the settings may say, and what a task's trials become.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/config/experiment.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/network/network.hpp"
#include "spikeweave/network/network_state.hpp"

namespace spikeweave {
namespace {

// A predictive network on one-of-three classes in 6 steps.
Json predictive() {
  return parse_json(R"({
    "task": {"type": "noise_classification", "inputs": 4, "classes": 3, "steps": 6, "scored_steps": 6},
    "training": {"updates_per_epoch": 1},
    "phases": {
      "teaches": "out", "low": 0.1, "high": 0.9,
      "sequence": [{"name": "predict", "steps": 1, "scored": true},
                   {"name": "infer", "steps": 3, "teacher": "clamp", "weight": 2},
                   {"name": "rest", "steps": 2, "weight": -1, "moment": "every_step"}]
    },
    "network": {
      "populations": [{"name": "hidden", "size": 5, "neuron": {"model": "predictive_unit"}},
                      {"name": "out", "size": 6, "neuron": {"model": "predictive_unit"}}],
      "projections": [{"from": "input", "to": "hidden"},
                      {"from": "hidden", "to": "out", "within_step": true},
                      {"from": "out/error", "to": "hidden/feedback", "transpose_of": 1},
                      {"from": "out", "to": "output", "connectivity": {"type": "grouped"}, "trainable": false}]
    },
    "learning": {"rule": "local_error"}
  })");
}

std::string error_of(const Json& json) {
  try {
    const Experiment experiment = read_experiment(json.dump(), "e");
    build_network(experiment.network, make_task(experiment, "")->shape(), 1);
  } catch (const InputError& error) {
    const std::string text = error.what();
    return text.starts_with("e: ") ? text.substr(3) : text;
  }
  return "";
}

std::string error_with(const std::string& pointer, const std::string& value) {
  Json json = predictive();
  json[Json::json_pointer(pointer)] = Json::parse(value);
  return error_of(json);
}

TEST(Phases, GiveTrialsATeacherWeightsAndScoredSteps) {
  ASSERT_EQ(error_of(predictive()), "");
  const Experiment experiment = read_experiment(predictive().dump(), "e");
  const auto task = make_task(experiment, "");
  const std::vector<std::uint64_t> ids{0, 1};
  TrialBatch batch;

  task->fill(Split::train, ids, batch);

  const float clamp = std::numeric_limits<float>::infinity();
  EXPECT_EQ(batch.teacher_strength, (std::vector<float>{0, clamp, clamp, clamp, 0, 0}));
  EXPECT_EQ(batch.step_weight, (std::vector<float>{0, 0, 0, 2, -1, -1}));
  EXPECT_EQ(batch.length, (std::vector<std::int32_t>{6, 6}));
  EXPECT_EQ(batch.segment, (std::vector<std::int32_t>{0, -1, -1, -1, -1, -1, 0, -1, -1, -1, -1, -1}));
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::int32_t k = 0; k < 3; ++k) {
      EXPECT_EQ(batch.teacher_target[b * 3 + static_cast<std::size_t>(k)], batch.target_class[b] == k ? 0.9f : 0.1f);
    }
  }

  task->fill(Split::test, ids, batch);

  EXPECT_TRUE(batch.teacher_strength.empty());
  EXPECT_EQ(batch.length, (std::vector<std::int32_t>{1, 1}));
}

TEST(Phases, AreAsLongAsATrialAndNamedOnce) {
  EXPECT_EQ(error_with("/phases/sequence/1/steps", "4"), "/phases/sequence: 7 steps in all; a trial of the task has 6");
  EXPECT_EQ(error_with("/phases/sequence/2/name", "\"infer\""),
            "/phases/sequence/2/name: \"infer\" is the name of phase 1 too");
  EXPECT_EQ(error_with("/phases/sequence/0/name", "\"\""), "/phases/sequence/0/name: missing; expected a name");
  EXPECT_EQ(error_with("/phases/sequence/0/scored", "false"),
            "/phases/sequence: no phase is scored; at least one is needed");
  EXPECT_EQ(error_with("/phases/sequence/2/scored", "true"),
            "/phases/sequence/2/scored: true behind phase \"infer\", in which a teacher is there; evaluation has none, "
            "so what is scored comes first");
}

TEST(Phases, TeachAPopulationThatCanBeTaught) {
  EXPECT_EQ(error_with("/phases/teaches", "\"outt\""),
            "/phases/teaches: \"outt\" is not one of hidden out; did you mean \"out\"?");
  EXPECT_EQ(error_with("/phases/teaches", "\"hidden\""),
            "/phases/teaches: hidden has 5 neurons; expected a multiple of the 3 outputs");
  EXPECT_EQ(error_with("/phases/sequence/1/teacher", "\"none\""),
            "/phases/teaches: \"out\", but no phase has a teacher; expected nothing");
  EXPECT_EQ(
      error_with("/phases/sequence/1/teacher", "\"nudge\""),
      "/phases/sequence/1/teacher: \"nudge\", but \"out\" is of model predictive_unit, which can only be clamped");
}

TEST(Phases, GoWithRulesThatCompareThem) {
  Json json = predictive();
  json["phases"]["sequence"][1]["weight"] = 0, json["phases"]["sequence"][2]["weight"] = 0;
  EXPECT_EQ(error_of(json),
            "/phases/sequence: weight is 0 in all phases, so local_error learns nothing; expected another in one of "
            "them");
  EXPECT_EQ(error_with("/training/carry_state", "true"), "");
  EXPECT_EQ(error_with("/network/populations/0/neuron", R"({"model": "leaky_rate_unit"})"),
            "/network/projections/2/to: \"hidden/feedback\" is not one of hidden out output out/feedback; did you mean "
            "\"out/feedback\"?");
  json = predictive();
  json["network"]["populations"][0]["neuron"] = {{"model", "leaky_rate_unit"}};
  json["network"]["projections"].erase(2);
  EXPECT_EQ(error_of(json),
            "/network/projections/0/trainable: true, but rule local_error needs neurons that carry errors, and "
            "population \"hidden\" is of model leaky_rate_unit; expected false");
  json["learning"] = {{"rule", "contrastive"}};
  EXPECT_EQ(error_of(json), "");
  json["network"]["projections"][0]["connectivity"] = {{"type", "fixed_indegree"}, {"indegree", 2}};
  EXPECT_EQ(error_of(json), "");
  json["network"]["projections"][0]["delay"] = 3;
  EXPECT_EQ(error_of(json),
            "/network/projections/0/delay: rule contrastive takes products of one step, so the projection is "
            "all_to_all with one delay, from input without; or not trainable");
}

// Segregated dendrites in 8 steps: a phase to settle, one of averages, and the same with a teacher; the last step
// learns.
Json segregated() {
  return parse_json(R"({
    "task": {"type": "noise_classification", "inputs": 4, "classes": 3, "steps": 8, "scored_steps": 8},
    "training": {"updates_per_epoch": 1},
    "phases": {
      "teaches": "out", "low": -8, "high": 8,
      "sequence": [{"name": "settle", "steps": 1},
                   {"name": "forward", "steps": 3, "average": true, "scored": true},
                   {"name": "pull", "steps": 1, "teacher": "nudge"},
                   {"name": "target", "steps": 2, "teacher": "nudge", "average": true},
                   {"name": "learn", "steps": 1, "weight": 1}]
    },
    "network": {
      "populations": [{"name": "hidden", "size": 5, "neuron": {"model": "segregated_unit"}},
                      {"name": "out", "size": 3, "neuron": {"model": "segregated_unit", "cell": "output"}}],
      "projections": [{"from": "input", "to": "hidden"},
                      {"from": "hidden/psp", "to": "out", "within_step": true},
                      {"from": "out/psp", "to": "hidden/apical", "trainable": false},
                      {"from": "out", "to": "output", "connectivity": {"type": "one_to_one"}, "trainable": false}]
    },
    "learning": {"rule": "local_error"}
  })");
}

TEST(Phases, SayOverWhichStepsNeuronsAverage) {
  ASSERT_EQ(error_of(segregated()), "");
  const Experiment experiment = read_experiment(segregated().dump(), "e");
  const auto task = make_task(experiment, "");
  const std::vector<std::uint64_t> ids{0, 1};
  TrialBatch batch;

  task->fill(Split::train, ids, batch);
  EXPECT_EQ(batch.average, (std::vector<std::int32_t>{0, -3, 3, 3, 0, -2, 2, 0}));

  task->fill(Split::test, ids, batch);
  EXPECT_TRUE(batch.average.empty());
}

TEST(Phases, AreAveragedWhereNeuronsCompareThem) {
  Json json = segregated();
  json["phases"]["sequence"][3]["average"] = false;
  EXPECT_EQ(error_of(json),
            "/phases/sequence: average is true in 1 phases; \"hidden\" is of model segregated_unit, which compares 2");
  json = segregated();
  json["phases"]["sequence"][2]["weight"] = 0.5;
  EXPECT_EQ(error_of(json),
            "/phases/sequence/2/weight: 0.5, but averages are compared behind the last phase in which they are taken; "
            "expected 0");
  json["phases"]["sequence"][2]["weight"] = 0;
  json["phases"]["sequence"][3]["weight"] = 0.5;
  EXPECT_EQ(error_of(json),
            "/phases/sequence/3/weight: 0.5, but averages are compared behind the last phase in which they are taken; "
            "expected 0");
  EXPECT_EQ(error_with("/phases/sequence/0/average", "true"),
            "/phases/sequence/0/average: true, but no population's model compares averages; expected false");
  json = segregated();
  json["network"]["populations"][0]["neuron"]["tau_short"] = 10;
  EXPECT_EQ(error_of(json), "/network/populations/0/neuron/tau_short: 10.000000 is not below tau_long, 10.000000");
}

TEST(Phases, OfOtherRulesHaveNeitherWeightsNorTeachers) {
  Json json = parse_json(R"({
    "task": {"type": "noise_classification", "inputs": 4, "classes": 3, "steps": 6, "scored_steps": 6},
    "training": {"updates_per_epoch": 1},
    "phases": {"sequence": [{"name": "first", "steps": 4}, {"name": "last", "steps": 2, "scored": true}]},
    "network": {
      "populations": [{"name": "hidden", "size": 5, "neuron": {"model": "rate_unit"}}],
      "projections": [{"from": "input", "to": "hidden"}, {"from": "hidden", "to": "output"}]
    }
  })");
  EXPECT_EQ(error_of(json), "");
  json["phases"]["sequence"][1]["weight"] = 1;
  EXPECT_EQ(
      error_of(json),
      "/phases/sequence/1/weight: 1, but eprop does not weigh its changes by phases, as local_error, contrastive and, "
      "with /learning/form event or step, burst_dependent do; expected 0");
  json["phases"]["sequence"][1]["weight"] = 0;
  json["phases"]["teaches"] = "hidden";
  json["phases"]["sequence"][1]["teacher"] = "clamp";
  EXPECT_EQ(error_of(json),
            "/phases/sequence/1/teacher: eprop follows the gradient of a network without a teacher; expected none");
}

TEST(Compartments, BelongToModelsAndRulesThatKnowThem) {
  EXPECT_EQ(
      error_with("/network/projections/2/from", "\"out/errors\""),
      "/network/projections/2/from: \"out/errors\" is not one of hidden out input bias hidden/error out/error; did "
      "you mean \"out/error\"?");
  Json json = predictive();
  json["learning"] = {{"rule", "pair_stdp"}, {"form", "trial"}};
  for (Json& projection : json["network"]["projections"]) projection["trainable"] = false;
  json["phases"]["sequence"][1]["weight"] = 0, json["phases"]["sequence"][2]["weight"] = 0;
  EXPECT_EQ(error_of(json),
            "/network/populations/0/neuron/model: \"predictive_unit\" has a second compartment, which pair_stdp does "
            "not know; expected /learning/rule local_error or contrastive");
}

TEST(Compartments, OfSpikingNeuronsGoWithPlasticityWhileATrialRuns) {
  Json json = parse_json(R"({
    "task": {"type": "background", "inputs": 4},
    "training": {"updates_per_epoch": 1, "batch_size": 1},
    "learning": {"rule": "burst_dependent"},
    "network": {
      "populations": [{"name": "cells", "size": 5, "neuron": {"model": "burst_neuron"}}],
      "projections": [
        {"from": "input", "to": "cells"}, {"from": "cells/bursts", "to": "cells/dendrite", "trainable": false}
      ]
    }
  })");
  EXPECT_EQ(error_of(json), "");
  json["learning"]["form"] = "trial";
  EXPECT_EQ(
      error_of(json),
      "/network/populations/0/neuron/model: \"burst_neuron\" has a second compartment, which burst_dependent does "
      "not know; expected /learning/rule of plasticity, with /learning/form event or step");
  json["learning"]["form"] = "step";
  json["network"]["projections"][1]["trainable"] = true;
  EXPECT_EQ(error_of(json),
            "/network/projections/1/trainable: true, but burst_dependent changes no weights onto second compartments; "
            "expected false");
}

TEST(WeightsOfSteps, NeedARuleThatKnowsThem) {
  Json json = parse_json(R"({
    "task": {"type": "logic_gate", "cells": 5},
    "training": {"updates_per_epoch": 1, "batch_size": 1, "carry_state": true},
    "learning": {"rule": "burst_dependent"},
    "network": {
      "populations": [{"name": "cells", "size": 15, "neuron": {"model": "burst_neuron"}}],
      "projections": [{"from": "cells", "to": "cells", "learning_rate_factor": 2}]
    }
  })");
  EXPECT_EQ(error_of(json), "");
  json["learning"]["rule"] = "pair_stdp";
  EXPECT_EQ(
      error_of(json),
      "/learning/rule: pair_stdp cannot be switched off for a time, as logic_gate wants; expected burst_dependent, "
      "with /learning/form event or step");
  json["task"] = {{"type", "background"}, {"inputs", 4}};
  json["network"]["projections"].push_back({{"from", "input"}, {"to", "cells"}});
  EXPECT_EQ(error_of(json),
            "/network/projections/0/learning_rate_factor: 2, but pair_stdp changes weights while a trial runs at rates "
            "of its own; expected 1, or /learning/form trial");
}

TEST(TransposedWeights, AreThoseOfAProjectionThatFits) {
  EXPECT_EQ(error_with("/network/projections/2/transpose_of", "2"),
            "/network/projections/2/transpose_of: 2; expected the index of a projection before this one, below 2");
  EXPECT_EQ(
      error_with("/network/projections/2/transpose_of", "0"),
      "/network/projections/2/transpose_of: out/error -> hidden/feedback (6 x 5) cannot have the transposed "
      "weights of input -> hidden (4 x 5); expected two projections of all pairs with one delay, whose sides fit");
  EXPECT_EQ(error_with("/network/projections/2/weights_file", "\"w.npy\""),
            "/network/projections/2/transpose_of: the weights are those of projection 1; expected neither weights_file "
            "nor single_weights");
}

// What second compartments send may be read out; no error goes back there, and no feedback weights stand beside it.
TEST(ReadOutPopulation, SecondCompartmentsHaveNoFeedback) {
  Json json = predictive();
  json["network"]["projections"][3]["from"] = "out/error";
  const Experiment experiment = read_experiment(json.dump(), "e");
  const Network network = build_network(experiment.network, make_task(experiment, "")->shape(), 1);
  const auto backend = make_cpu_backend<float>(1);
  NetworkState<float> state(*backend, network, {}, 1);
  state.set_parameters(std::vector<float>(network.parameter_count, 1.0f));

  EXPECT_FALSE(state.feedback_block(network.projections[3]).has_value());
  EXPECT_EQ(state.feedback(), std::vector<float>(network.outputs * network.neurons, 0.0f));
}

// 6 cells for 3 outputs, two for each.
TEST(ReadOutPopulation, OutputsReadTheirGroupOrTheirOne) {
  const Experiment experiment = read_experiment(predictive().dump(), "e");
  const Network network = build_network(experiment.network, make_task(experiment, "")->shape(), 1);
  const std::vector<double> parameters = initial_parameters(network, 1, "");
  const Projection& readout = network.projections[3];
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(parameters[readout.offset + i * 3 + k] != 0.0, i / 2 == k) << "cell " << i << ", output " << k;
    }
  }

  EXPECT_EQ(error_with("/network/projections/3/connectivity/type", "\"one_to_one\""),
            "/network/projections/3/connectivity: 6 cells for 3 outputs; expected as many");
  EXPECT_EQ(error_with("/network/projections/3/trainable", "true"),
            "/network/projections/3/trainable: true, but only a projection to \"output\" that is all_to_all learns; "
            "expected false");
  EXPECT_EQ(error_with("/network/projections/3/delay", "2"),
            "/network/projections/3/delay: a projection to \"output\" has no delay; expected 0");
  EXPECT_EQ(error_with("/network/projections/3/connectivity", R"({"type": "fixed_indegree", "indegree": 2})"),
            "/network/projections/3/connectivity: a projection to \"output\" is all_to_all, one_to_one or grouped");
}

}  // namespace
}  // namespace spikeweave
