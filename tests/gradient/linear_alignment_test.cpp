// Feedback alignment learns a linear map (spec, section G2). Source: Lillicrap et al. 2016, Nat. Commun. 7:13276,
// Fig. 1.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/simulator.hpp"
#include "spikeweave/train/updater.hpp"

namespace spikeweave::testing {
namespace {

constexpr std::size_t inputs = 30, hidden = 20, outputs = 10;
constexpr double rate = 0.005;

NetworkSettings linear_settings(bool learns_hidden) {
  NetworkSettings settings;
  settings.readout.tau = 0.0;
  PopulationSettings population{"hidden", static_cast<int>(hidden), {}};
  population.neuron.value = RateUnitParams<Distribution>{Activation::identity};
  settings.populations = {population};
  settings.projections.resize(2);
  settings.projections[0].from = {"input"};
  settings.projections[0].to = {"hidden"};
  settings.projections[0].trainable = learns_hidden;
  settings.projections[1].from = {"hidden"};
  settings.projections[1].to = {"output"};
  return settings;
}

double squared_norm(const std::vector<double>& v) {
  double sum = 0.0;
  for (const double x : v) sum += x * x;
  return sum;
}

// One network that learns on-line: the sample n of a stream, its error, an update.
class LinearTask {
 public:
  LinearTask(std::uint64_t seed, const LearningSettings& learning, const FeedbackSettings& feedback,
             bool learns_hidden = true)
      : seed_(seed),
        learning_(learning),
        backend_(make_cpu_backend<double>()),
        network_(build_network(linear_settings(learns_hidden),
                               {inputs, outputs, 1, 1, LossKind::squared_error, Encoding::current, 0, ""}, seed)),
        state_(*backend_, network_, feedback, seed, follows_synapses(learning)),
        updater_(state_, learning_, sgd(), 0.0, 0.0),
        simulator_(state_, learning_, LossKind::squared_error, Reduction::sum, 1, seed) {
    map_ = uniform(outputs * inputs, 1.0, 1);
    state_.set_parameters(uniform(network_.parameter_count, 0.01, 2));
    if (feedback.get_if<RandomFeedback>() != nullptr) {
      std::vector<double> all = state_.feedback();
      const std::vector<double> drawn = uniform(outputs * hidden, 0.5, 3);
      std::copy(drawn.begin(), drawn.end(), all.begin());
      state_.set_feedback(all);
    }
  }

  void learn(std::size_t samples) {
    for (std::size_t n = 0; n < samples; ++n) {
      run(next_++);
      simulator_.compute_gradient();
      updater_.apply(1.0);
    }
  }

  // Of 100 new samples: squared error over squared target, and the mean angle in degrees between what the feedback and
  // what the transposed weights make of the error.
  struct Result {
    double error, angle;
  };
  Result test() {
    double error = 0.0, target = 0.0, angle = 0.0;
    constexpr std::size_t count = 100;
    const std::vector<double> feedback = state_.feedback(), weights = state_.parameters();
    for (std::size_t n = 0; n < count; ++n) {
      run(1'000'000 + n);
      std::vector<double> e(outputs), back(hidden, 0.0), transposed(hidden, 0.0);
      for (std::size_t k = 0; k < outputs; ++k) {
        e[k] = static_cast<double>(result_.segment_output[k]) - trial_.target[k];
        for (std::size_t j = 0; j < hidden; ++j) {
          back[j] += feedback[k * hidden + j] * e[k];
          transposed[j] += weights[network_.projections[1].offset + j * outputs + k] * e[k];
        }
      }
      error += squared_norm(e);
      target += squared_norm(trial_.target);
      double product = 0.0;
      for (std::size_t j = 0; j < hidden; ++j) product += back[j] * transposed[j];
      angle += std::acos(std::min(1.0, product / std::sqrt(squared_norm(back) * squared_norm(transposed))));
    }
    return {error / target, angle / count * 180.0 / std::numbers::pi};
  }

 private:
  static OptimizerSettings sgd() {
    OptimizerSettings settings;
    settings.value = SgdParams{rate};
    return settings;
  }
  std::vector<double> uniform(std::size_t count, double limit, std::uint32_t stream) const {
    const RandomStream draw(seed_, Purpose::task, stream);
    std::vector<double> values;
    for (std::size_t n = 0; n < count; ++n) values.push_back(limit * (2.0 * draw.uniform(n) - 1.0));
    return values;
  }
  void run(std::size_t sample) {
    const RandomStream draw(seed_, Purpose::task, 7);
    trial_ = {};
    trial_.batch = trial_.steps = trial_.frames = trial_.segments = 1;
    trial_.length = {1};
    trial_.segment = {0};
    for (std::size_t i = 0; i < inputs; ++i)
      trial_.intensity.push_back(static_cast<float>(draw.normal(sample * 32 + i)));
    for (std::size_t k = 0; k < outputs; ++k) {
      double sum = 0.0;
      for (std::size_t i = 0; i < inputs; ++i) sum += map_[k * inputs + i] * static_cast<double>(trial_.intensity[i]);
      trial_.target.push_back(sum);
    }
    result_ = simulator_.run(trial_, std::vector<std::uint32_t>{0}, {.training = true, .traces = {}});
  }

  const std::uint64_t seed_;
  const LearningSettings learning_;
  std::unique_ptr<Backend<double>> backend_;
  const Network network_;
  NetworkState<double> state_;
  Updater<double> updater_;
  Simulator<double> simulator_;
  std::vector<double> map_;  // [outputs, inputs]
  TrialBatch trial_;
  TrialResult result_;
  std::size_t next_ = 0;
};

LearningSettings bptt() {
  LearningSettings learning;
  learning.value = BpttParams{};
  return learning;
}
FeedbackSettings random_feedback() {
  FeedbackSettings feedback;
  feedback.value = RandomFeedback{};
  return feedback;
}

TEST(LinearTask, FeedbackAlignmentLearnsAndTheWeightsComeToFitTheFeedback) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    LinearTask task(seed, bptt(), random_feedback());
    const double start = task.test().angle;

    task.learn(1000);

    const LinearTask::Result end = task.test();
    EXPECT_NEAR(start, 90.0, 15.0) << seed;
    EXPECT_LT(end.angle, 45.0) << seed;
    EXPECT_LT(end.error, 0.01) << seed;
  }
}

TEST(LinearTask, TheOutputsAloneDoNotLearnIt) {
  LinearTask frozen(1, bptt(), random_feedback(), /*learns_hidden=*/false);
  LinearTask exact(1, bptt(), {});

  frozen.learn(1000);
  exact.learn(1000);

  EXPECT_GT(frozen.test().error, 0.9);
  EXPECT_LT(exact.test().error, 0.01);
  EXPECT_LT(exact.test().angle, 0.01);
}

}  // namespace
}  // namespace spikeweave::testing
