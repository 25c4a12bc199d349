// Reading and writing of experiment files: every form of error with its text, defaults, round trip.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "host/config/writer.hpp"
#include "spikeweave/core/error.hpp"
#include "tests/support/small_experiment.hpp"

namespace spikeweave {
namespace {

// The small experiment with one value in place of another or beside it.
std::string with(const std::string& pointer, const std::string& value) {
  Json json = parse_json(small_experiment);
  json[Json::json_pointer(pointer)] = Json::parse(value);
  return json.dump();
}

std::string error_with(const std::string& pointer, const std::string& value) {
  return error_of([&] { read_experiment(with(pointer, value), "e.json"); });
}
std::string error_in(const std::string& text) {
  return error_of([&] { read_experiment(text, "e.json"); });
}

const LifParams<Distribution>& lif_of(const Experiment& experiment) {
  return std::get<LifParams<Distribution>>(experiment.network.populations.at(0).neuron.value);
}
Distribution tau_m(const std::string& value) {
  return lif_of(read_experiment(with("/network/populations/0/neuron/tau_m", value), "e.json")).tau_m;
}
std::string tau_m_error(const std::string& value) {
  return error_with("/network/populations/0/neuron/tau_m", value);
}

TEST(ReadExperiment, AbsentKeysKeepTheirDefaults) {
  const Experiment e = read_experiment(small_experiment, "e.json");

  EXPECT_EQ(e.seed, 1u);
  EXPECT_EQ(e.network.dt, 1.0);
  EXPECT_EQ(lif_of(e).tau_m.value, 20.0);
  EXPECT_EQ(e.optimizer.name(), "adam");
  EXPECT_EQ(e.network.projections[0].weights.kind, DistributionKind::normal);
  EXPECT_EQ(e.training.batch_size, 8);
}

TEST(ReadExperiment, EveryKindOfValueIsRead) {
  Json json = parse_json(with("/network/populations/0/neuron", R"({"model": "alif", "beta": 0.5, "tau_m": 3})"));
  json["seed"] = 9007199254740991u;
  json["title"] = "a title";
  json["training"] = {{"epochs", 3}, {"select_best", false}, {"schedule", {{"kind", "cosine"}}}};
  json["task"]["periods"] = {2.5, 4};
  json["learning"] = {{"rule", "eprop"}, {"form", "step"}};
  json["optimizer"] = {{"type", "sgd"}, {"learning_rate", 0.25}};

  const Experiment e = read_experiment(json.dump(), "e.json");

  EXPECT_EQ(e.seed, 9007199254740991u);
  EXPECT_EQ(e.title, "a title");
  EXPECT_EQ(e.training.epochs, 3);
  EXPECT_FALSE(e.training.select_best);
  EXPECT_EQ(e.training.schedule.kind, ScheduleKind::cosine);
  EXPECT_EQ(e.task.get_if<PatternGenerationSettings>()->periods, (std::vector<double>{2.5, 4.0}));
  EXPECT_EQ(e.learning.get_if<EpropParams>()->form, EpropForm::step);
  EXPECT_EQ(e.optimizer.get_if<SgdParams>()->learning_rate, 0.25);
  const auto& alif = std::get<AlifParams<Distribution>>(e.network.populations[0].neuron.value);
  EXPECT_EQ(alif.beta.value, 0.5);
  EXPECT_EQ(alif.tau_m.value, 3.0);
}

TEST(ReadExperiment, TextStandsForAListOfOneText) {
  const Experiment e = read_experiment(small_experiment, "e.json");

  EXPECT_EQ(e.network.projections[0].from, std::vector<std::string>{"input"});
  EXPECT_EQ(e.network.projections[1].from, std::vector<std::string>{"a"});
}

TEST(ReadExperiment, WholeNumberMayBeWrittenWithExponent) {
  EXPECT_EQ(read_experiment(with("/training/epochs", "1e3"), "e.json").training.epochs, 1000);
}

TEST(ReadExperiment, ErrorsNameThePlaceTheValueAndWhatIsAllowed) {
  EXPECT_EQ(error_with("/network/populations/0/neuron/tau_m", "-5"),
            "e.json: /network/populations/0/neuron/tau_m: -5 is outside (0, inf) [ms]");
  EXPECT_EQ(error_with("/network/populations/0/size", "0"),
            "e.json: /network/populations/0/size: 0 is outside [1, 100000000] [neurons]");
  EXPECT_EQ(error_with("/training/parameter_average", "1.0"),
            "e.json: /training/parameter_average: 1.0 is outside [0, 1) [1/update]");
  EXPECT_EQ(error_with("/training/epochs", "3000000000"),
            "e.json: /training/epochs: 3000000000 is outside [0, 1000000000] [epochs]");
  EXPECT_EQ(error_with("/seed", "9007199254740992"),
            "e.json: /seed: 9007199254740992 is outside [0, 9007199254740991]");
  EXPECT_EQ(error_with("/seed", "-1"), "e.json: /seed: -1 is outside [0, 9007199254740991]");
  EXPECT_EQ(error_with("/task/periods", "[3, 0]"), "e.json: /task/periods/1: 0 is outside (0, inf) [steps]");
}

TEST(ReadExperiment, WrongTypesAreErrors) {
  EXPECT_EQ(error_with("/seed", "\"abc\""), "e.json: /seed: expected a whole number, found \"abc\"");
  EXPECT_EQ(error_with("/seed", "1.5"), "e.json: /seed: expected a whole number, found 1.5");
  EXPECT_EQ(error_with("/seed", "true"), "e.json: /seed: expected a whole number, found true");
  EXPECT_EQ(error_with("/seed", "1e300"), "e.json: /seed: expected a whole number, found 1e+300");
  EXPECT_EQ(error_with("/network/dt", "null"), "e.json: /network/dt: expected a number, found null");
  EXPECT_EQ(error_with("/title", "5"), "e.json: /title: expected a string, found 5");
  EXPECT_EQ(error_with("/network/readout/bias", "1"), "e.json: /network/readout/bias: expected true or false, found 1");
  EXPECT_EQ(error_with("/network", "[]"), "e.json: /network: expected an object, found a list");
  EXPECT_EQ(error_with("/optimizer", "\"adam\""), "e.json: /optimizer: expected an object, found \"adam\"");
  EXPECT_EQ(error_with("/task/periods", "3"), "e.json: /task/periods: expected a list, found 3");
  EXPECT_EQ(error_with("/recording/states", "{}"),
            "e.json: /recording/states: expected a string or a list, found an object");
  EXPECT_EQ(error_with("/recording/states", "[1]"), "e.json: /recording/states/0: expected a string, found 1");
  EXPECT_EQ(error_with("/health/silent", "3"), "e.json: /health/silent: expected one of stop warn ignore, found 3");
  EXPECT_EQ(error_in("[1]"), "e.json: expected an object, found a list");
}

TEST(ReadExperiment, UnknownKeyNamesTheNearestAndAllOthers) {
  EXPECT_EQ(error_with("/network/populations/0/neuron/tau", "5"),
            "e.json: /network/populations/0/neuron/tau: unknown key; did you mean \"tau_m\"? known keys are gamma "
            "input_gain model pseudo_derivative refractory_steps tau_m v_threshold");
  EXPECT_EQ(error_with("/checkpoint/xyz", "5"), "e.json: /checkpoint/xyz: unknown key; known keys are every");
  EXPECT_EQ(error_with("/checkpoint/evrey", "5"),
            "e.json: /checkpoint/evrey: unknown key; did you mean \"every\"? known keys are every");
  EXPECT_EQ(error_with("/feedback", R"({"type": "symmetric", "std": 1})"),
            "e.json: /feedback/std: unknown key; known keys are type");
  EXPECT_EQ(error_with("/checkpoint/a~1b~0", "5"), "e.json: /checkpoint/a~1b~0: unknown key; known keys are every");
}

TEST(ReadExperiment, UnknownNameListsTheKnownOnes) {
  EXPECT_EQ(error_with("/feedback/type", "\"randm\""),
            "e.json: /feedback/type: \"randm\" is not one of symmetric random adaptive sign_symmetric weight_mirror "
            "sign_concordant; did you mean "
            "\"random\"?");
  EXPECT_EQ(error_with("/network/populations/0/neuron/model", "\"lfi\""),
            "e.json: /network/populations/0/neuron/model: \"lfi\" is not one of lif alif escape_lif iaf_delta "
            "iaf_cond_exp izhikevich energy_unit rectified_linear soft_alif rate_unit leaky_rate_unit predictive_unit "
            "dendritic_unit burst_unit leaky_burst_unit segregated_unit burst_neuron naud_sprekeler; did you mean "
            "\"lif\"?");
  EXPECT_EQ(error_with("/training/reduction", "\"median\""),
            "e.json: /training/reduction: \"median\" is not one of sum mean_trial mean_batch");
  EXPECT_EQ(error_with("/health/silent", "\"a\\nb\""),
            "e.json: /health/silent: \"a\\nb\" is not one of stop warn ignore");
}

TEST(ReadExperiment, MissingKeysWithoutValidDefaultAreErrors) {
  Json json = parse_json(small_experiment);
  json.erase("task");
  EXPECT_EQ(error_in(json.dump()),
            "e.json: /task: missing; expected an object with \"type\", one of piano_roll pattern_generation "
            "evidence_accumulation store_recall sequence_prediction frame_classification recorded background "
            "rewarded_pairing energy_relaxation noise_classification image_classification event_classification "
            "audio_classification pattern_classification logic_gate teacher_regression");
  json = parse_json(small_experiment);
  json.erase("network");
  EXPECT_EQ(error_in(json.dump()),
            "e.json: /network: missing; expected an object with the keys dt input populations readout projections");
  EXPECT_EQ(error_with("/network/populations/0", R"({"name": "a"})"),
            "e.json: /network/populations/0/size: missing; expected a number in [1, 100000000] [neurons]");
  EXPECT_EQ(error_with("/optimizer", "{}"), "e.json: /optimizer/type: missing; expected one of adam sgd");
}

TEST(ReadExperiment, DistributionIsANumberOrAnObject) {
  EXPECT_TRUE(tau_m("7").is_constant());
  EXPECT_EQ(tau_m("7").value, 7.0);
  EXPECT_EQ(tau_m(R"({"distribution": "constant", "value": 7})").value, 7.0);
  const Distribution uniform = tau_m(R"({"distribution": "uniform", "low": 2, "high": 2})");
  EXPECT_EQ(uniform.kind, DistributionKind::uniform);
  EXPECT_EQ(uniform.low, 2.0);
  EXPECT_EQ(uniform.high, 2.0);
  const Distribution normal = tau_m(R"({"distribution": "normal", "mean": 20, "std": 0.5})");
  EXPECT_EQ(normal.kind, DistributionKind::normal);
  EXPECT_EQ(normal.mean, 20.0);
  EXPECT_EQ(normal.std, 0.5);
}

TEST(ReadExperiment, DistributionOutOfItsBoundsIsAnError) {
  const std::string at = "e.json: /network/populations/0/neuron/tau_m";

  EXPECT_EQ(tau_m_error(R"({"distribution": "constant", "value": 0})"), at + "/value: 0 is outside (0, inf) [ms]");
  EXPECT_EQ(tau_m_error(R"({"distribution": "uniform", "low": 0, "high": 2})"),
            at + "/low: 0 is outside (0, inf) [ms]");
  EXPECT_EQ(tau_m_error(R"({"distribution": "uniform", "low": 3, "high": 2})"),
            at + ": uniform needs low <= high, found low 3, high 2");
  EXPECT_EQ(tau_m_error(R"({"distribution": "uniform", "high": 2})"),
            at + "/low: missing; expected a number in (0, inf) [ms]");
  EXPECT_EQ(tau_m_error(R"({"distribution": "log_uniform", "low": 2, "high": 2})"),
            at + ": log_uniform needs 0 < low < high, found low 2, high 2");
  EXPECT_EQ(error_with("/network/projections/0/weights", R"({"distribution": "log_uniform", "low": -1, "high": 2})"),
            "e.json: /network/projections/0/weights: log_uniform needs 0 < low < high, found low -1, high 2");
  EXPECT_EQ(tau_m_error(R"({"distribution": "normal", "mean": -1, "std": 1})"),
            at + "/mean: -1 is outside (0, inf) [ms]");
  EXPECT_EQ(tau_m_error(R"({"distribution": "normal", "mean": 1, "std": -1})"),
            at + "/std: -1 is outside [0, inf) [ms]");
  // 20 - 2 * 10 = 0, which a time constant must not be
  EXPECT_EQ(tau_m_error(R"({"distribution": "truncated_normal", "mean": 20, "std": 10})"),
            at + ": truncated_normal reaches from 0 to 40 (mean - 2 std to mean + 2 std); allowed are (0, inf) [ms]");
}

TEST(ReadExperiment, DistributionHasOnlyTheKeysOfItsKind) {
  const std::string at = "e.json: /network/populations/0/neuron/tau_m";

  EXPECT_EQ(tau_m_error(R"({"distribution": "constant", "value": 5, "low": 1})"),
            at + "/low: unknown key; known keys are distribution value");
  EXPECT_EQ(tau_m_error(R"({"distribution": "normal", "high": 1})"),
            at + "/high: unknown key; known keys are distribution mean std");
  EXPECT_EQ(tau_m_error(R"({"value": 5})"),
            at + "/distribution: missing; expected one of constant uniform log_uniform normal truncated_normal");
  EXPECT_EQ(tau_m_error(R"({"distribution": "gauss"})"),
            at + "/distribution: \"gauss\" is not one of constant uniform log_uniform normal truncated_normal");
  EXPECT_EQ(tau_m_error("\"5\""), at + ": expected a number or an object with \"distribution\", found \"5\"");
}

TEST(ReadExperiment, SyntaxErrorNamesLineAndColumn) {
  EXPECT_EQ(
      error_in("{\"seed\": 1,\n}"),
      "e.json: line 2, column 1: syntax error while parsing object key - unexpected '}'; expected string literal");
  EXPECT_EQ(error_in(""),
            "e.json: line 1, column 1: syntax error while parsing value - unexpected end of input; expected '[', '{', "
            "or a literal");
}

TEST(ReadExperiment, NumberThatIsNotFiniteIsAnError) {
  EXPECT_EQ(error_in(R"({"network": {"dt": NaN}})"),
            "e.json: line 1, column 20: syntax error while parsing value - invalid literal; last read: '\"dt\": N'");
  EXPECT_EQ(error_in(R"({"network": {"dt": 1e999}})"), "e.json: /network/dt: number overflow parsing '1e999'");
}

TEST(ReadExperiment, DuplicateKeyIsAnErrorAtAnyDepth) {
  EXPECT_EQ(error_in(R"({"seed": 1, "seed": 1})"), "e.json: /seed: the key stands here twice");
  EXPECT_EQ(error_in(R"({"a": [{"b": 1}, [0, {"c": {"d": 1}, "e": 2, "c": 3}]]})"),
            "e.json: /a/1/1/c: the key stands here twice");
}

TEST(WriteExperiment, ReadsBackAsTheSameExperiment) {
  Json json = parse_json(small_experiment);
  json["seed"] = 12345678901u;
  json["title"] = "quote \" and ä";
  json["network"]["populations"][0]["neuron"] = Json::parse(R"({"model": "escape_lif", "escape": "linear", "slope": 0.1,
                      "tau_m": {"distribution": "log_uniform", "low": 2, "high": 20.5}})");
  json["network"]["projections"][0]["weights"] =
      Json::parse(R"({"distribution": "uniform", "low": -0.1, "high": 0.3})");
  json["feedback"] = Json::parse(R"({"type": "adaptive", "decay": 1e-3})");
  json["recording"]["states"] = "v";

