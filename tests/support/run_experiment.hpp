// Runs an experiment of tasks/ on the CPU.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/trainer.hpp"
#include "tests/support/source_folder.hpp"

namespace spikeweave::test {

// name: below tasks/, without .json. Runs all epochs and the evaluation behind them.
inline RunResult run_experiment(const std::string& name, const std::vector<std::string>& overrides) {
  const std::filesystem::path file = source_folder() + "/tasks/" + name + ".json";
  const std::string directory = file.parent_path().string();
  const Experiment experiment = load_experiment(file.string(), overrides);
  const auto backend = make_cpu_backend<float>();
  RunObserver silent;
  Trainer<float> trainer(*backend, experiment, directory, silent);
  while (!trainer.finished()) trainer.run_epoch();
  trainer.finish();
  return trainer.result();
}

}  // namespace spikeweave::test
