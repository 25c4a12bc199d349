// The cross-checks between settings, and the schedule of the learning rate.
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

// Populations a, b, c; a path from the input to the output.
Json three_populations() {
  return parse_json(R"({
    "task": {"type": "pattern_generation"},
    "network": {
      "populations": [{"name": "a", "size": 4}, {"name": "b", "size": 4}, {"name": "c", "size": 4}],
      "projections": [{"from": "input", "to": ["a", "b"]}, {"from": ["a", "b", "c"], "to": ["b", "c"]},
                      {"from": ["b", "c"], "to": "output"}]
    }
  })");
}

// The text of the error without the name of the file; "" if there is none.
std::string error_of(const Json& json) {
  try {
    read_experiment(json.dump(), "e");
  } catch (const InputError& error) {
    return std::string(error.what()).substr(3);
  }
  return "";
}

std::string error_with(const std::string& pointer, const std::string& value) {
  Json json = three_populations();
  json[Json::json_pointer(pointer)] = Json::parse(value);
  return error_of(json);
}

std::string task_error(const std::string& task) {
  return error_with("/task", task);
}

TEST(ValidateNetwork, StretchesOfPopulationsAreAccepted) {
  EXPECT_EQ(error_of(three_populations()), "");
}

TEST(ValidateBptt, SendsErrorsBackFromTheOutputsThroughAnyFeedback) {
  Json json = three_populations();
  json["learning"] = {{"rule", "bptt"}};
  EXPECT_EQ(error_of(json), "");
  json["feedback"] = {{"type", "random"}};
  EXPECT_EQ(error_of(json), "");
  json["task"] = {{"type", "background"}, {"inputs", 4}};
  json["training"] = {{"updates_per_epoch", 1}};
  json["network"]["projections"].erase(2);
  EXPECT_EQ(error_of(json), "/learning/rule: \"bptt\" needs outputs, and the task has none");
}

TEST(ValidateSoft, PenaltyAndLocalSignalNeedSpikes) {
  Json json = three_populations();
  json["network"]["populations"][1]["neuron"] = {{"model", "soft_alif"}};
  EXPECT_EQ(error_of(json), "");
  json["learning"] = {{"rule", "bptt"}, {"rate_regularization", {{"coefficient", 2.5}}}};
  EXPECT_EQ(error_of(json),
            "/learning/rate_regularization/coefficient: 2.5 counts spikes, and soft_alif of population \"b\" has none; "
            "expected 0");
  json["learning"] = {{"rule", "eprop"}, {"signal", "local"}};
  EXPECT_EQ(error_of(json),
            "/learning/signal: \"local\" predicts spikes, and soft_alif of population \"b\" has none; expected global");
}

// Population c of rate units.
Json with_rates(const std::string& pointer, const std::string& value) {
  Json json = three_populations();
  json["network"]["populations"][2]["neuron"] = {{"model", "energy_unit"}};
  json["learning"] = {{"rule", "bcm"}};
  json["training"] = {{"batch_size", 1}};
  json[Json::json_pointer(pointer)] = Json::parse(value);
  return json;
}

TEST(ValidateRates, RulesThatLookAtSpikesTrainNothingOntoThem) {
  EXPECT_EQ(error_of(with_rates("/learning/rule", "\"bcm\"")), "");
  EXPECT_EQ(error_of(with_rates("/learning", R"({"rule": "state_derivative"})")), "");
  EXPECT_EQ(error_of(with_rates("/learning", R"({"rule": "pair_stdp"})")),
            "/network/projections/1/trainable: true, but rule pair_stdp looks at the spikes of population \"c\", and "
            "energy_unit has none; expected false, or a rule for rates");
  EXPECT_NE(error_of(with_rates("/learning", R"({"rule": "state_derivative", "state": "spike_trace"})")), "");
  EXPECT_EQ(error_of(with_rates("/network/readout", R"({"dropout": 0.5})")),
            "/network/readout/dropout: 0.5, but population \"c\" is of a rate model, for which there is no dropout; "
            "expected 0");
}

TEST(ValidateRates, EnergyIsThatOfEnergyUnits) {
  EXPECT_EQ(error_of(with_rates("/recording", R"({"energy": true})")),
            "/recording/energy: true, but population \"a\" is of model lif; expected false, or energy_unit everywhere");
}

TEST(ValidateNetwork, SymmetricWeightsNeedAllPairsOfTheSamePopulations) {
  EXPECT_EQ(error_with("/network/projections/1/symmetric", "true"),
            "/network/projections/1/symmetric: true, but not all pairs of the same populations are connected with one "
            "delay; expected false");
  Json json = three_populations();
  json["network"]["projections"][1]["from"] = {"b", "c"};
  json["network"]["projections"][1]["symmetric"] = true;
  EXPECT_EQ(error_of(json), "");
}

