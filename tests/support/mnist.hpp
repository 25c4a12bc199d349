// Runs an experiment of tasks/mnist/ on the real images, which are beside the repository or not at all.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/run_experiment.hpp"

namespace spikeweave::test {

class Mnist : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder() + "train-images-idx3-ubyte.gz")) GTEST_SKIP() << "no MNIST in " << folder();
  }
  static std::string folder() { return source_folder() + "/../shared/data/mnist/"; }

  // Settings that name the files, and more.
  static std::vector<std::string> with_files(std::vector<std::string> overrides = {}) {
    for (const std::string split : {"train", "test"}) {
      const std::string prefix = split == "test" ? "t10k" : "train";
      overrides.push_back("/task/" + split + "/images=" + folder() + prefix + "-images-idx3-ubyte.gz");
      overrides.push_back("/task/" + split + "/labels=" + folder() + prefix + "-labels-idx1-ubyte.gz");
    }
    return overrides;
  }
  // Test error in percent.
  static double error(const std::string& name, const std::vector<std::string>& overrides = {}) {
    const RunResult result = run_experiment("mnist/" + name, with_files(overrides));
    return 100.0 * (1.0 - result.final.at("test").at("accuracy"));
  }
};

}  // namespace spikeweave::test