  const std::string once = write_experiment(read_experiment(json.dump(), "e.json"));
  const std::string twice = write_experiment(read_experiment(once, "once.json"));

  EXPECT_EQ(once, twice);
  const Json written = parse_json(once);
  EXPECT_EQ(written["seed"], 12345678901u);
  EXPECT_EQ(written["title"], "quote \" and ä");
  EXPECT_EQ(written["network"]["populations"][0]["neuron"]["escape"], "linear");
  EXPECT_EQ(written["network"]["populations"][0]["neuron"]["tau_m"].dump(),
            R"({"distribution":"log_uniform","low":2.0,"high":20.5})");
  EXPECT_EQ(written["feedback"].dump(), R"({"type":"adaptive","std":1.0,"scale":"neuron_count","decay":0.001})");
  EXPECT_EQ(written["recording"]["states"], Json::array({"v"}));
}

TEST(WriteExperiment, KeysStandInTheOrderOfDeclaration) {
  const Json written = parse_json(write_experiment(read_experiment(small_experiment, "e.json"), -1));

  std::string keys;
  for (const auto& [key, value] : written.items()) keys += key + ' ';
  EXPECT_EQ(
      keys,
      "title seed task phases network learning feedback optimizer training health recording checkpoint published ");
}

}  // namespace
}  // namespace spikeweave