TEST(ValidateTask, PhasesAreNamedAndClampWhatIsVisible) {
  const auto error = [](const std::string& phases) {
    Json json = three_populations();
    json["network"]["projections"].erase(2);
    json["network"]["projections"].erase(0);
    json["learning"] = {{"rule", "pair_stdp"}};
    json["training"] = {{"updates_per_epoch", 1}, {"batch_size", 1}};
    json["task"] = {{"type", "energy_relaxation"}, {"phases", Json::parse(phases)}};
    return error_of(json);
  };
  EXPECT_EQ(error(R"([{"name": "free", "steps": 4}])"), "");
  EXPECT_EQ(error("[]"), "/task/phases: empty; at least one phase is needed");
  EXPECT_EQ(error(R"([{"name": "a", "steps": 4}, {"name": "a", "steps": 4}])"),
            "/task/phases/1/name: \"a\" is the name of phase 0 too");
  EXPECT_EQ(error(R"([{"name": "a", "steps": 4, "clamp": true}])"),
            "/task/phases/0/clamp: true, but /task/visible is 0; expected 1 or more there");
}

TEST(ValidateNetwork, NamesAreUniqueAndFree) {
  EXPECT_EQ(error_with("/network/populations", "[]"), "/network/populations: empty; at least one population is needed");
  EXPECT_EQ(error_with("/network/populations/2/name", "\"a\""),
            "/network/populations/2/name: \"a\" is the name of population 0 too");
  EXPECT_EQ(error_with("/network/populations/1/name", "\"\""), "/network/populations/1/name: missing; expected a name");
  EXPECT_EQ(error_with("/network/populations/1/name", "\"input\""),
            "/network/populations/1/name: \"input\" is taken; input, bias and output are there by themselves");
  EXPECT_EQ(error_with("/network/populations/1/name", "\"output\""),
            "/network/populations/1/name: \"output\" is taken; input, bias and output are there by themselves");
  EXPECT_EQ(error_with("/network/populations/1/name", "\"bias\""),
            "/network/populations/1/name: \"bias\" is taken; input, bias and output are there by themselves");
  EXPECT_EQ(error_with("/network/populations/1/name", "\"x/y\""),
            "/network/populations/1/name: \"x/y\" has a slash, which stands between a population and its compartment");
}

TEST(ValidateNetwork, EndsOfProjectionsAreKnown) {
  EXPECT_EQ(error_with("/network/projections/0/from", "\"inptu\""),
            "/network/projections/0/from: \"inptu\" is not one of a b c input bias; did you mean \"input\"?");
  EXPECT_EQ(error_with("/network/projections/0/from", "\"output\""),
            "/network/projections/0/from: \"output\" is not one of a b c input bias; did you mean \"input\"?");
  EXPECT_EQ(error_with("/network/projections/1/to", "\"input\""),
            "/network/projections/1/to: \"input\" is not one of a b c output; did you mean \"output\"?");
  EXPECT_EQ(error_with("/network/projections/1/to", "[]"),
            "/network/projections/1/to: missing; expected one or more of a b c output");
}

TEST(ValidateNetwork, EndsOfProjectionsAreStretchesInOrder) {
  EXPECT_EQ(error_with("/network/projections/1/from", R"(["a", "c"])"),
            "/network/projections/1/from: a c do not follow each other in the order of declaration, a b c");
  EXPECT_EQ(error_with("/network/projections/1/from", R"(["b", "a"])"),
            "/network/projections/1/from: b a do not follow each other in the order of declaration, a b c");
  EXPECT_EQ(error_with("/network/projections/1/from", R"(["c", "c"])"),
            "/network/projections/1/from: c c do not follow each other in the order of declaration, a b c");
  EXPECT_EQ(error_with("/network/projections/1/from", R"(["input", "a"])"),
            "/network/projections/1/from: \"input\" stands only by itself; found input a");
  EXPECT_EQ(error_with("/network/projections/1/to", R"(["c", "output"])"),
            "/network/projections/1/to: \"output\" stands only by itself; found c output");
}

TEST(ValidateNetwork, InputReachesTheOutputThroughPopulations) {
  EXPECT_EQ(error_with("/network/projections/0/to", "\"output\""),
            "/network/projections/0/to: \"output\" cannot be reached from \"input\"; expected one or more of a b c");
  EXPECT_EQ(error_with("/network/projections/0/from", "\"c\""),
            "/network/projections: none is from \"input\"; at least one is needed");
  EXPECT_EQ(error_with("/network/projections/2/to", "\"c\""),
            "/network/projections: none is to \"output\"; at least one is needed");
}

