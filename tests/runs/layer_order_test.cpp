// A network in which no projection leads back runs population by population. A silent projection back makes it run step
// by step: every spike must stay where it is, through delays, dropout, slices of time and from trial to trial.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "host/config/parse.hpp"
#include "tests/runs/program.hpp"

namespace spikeweave {
namespace {

constexpr const char* head = R"({"seed": 3,
  "task": {"type": "noise_classification", "inputs": 40, "classes": 4, "steps": 50, "rate": 200, "scored_steps": 20},
  "network": {
    "populations": [
      {"name": "first", "size": 33, "neuron": {"model": "lif", "tau_m": 10, "refractory_steps": 2}},
      {"name": "second", "size": 101, "neuron": {"model": "alif", "tau_m": 10, "tau_adaptation": 50, "beta": 0.1}},
      {"name": "third", "size": 20, "neuron": {"model": "escape_lif", "width": 0.5}}],
    "projections": [
      {"from": "input", "to": ["first", "second"], "weights": {"distribution": "normal", "mean": 0.5, "std": 1}},
      {"from": "bias", "to": "third", "weights": 0.1},
      {"from": "first", "to": ["second", "third"], "delay": 6, "weights": {"distribution": "normal", "mean": 0.5, "std": 2}},
      {"from": "second", "to": "third", "within_step": true, "weights": {"distribution": "normal", "mean": 0, "std": 2}},
      {"from": ["second", "third"], "to": "output"})";
constexpr const char* back = R"(,
      {"from": "third", "to": "first", "weights": 0, "trainable": false})";
constexpr const char* tail = R"(]},
  "learning": {"rule": "eprop"}, "feedback": {"type": "random"}, "optimizer": {"type": "sgd", "learning_rate": 0.01},
  "training": {"epochs": 2, "updates_per_epoch": 3, "batch_size": 11, "evaluate_every": 0, "select_best": false}})";

class LayerOrderOfARun : public ProgramRun {};

TEST_F(LayerOrderOfARun, MovesNoSpike) {
  const std::string layers = folder_.put("layers.json", std::string(head) + tail);
  const std::string loop = folder_.put("loop.json", std::string(head) + back + tail);
  int runs = 0;
  const auto result_of = [&](const std::string& file, const std::string& settings) {
    const std::string out = folder_.path("out" + std::to_string(runs++));
    const Outcome o = run("run " + file + " --backend cpu --threads 2 --quiet " + settings + " --out " + out);
    EXPECT_EQ(o.status, 0) << o.err << o.out;
    return parse_json(file_bytes(out + "/result.json"));
  };
  for (const char* settings :
       {"", "--set /network/input/dropout=0.3", "--set /training/slice_steps=7", "--set /training/slice=4",
        "--set /training/carry_state=true", "--set '/training/update={\"mode\": \"chunk\", \"steps\": 9}'"}) {
    const Json expected = result_of(loop, settings);
    const Json actual = result_of(layers, settings);

    EXPECT_EQ(actual["digest"], expected["digest"]) << settings;
    ASSERT_EQ(actual["epochs"].size(), expected["epochs"].size()) << settings;
    EXPECT_EQ(actual["epochs"].back()["train"]["loss"], expected["epochs"].back()["train"]["loss"]) << settings;
  }
}

}  // namespace
}  // namespace spikeweave
