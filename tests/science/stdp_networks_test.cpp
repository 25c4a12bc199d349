// Short versions of published networks that learn by STDP; the full runs are commands (README, "Measured").

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/trainer.hpp"
#include "tests/support/source_folder.hpp"

namespace spikeweave {
namespace {

RunResult run(const std::string& name, const std::vector<std::string>& overrides) {
  const std::string directory = test::source_folder() + "/tasks/science";
  const Experiment experiment = load_experiment(directory + "/" + name + ".json", overrides);
  const auto backend = make_cpu_backend<float>();
  RunObserver silent;
  Trainer<float> trainer(*backend, experiment, directory, silent);
  while (!trainer.finished()) trainer.run_epoch();
  trainer.finish();
  return trainer.result();
}

}  // namespace
}  // namespace spikeweave
