// Feedback alignment and its relatives on real images: spec sections G3 and G4.

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

  // Angles of the errors of the hidden layers to the true ones, before and after training [degrees]; test error [%].
  struct Course {
    std::vector<double> before, after;
    double error;
  };
  static Course course(const std::string& name, const std::vector<std::string>& overrides) {
    const Experiment experiment =
        load_experiment(test::source_folder() + "/tasks/mnist/" + name + ".json", with_files(overrides));
    const auto backend = make_cpu_backend<float>();
    RunObserver silent;
    const ComparedRun run = compare_rule(*backend, experiment, "", "", 50, silent);
    return {run.epochs.front().errors, run.epochs.back().errors,
            100.0 * (1.0 - run.result.final.at("test").at("accuracy"))};
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
  const Course alignment = course("layers", {"/training/epochs=6"});
  const Course mirror = course("layers", {"/training/epochs=6", R"(/feedback={"type": "weight_mirror"})"});
  for (std::size_t layer = 0; layer < 2; ++layer) {
    EXPECT_GT(alignment.before[layer], 80.0) << "layer " << layer;
    EXPECT_LT(alignment.after[layer], 70.0) << "layer " << layer;
    EXPECT_GT(alignment.after[layer], 30.0) << "layer " << layer;  // and stay different
    EXPECT_LT(mirror.after[layer], 35.0) << "layer " << layer;
  }
}

// G4: three hidden layers of neurons that fire at random, 3 epochs.
TEST_F(MnistLayers, DeepSpikingFeedbackAlignment) {
  const Course learned = course("spiking_layers", {"/training/epochs=3"});
  EXPECT_LT(learned.error, 11.0);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    EXPECT_GT(learned.before[layer], 80.0) << "layer " << layer;
    EXPECT_LT(learned.after[layer], 75.0) << "layer " << layer;
  }

  std::vector<std::string> frozen{"/training/epochs=3"};
  for (const char* projection : {"0", "1", "2", "3", "4", "5"}) {
    frozen.push_back(std::string("/network/projections/") + projection + "/trainable=false");
  }
  EXPECT_LT(learned.error, 0.6 * course("spiking_layers", frozen).error);
}

}  // namespace
}  // namespace spikeweave