TEST(ValidateNetwork, BiasReachesPopulationsWhole) {
  Json json = three_populations();
  Json& projections = json["network"]["projections"];
  projections.push_back({{"from", "bias"}, {"to", {"b", "c"}}, {"weights", 0}});
  EXPECT_EQ(error_of(json), "");
  projections[3]["delay"] = 2;
  EXPECT_EQ(error_of(json),
            "/network/projections/3/from: \"bias\" reaches all neurons of its populations without delay");
  projections[3] = {{"from", "bias"}, {"to", "output"}};
  EXPECT_EQ(
      error_of(json),
      "/network/projections/3/to: \"output\" has biases of its own, /network/readout/bias; expected one or more of a "
      "b c");
}

TEST(ValidateNetwork, WithinAStepIsFromPopulationsToOnesBehindThem) {
  Json json = three_populations();
  Json& projections = json["network"]["projections"];
  projections[1] = {{"from", "a"}, {"to", {"b", "c"}}, {"within_step", true}};
  EXPECT_EQ(error_of(json), "");
  projections[1]["delay"] = 1;
  EXPECT_EQ(error_of(json), "/network/projections/1/delay: what arrives within the step has no delay; expected 0");
  projections[1].erase("delay");
  projections[1]["from"] = "b";
  EXPECT_EQ(error_of(json),
            "/network/projections/1/within_step: true, but b -> b c is not between populations of which those it leads "
            "to are declared behind all others, a b c; expected false");
  projections[1] = {{"from", "bias"}, {"to", "b"}, {"within_step", true}};
  EXPECT_EQ(
      error_of(json),
      "/network/projections/1/within_step: true, but bias -> b is not between populations of which those it leads "
      "to are declared behind all others, a b c; expected false");
}

TEST(ValidateNetwork, LowerBoundIsBelowTheUpper) {
  EXPECT_EQ(error_with("/network/projections/1/low", "100"), "/network/projections/1/low: 100 is not below high, 100");
}

TEST(ValidateNetwork, PopulationProjectsToTheOutputOnce) {
  Json json = three_populations();
  Json& projections = json["network"]["projections"];
  projections.push_back(Json(projections[2]));
  const std::string name = json["network"]["projections"][2]["from"][0].get<std::string>();

  EXPECT_EQ(error_of(json),
            "/network/projections/3/from: \"" + name + "\" projects to \"output\" already; one projection is allowed");
}

TEST(ValidateNetwork, AtMostSixteenProjectionsOfAKind) {
  for (const auto& [index, what] : {std::pair{0, "from \"input\""}, {1, "between populations"}}) {
    Json json = three_populations();
    Json& projections = json["network"]["projections"];
    for (int more = 0; more < 15; ++more) projections.push_back(Json(projections[static_cast<std::size_t>(index)]));
    EXPECT_EQ(error_of(json), "") << what;

    projections.push_back(Json(projections[static_cast<std::size_t>(index)]));

    EXPECT_EQ(error_of(json), std::string("/network/projections: 17 are ") + what + "; at most 16 are allowed");
  }
}

TEST(ValidateTask, FilesMustBeNamed) {
  EXPECT_EQ(task_error(R"({"type": "piano_roll"})"), "/task/file: missing; expected the name of a file");
  EXPECT_EQ(task_error(R"({"type": "recorded"})"), "/task/train/input: missing; expected the name of a file");
  EXPECT_EQ(task_error(R"({"type": "recorded", "train": {"input": "x.npy"}})"),
            "/task/train/target: missing; expected the name of a file");
  EXPECT_EQ(task_error(R"({"type": "recorded", "train": {"input": "x.npy", "target": "y.npy"},
                           "test": {"target": "y.npy"}})"),
            "/task/test/input: missing; expected the name of a file");
  EXPECT_EQ(task_error(R"({"type": "recorded", "train": {"input": "x.npy", "target": "y.npy"}})"), "");
}

TEST(ValidateTask, RecordedDataSayWhatTheyAre) {
  Json task = parse_json(R"({"type": "recorded", "train": {"input": "x.npy", "target": "y.npy"}})");
  task["loss"] = "softmax";
  task["classes"] = 1;
  EXPECT_EQ(task_error(task.dump()), "/task/classes: 1 is too few for the loss softmax; expected 2 or more");
  task["classes"] = 2;
  EXPECT_EQ(task_error(task.dump()), "");
  task["encoding"] = "automatic";
  EXPECT_EQ(task_error(task.dump()),
            "/task/encoding: recorded data do not say what they are; expected current bernoulli poisson or events");
}

