// Feedback alignment and its relatives on real images: spec sections G2 and G3.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/comparison.hpp"
#include "tests/support/mnist.hpp"

namespace spikeweave {
namespace {

// Test error in percent of tasks/mnist/layers.json after 10 epochs of 10 000 images.
class MnistLayers : public test::Mnist {
 protected:
  static double error(const std::vector<std::string>& overrides) { return Mnist::error("layers", overrides); }

  // Angles of the errors of both hidden layers to the true ones, before and after 6 epochs [degrees].
  struct Course {
    std::vector<double> before, after;
  };
  static Course angles(const std::string& feedback) {
    const Experiment experiment = load_experiment(test::source_folder() + "/tasks/mnist/layers.json",
                                                  with_files({"/feedback=" + feedback, "/training/epochs=6"}));
    const auto backend = make_cpu_backend<float>();
    RunObserver silent;
    const ComparedRun run = compare_rule(*backend, experiment, "", "", 100, silent);
    return {run.epochs.front().errors, run.epochs.back().errors};
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
TEST_F(MnistLayers, WeightMirror) {
  EXPECT_LT(error({R"(/feedback={"type": "weight_mirror"})"}), 7.5);
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

TEST_F(MnistLayers, ErrorsTurnTowardsTheTrueOnes) {
  const Course alignment = angles(R"({"type": "random", "scale": "population"})");
  const Course mirror = angles(R"({"type": "weight_mirror"})");
  for (std::size_t layer = 0; layer < 2; ++layer) {
    EXPECT_GT(alignment.before[layer], 80.0) << "layer " << layer;
    EXPECT_LT(alignment.after[layer], 70.0) << "layer " << layer;
    EXPECT_GT(alignment.after[layer], 30.0) << "layer " << layer;  // and stay different
    EXPECT_LT(mirror.after[layer], 35.0) << "layer " << layer;
  }
}

}  // namespace
}  // namespace spikeweave
