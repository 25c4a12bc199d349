// What the tests of checkpoints share: a small experiment with everything in it, and snapshots compared by their bits.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/config/override.hpp"
#include "host/config/parse.hpp"
#include "host/config/reader.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave::test {

inline Experiment experiment_with(const char* json, const std::vector<std::string>& overrides) {
  Json root = parse_json(json);
  for (const std::string& one : overrides) apply_override(root, one);
  return read_experiment(root.dump(), "e.json");
}

// Everything that a resumed run has to carry on: moments, average, adaptive feedback, dropout, noise, clipping.
inline constexpr const char* evidence = R"({"title": "evidence", "seed": 11,
  "task": {"type": "evidence_accumulation", "cues": 1, "cue_steps": 10, "pause_steps": 5, "delay_steps": 5,
           "recall_steps": 10, "group_size": 2, "cue_rate": 400, "noise_rate": 100,
           "evaluation": {"valid": 9, "test": 10}},
  "network": {"input": {"dropout": 0.1},
    "populations": [{"name": "a", "size": 6, "neuron": {"model": "escape_lif", "tau_m": 10}},
                    {"name": "b", "size": 4, "neuron": {"model": "alif", "tau_m": 10}}],
    "readout": {"bias": true, "dropout": 0.3},
    "projections": [{"from": "input", "to": ["a", "b"], "weights": {"distribution": "normal", "mean": 0.5, "std": 1}},
                    {"from": ["a", "b"], "to": ["a", "b"]}, {"from": ["a", "b"], "to": "output"}]},
  "learning": {"rule": "eprop", "rate_regularization": {"coefficient": 0.1}},
  "feedback": {"type": "adaptive", "decay": 0.01},
  "optimizer": {"type": "adam"},
  "training": {"epochs": 4, "batch_size": 4, "updates_per_epoch": 3, "evaluation_batch": 4, "clip_norm": 0.5,
               "parameter_average": 0.8, "schedule": {"warmup_updates": 8}},
  "health": {"silent": "warn", "saturated": "warn", "saturated_rate": 0.01}})";

inline std::string bits_of(double value) {
  return std::to_string(std::bit_cast<std::uint64_t>(value));
}

// Every number of a result but the seconds, by its bits.
inline std::vector<std::string> bits_of(const RunResult& result) {
  std::vector<std::string> all{result.title, result.backend};
  const auto add = [&all](const std::string& place, const SplitMetrics& splits) {
    for (const auto& [split, metrics] : splits) {
      for (const auto& [metric, value] : metrics) {
        all.push_back(place + "/" + split + "/" + metric + " = " + std::to_string(value) + " " + bits_of(value));
      }
    }
  };
  for (const EpochResult& epoch : result.epochs) add("epoch " + std::to_string(epoch.epoch), epoch.splits);
  add("final", result.final);
  for (const auto& [name, splits] : result.baselines) add(name, splits);
  for (const auto& [name, digest] : result.digest) all.push_back(name + " = " + digest);
  all.insert(all.end(), result.warnings.begin(), result.warnings.end());
  return all;
}

template <class Real>
std::vector<std::uint64_t> bits_of(const std::vector<Real>& values) {
  std::vector<std::uint64_t> bits;
  for (const Real value : values) bits.push_back(std::bit_cast<std::uint64_t>(static_cast<double>(value)));
  return bits;
}

template <class Real>
void expect_same_bits(const TrainerSnapshot<Real>& a, const TrainerSnapshot<Real>& b) {
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.batch_count, b.batch_count);
  EXPECT_EQ(a.update_count, b.update_count);
  EXPECT_EQ(a.best_epoch, b.best_epoch);
  EXPECT_EQ(bits_of(a.parameters), bits_of(b.parameters));
  EXPECT_EQ(bits_of(a.first_moment), bits_of(b.first_moment));
  EXPECT_EQ(bits_of(a.second_moment), bits_of(b.second_moment));
  EXPECT_EQ(bits_of(a.average), bits_of(b.average));
  EXPECT_EQ(bits_of(a.feedback), bits_of(b.feedback));
  EXPECT_EQ(bits_of(a.best_parameters), bits_of(b.best_parameters));
  EXPECT_TRUE(a.carried == b.carried) << a.carried.size() << " and " << b.carried.size() << " carried bytes";
  EXPECT_EQ(bits_of(a.best_score), bits_of(b.best_score));
  EXPECT_EQ(bits_of(a.running_metric), bits_of(b.running_metric));
  EXPECT_EQ(bits_of(a.result), bits_of(b.result));
}

}  // namespace spikeweave::test
