// Networks that find their errors by their own dynamics, on real images: spec section H.

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/gradient_check.hpp"
#include "tests/support/mnist.hpp"

namespace spikeweave {
namespace {

// Test error in percent after training on 10 000 images.
class MnistDynamics : public test::Mnist {};

TEST_F(MnistDynamics, PredictiveCoding) {
  EXPECT_LT(error("predictive_coding"), 7.0);
}
TEST_F(MnistDynamics, EquilibriumPropagation) {
  EXPECT_LT(error("equilibrium_propagation"), 9.0);
}

TEST_F(MnistDynamics, BurstsThroughTransposedWeights) {
  EXPECT_LT(error("bursts"), 9.0);
}

// Of burst units, in degrees: between the rule's changes and those of back-propagation, and between the way back and
// the transposed weights.
struct BurstAngles {
  double hidden, out, feedback;
};

// Minus the gradient of the squared error of logistic units 784-200-10, each projection [pre, post].
struct BackPropagation {
  std::vector<double> hidden, out;

  BackPropagation(const TrialBatch& batch, const Network& network, const std::vector<float>& parameters) {
    const std::size_t inputs = network.inputs, middle = network.projections[1].pre.count, outputs = network.outputs;
    const auto weights = [&](std::size_t projection) {
      return parameters.data() + network.projections[projection].offset;
    };
    hidden.assign(inputs * middle, 0.0), out.assign(middle * outputs, 0.0);
    for (std::size_t b = 0; b < batch.batch; ++b) {
      const float* const x = batch.intensity.data() + b * inputs;
      std::vector<double> e(weights(2), weights(2) + middle), y(weights(3), weights(3) + outputs), delta(middle, 0.0);
      for (std::size_t i = 0; i < inputs; ++i) {
        for (std::size_t j = 0; j < middle; ++j) e[j] += double{x[i]} * weights(0)[i * middle + j];
      }
      for (std::size_t j = 0; j < middle; ++j) {
        e[j] = 1.0 / (1.0 + std::exp(-e[j]));
        for (std::size_t k = 0; k < outputs; ++k) y[k] += e[j] * weights(1)[j * outputs + k];
      }
      for (std::size_t k = 0; k < outputs; ++k) {
        const double own = 1.0 / (1.0 + std::exp(-y[k]));
        const double target = static_cast<std::size_t>(batch.target_class[b]) == k ? 1.0 : 0.0;
        const double error = (target - own) * own * (1.0 - own);
        for (std::size_t j = 0; j < middle; ++j) {
          out[j * outputs + k] += error * e[j];
          delta[j] += weights(1)[j * outputs + k] * error;
        }
      }
      for (std::size_t j = 0; j < middle; ++j) delta[j] *= e[j] * (1.0 - e[j]);
      for (std::size_t i = 0; i < inputs; ++i) {
        for (std::size_t j = 0; j < middle; ++j) hidden[i * middle + j] += double{x[i]} * delta[j];
      }
    }
  }
};

// On the first 500 training images.
BurstAngles burst_angles(Trainer<float>& trainer, const Experiment& experiment) {
  std::vector<std::uint64_t> ids(500);
  std::iota(ids.begin(), ids.end(), std::uint64_t{0});
  TrialBatch batch;
  trainer.task().fill(Split::train, ids, batch);
  Simulator<float> simulator(trainer.state(), experiment.learning, LossKind::softmax, Reduction::mean_trial,
                             trainer.task().shape().frame_steps, 1);
  simulator.run(batch, std::vector<std::uint32_t>(ids.size(), 0), {.training = true, .traces = {}});
  simulator.compute_gradient();
  const std::vector<float> gradient = trainer.state().arrays.gradient.download();
  const std::vector<float> parameters = trainer.state().parameters();
  const Network& network = trainer.network();
  const BackPropagation exact(batch, network, parameters);

  const auto angle = [&](std::size_t projection, const std::vector<double>& to) {
    const auto first = gradient.begin() + static_cast<std::ptrdiff_t>(network.projections[projection].offset);
    std::vector<double> change(first, first + static_cast<std::ptrdiff_t>(to.size()));
    for (double& c : change) c = -c;
    return angle_between(change.data(), to.data(), to.size());
  };
  std::vector<double> forward, back;
  const Projection& way = network.projections[4];
  for (std::size_t k = 0; k < way.pre.count; ++k) {
    for (std::size_t j = 0; j < way.post.count; ++j) {
      back.push_back(parameters[way.offset + k * way.post.count + j]);
      forward.push_back(parameters[network.projections[1].offset + j * way.pre.count + k]);
    }
  }
  return {angle(0, exact.hidden), angle(1, exact.out), angle_between(back.data(), forward.data(), forward.size())};
}

Experiment bursts(const std::vector<std::string>& overrides) {
  return load_experiment(test::source_folder() + "/tasks/mnist/bursts.json", overrides);
}

TEST_F(MnistDynamics, BurstsThroughTransposedWeightsFollowTheGradient) {
  const Experiment experiment = bursts(with_files());
  const auto backend = make_cpu_backend<float>();
  RunObserver silent;
  Trainer<float> trainer(*backend, experiment, "", silent);

  const BurstAngles angles = burst_angles(trainer, experiment);

  EXPECT_LT(angles.hidden, 1.0);
  EXPECT_LT(angles.out, 0.1);
  EXPECT_LT(angles.feedback, 0.1);
}

TEST_F(MnistDynamics, BurstsThroughRandomWeightsTurnTowardsTheGradient) {
  const std::string way = "/network/projections/4/";
  const Experiment experiment =
      bursts(with_files({way + "transpose_of=-1", way + "trainable=false", way + "scale=unit",
                         way + R"(weights={"distribution": "normal", "mean": 0, "std": 1})"}));
  const auto backend = make_cpu_backend<float>();
  RunObserver silent;
  Trainer<float> trainer(*backend, experiment, "", silent);

  const BurstAngles before = burst_angles(trainer, experiment);
  while (!trainer.finished()) trainer.run_epoch();
  const BurstAngles after = burst_angles(trainer, experiment);
  trainer.finish();

  EXPECT_LT(100.0 * (1.0 - trainer.result().final.at("test").at("accuracy")), 20.0);
  EXPECT_GT(before.hidden, 80.0);
  EXPECT_LT(after.hidden, 75.0);
  EXPECT_GT(after.hidden, 5.0);  // and stays different
  EXPECT_LT(after.out, 0.1);     // no way back leads there
  EXPECT_GT(before.feedback, 80.0);
  EXPECT_LT(after.feedback, 75.0);
}

// As many epochs for both; frozen, what the hidden cells send are random features of the images.
TEST_F(MnistDynamics, SegregatedDendrites) {
  const std::string hidden = "/network/projections/", epochs = "/training/epochs=3";
  const double learned = error("segregated_dendrites", {epochs});
  const double frozen =
      error("segregated_dendrites", {epochs, hidden + "1/trainable=false", hidden + "3/trainable=false"});
  EXPECT_LT(learned, 15.0);
  EXPECT_LT(learned, frozen);
}

}  // namespace
}  // namespace spikeweave
