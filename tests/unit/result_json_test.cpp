#include "host/config/result_json.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

RunResult two_epochs() {
  RunResult result;
  result.title = "a run";
  result.seed = 7;
  result.backend = "cpu";
  result.device = "two cores";
  result.versions = {{"spikeweave", "1.0"}};
  result.epochs = {{0, {{"train", {{"loss", 2.5}}}}, 0.5},
                   {1, {{"train", {{"loss", 1.5}}}, {"valid", {{"accuracy", 0.75}, {"loss", 1.25}}}}, 0.25}};
  result.final = {{"test", {{"loss", 1.125}}}};
  result.baselines = {{"marginal", {{"test", {{"nll", 11.5}}}}}};
  result.digest = {{"spikes", "00ff"}};
  result.warnings = {"slow"};
  return result;
}

Experiment experiment() {
  return read_experiment(R"({"task": {"type": "pattern_generation"},
    "network": {"populations": [{"name": "a", "size": 10}],
                "projections": [{"from": "input", "to": "a"}, {"from": "a", "to": "output"}]}})",
                         "e.json");
}

Json written(const RunResult& result) {
  return parse_json(write_result(result, experiment()));
}

std::string error_without(const std::string& pointer, const Json& value) {
  Json json = written(two_epochs());
  json[Json::json_pointer(pointer)] = value;
  try {
    read_result(json.dump(), "r.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(WriteResult, EveryNumberHasItsPointer) {
  const Json json = written(two_epochs());
  const auto at = [&json](const char* pointer) { return json.at(Json::json_pointer(pointer)); };

  EXPECT_EQ(at("/epochs/1/valid/accuracy"), 0.75);
  EXPECT_EQ(at("/epochs/0/train/loss"), 2.5);
  EXPECT_EQ(at("/epochs/0/seconds"), 0.5);
  EXPECT_EQ(at("/final/test/loss"), 1.125);
  EXPECT_EQ(at("/baselines/marginal/test/nll"), 11.5);
  EXPECT_EQ(at("/digest/spikes"), "00ff");
  EXPECT_EQ(at("/warnings/0"), "slow");
  EXPECT_EQ(at("/seed"), 7);
  EXPECT_EQ(at("/title"), "a run");
  EXPECT_EQ(at("/backend"), "cpu");
  EXPECT_EQ(at("/device"), "two cores");
  EXPECT_EQ(at("/versions/spikeweave"), "1.0");
  EXPECT_EQ(at("/config/network/populations/0/neuron/tau_m"), 20.0);
}

TEST(WriteResult, PublishedFiguresStandBesideThoseOfTheRun) {
  Experiment with_figures = experiment();
  with_figures.published = {{"test/loss", 1.0, "a paper"}, {"test/accuracy", 0.5, "another"}};

  const Json json = parse_json(write_result(two_epochs(), with_figures));
  const auto at = [&json](const char* pointer) { return json.at(Json::json_pointer(pointer)); };

  EXPECT_EQ(at("/published/0/metric"), "test/loss");
  EXPECT_EQ(at("/published/0/value"), 1.0);
  EXPECT_EQ(at("/published/0/measured"), 1.125);
  EXPECT_EQ(at("/published/0/source"), "a paper");
  EXPECT_TRUE(at("/published/1/measured").is_null());
}

TEST(WriteResult, EpochsFollowEachOther) {
  RunResult result = two_epochs();
  result.epochs[1].epoch = 2;

  EXPECT_THROW(write_result(result, experiment()), Error);
}

TEST(WriteResult, NumberThatIsNotFiniteIsNull) {
  RunResult result = two_epochs();
  result.final["test"]["loss"] = std::numeric_limits<double>::infinity();

  EXPECT_TRUE(written(result).at(Json::json_pointer("/final/test/loss")).is_null());
}

TEST(ReadResult, GivesWhatWasWritten) {
  const RunResult result = read_result(write_result(two_epochs(), experiment()), "r.json");

  EXPECT_EQ(result.title, "a run");
  EXPECT_EQ(result.seed, 7u);
  EXPECT_EQ(result.backend, "cpu");
  EXPECT_EQ(result.device, "two cores");
  EXPECT_EQ(result.versions, two_epochs().versions);
  ASSERT_EQ(result.epochs.size(), 2u);
  EXPECT_EQ(result.epochs[1].epoch, 1u);
  EXPECT_EQ(result.epochs[1].splits, two_epochs().epochs[1].splits);
  EXPECT_EQ(result.epochs[1].seconds, 0.25);
  EXPECT_EQ(result.final, two_epochs().final);
  EXPECT_EQ(result.baselines, two_epochs().baselines);
  EXPECT_EQ(result.digest, two_epochs().digest);
  EXPECT_EQ(result.warnings, two_epochs().warnings);
}

TEST(ReadResult, NullIsNan) {
  RunResult result = two_epochs();
  result.final["test"]["loss"] = std::numeric_limits<double>::quiet_NaN();

  EXPECT_TRUE(std::isnan(read_result(write_result(result, experiment()), "r.json").final["test"]["loss"]));
}

TEST(ReadResult, DamagedFileIsAnError) {
  EXPECT_EQ(error_without("/epochs/1", 3), "r.json: /epochs/1: expected an object, found 3");
  EXPECT_EQ(error_without("/epochs", "x"), "r.json: /epochs: expected a list, found \"x\"");
  EXPECT_EQ(error_without("/epochs/0", Json::object()), "r.json: /epochs/0/seconds: missing");
  EXPECT_EQ(error_without("/final/test/loss", "x"), "r.json: /final/test/loss: expected a number or null, found \"x\"");
  EXPECT_EQ(error_without("/seed", -1), "r.json: /seed: expected a whole number from 0, found -1");
  EXPECT_EQ(error_without("/digest/spikes", 1), "r.json: /digest/spikes: expected a string, found 1");
}

}  // namespace
}  // namespace spikeweave