TEST(ValidateTask, NumberOfCuesIsOdd) {
  EXPECT_EQ(task_error(R"({"type": "evidence_accumulation", "cues": 4})"),
            "/task/cues: 4 is even; expected an odd number");
}

TEST(ValidateExperiment, EpochOfTrialsWithoutEndNeedsALength) {
  for (const char* task : {"evidence_accumulation", "store_recall", "frame_classification"}) {
    Json json = three_populations();
    json["task"]["type"] = task;
    EXPECT_EQ(error_of(json), std::string("/training/updates_per_epoch: 0 means one pass over the training split, and "
                                          "that of ") +
                                  task + " has no end; expected 1 or more");

    json["training"]["updates_per_epoch"] = 10;

    EXPECT_EQ(error_of(json), "");
  }
}

// Projection 0 goes to a and b, 1 to b and c, 2 to the output.
TEST(ValidateExperiment, EpropTrainsOnlyWeightsOntoModelsWithAPseudoDerivative) {
  for (const std::string model : {"iaf_delta", "iaf_cond_exp", "izhikevich"}) {
    Json json = three_populations();
    json["network"]["populations"][2]["neuron"] = {{"model", model}};
    EXPECT_EQ(error_of(json), "/network/populations/2/neuron/model: \"" + model +
                                  "\" has no pseudo-derivative, so rule eprop cannot train projection 1 onto it; "
                                  "expected one of lif alif escape_lif soft_alif rate_unit, or \"trainable\": false in "
                                  "/network/projections/1");

    json["network"]["projections"][1]["trainable"] = false;

    EXPECT_EQ(error_of(json), "") << model << ": the weights from it to the output may still be trained";
  }
}

TEST(ValidateExperiment, RecordedStatesAreStatesOfTheModels) {
  EXPECT_EQ(error_with("/recording/states", R"(["v", "a"])"), "/recording/states/1: \"a\" is not one of v z r");
  EXPECT_EQ(error_with("/recording/states", R"(["v", "z", "v"])"), "/recording/states/2: \"v\" stands here twice");
  Json json = three_populations();
  json["network"]["populations"][2]["neuron"] = {{"model", "alif"}};
  json["recording"]["states"] = {"v", "a"};
  EXPECT_EQ(error_of(json), "");
}

TEST(LearningRateSchedule, WarmupRisesLinearlyToOne) {
  LearningRateSchedule schedule;
  schedule.warmup_updates = 4;

  EXPECT_EQ(schedule.factor(0, 100), 0.25);
  EXPECT_EQ(schedule.factor(2, 100), 0.75);
  EXPECT_EQ(schedule.factor(3, 100), 1.0);
  EXPECT_EQ(schedule.factor(99, 100), 1.0);
}

TEST(LearningRateSchedule, CosineFallsToItsFinalFraction) {
  LearningRateSchedule schedule;
  schedule.kind = ScheduleKind::cosine;
  schedule.final_fraction = 0.2;

  EXPECT_EQ(schedule.factor(0, 100), 1.0);
  EXPECT_NEAR(schedule.factor(25, 100), 0.882842712474619, 1e-15);  // 0.2 + 0.4 * (1 + sqrt(0.5))
  EXPECT_NEAR(schedule.factor(50, 100), 0.6, 1e-15);                // 0.2 + 0.4
  EXPECT_NEAR(schedule.factor(100, 100), 0.2, 1e-15);
  EXPECT_EQ(schedule.factor(0, 0), 1.0);
}

TEST(LearningRateSchedule, WarmupMultipliesTheCosine) {
  LearningRateSchedule schedule;
  schedule.kind = ScheduleKind::cosine;
  schedule.warmup_updates = 100;

  EXPECT_NEAR(schedule.factor(49, 98), 0.25, 1e-15);  // 50/100 * 0.5 * (1 + cos(pi/2))
}

TEST(ValidatePublished, FiguresHaveAMetricAValueAndASource) {
  const auto error = [](const std::string& figure) { return error_with("/published", "[" + figure + "]"); };

  EXPECT_EQ(error(R"({"metric": "test/accuracy", "value": 1, "source": "x"})"), "");
  EXPECT_EQ(error(R"({"metric": "accuracy", "value": 1, "source": "x"})"),
            "/published/0/metric: \"accuracy\" is not split/metric; expected e.g. test/accuracy");
  EXPECT_EQ(error(R"({"metric": "test/accuracy", "value": 1})"),
            "/published/0/source: missing; expected where the value is published");
  EXPECT_NE(error(R"({"metric": "test/accuracy", "source": "x"})").find("/published/0/value: missing"),
            std::string::npos);
}

}  // namespace
}  // namespace spikeweave
