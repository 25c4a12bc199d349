// Feedback alignment and its relatives on real images: spec sections G2 and G3.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/run_experiment.hpp"

namespace spikeweave {
namespace {

// Test error in percent of tasks/mnist/layers.json after 10 epochs of 10 000 images.
class MnistLayers : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder() + "train-images-idx3-ubyte.gz")) GTEST_SKIP() << "no MNIST in " << folder();
  }
  static std::string folder() { return test::source_folder() + "/../shared/data/mnist/"; }

  static double error(std::vector<std::string> overrides) {
    for (const std::string split : {"train", "test"}) {
      const std::string prefix = split == "test" ? "t10k" : "train";
      overrides.push_back("/task/" + split + "/images=" + folder() + prefix + "-images-idx3-ubyte.gz");
      overrides.push_back("/task/" + split + "/labels=" + folder() + prefix + "-labels-idx1-ubyte.gz");
    }
    const RunResult result = test::run_experiment("mnist/layers", overrides);
    return 100.0 * (1.0 - result.final.at("test").at("accuracy"));
  }
};

TEST_F(MnistLayers, BackPropagation) {
  EXPECT_LT(error({"/feedback={\"type\": \"symmetric\"}"}), 7.0);
}
TEST_F(MnistLayers, FeedbackAlignment) {
  EXPECT_LT(error({}), 9.0);
}
TEST_F(MnistLayers, DirectFeedbackAlignment) {
  EXPECT_LT(error({"/learning={\"rule\": \"eprop\"}"}), 9.0);
}
TEST_F(MnistLayers, KolenPollack) {
  EXPECT_LT(error({"/feedback={\"type\": \"adaptive\", \"scale\": \"population\", \"decay\": 0.0001}"}), 7.5);
}
TEST_F(MnistLayers, SignSymmetricFeedback) {
  EXPECT_LT(error({"/feedback={\"type\": \"sign_symmetric\"}"}), 9.0);
}
TEST_F(MnistLayers, OutputsAloneLearnLess) {
  std::vector<std::string> frozen;
  for (const char* projection : {"0", "1", "2", "3"}) {
    frozen.push_back(std::string("/network/projections/") + projection + "/trainable=false");
  }
  EXPECT_GT(error(frozen), 10.0);
}

}  // namespace
}  // namespace spikeweave
