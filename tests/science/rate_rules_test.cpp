// Hebbian rules of rates through the engine: what one rectified linear unit comes to respond to.
//
// BCM: Bienenstock, Cooper & Munro (1982), J. Neurosci. 2:32-48; Intrator & Cooper (1992), Neural Netw. 5:3-17: with
// orthogonal patterns of probabilities p_k a stable state answers one of them with y = 1/p_k and the others with 0.
// Oja (1982), J. Math. Biol. 15:267-273: the weights become the first principal component of the inputs, length 1.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/network/network_state.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {
namespace {

using Pair = std::array<double, 2>;
// The input of two channels in a step; the stream is another one for each pass.
using Input = std::function<Pair(const RandomStream&, std::size_t)>;

struct Trained {
  std::vector<double> weights;  // [2]
  std::vector<double> y;        // of the last pass
  std::vector<float> input;     // [steps, 2] of the last pass
};

template <class Params>
Trained train(const Params& params, const Input& input, const std::vector<double>& initial, std::uint64_t seed) {
  constexpr std::size_t steps = 20000;
  Plastic<Params> rule;
  static_cast<Params&>(rule) = params;
  rule.form = PlasticityForm::step;
  LearningSettings learning;
  learning.value = rule;
  NetworkSettings settings;
  settings.populations = {{"post", 1, {}}};
  settings.populations[0].neuron.value = RectifiedLinearParams<Distribution>();
  settings.projections.resize(1);
  settings.projections[0].from = {"input"};
  settings.projections[0].to = {"post"};
  TaskShape shape;
  shape.inputs = 2;
  shape.encoding = Encoding::current;
  const auto backend = make_cpu_backend<double>(1);
  const Network network = build_network(settings, shape, 1);
  NetworkState<double> state(*backend, network, {}, 1);
  state.set_parameters(initial);
  Simulator<double> simulator(state, learning, LossKind::squared_error, Reduction::sum, 1, 1);
  TrialBatch batch;
  batch.batch = 1;
  batch.steps = batch.frames = steps;
  batch.length = {static_cast<std::int32_t>(steps)};
  batch.segment.assign(steps, -1);
  simulator.carry_state();
  for (std::uint32_t pass = 0; pass < 10; ++pass) {
    const RandomStream random(seed, Purpose::task, 0, pass);
    batch.intensity.clear();
    for (std::size_t t = 0; t < steps; ++t) {
      for (const double x : input(random, t)) batch.intensity.push_back(static_cast<float>(x));
    }
    simulator.run(batch, std::vector<std::uint32_t>{pass}, {.training = true, .traces = {}});
  }
  return {state.parameters(), simulator.neuron_outputs(), batch.intensity};
}

// Each step one of the channels is 1; returns the mean answers to both in the last pass, the larger first.
Pair bcm_answers(double probability_of_first, std::uint64_t seed) {
  const Trained trained = train(
      BcmParams{},
      [&](const RandomStream& random, std::size_t t) {
        return random.uniform(t) < probability_of_first ? Pair{1.0, 0.0} : Pair{0.0, 1.0};
      },
      {0.5, 0.5}, seed);
  Pair answers{}, shown{};
  for (std::size_t t = 0; t < trained.y.size(); ++t) {
    const std::size_t pattern = trained.input[2 * t] == 1.0f ? 0 : 1;
    answers[pattern] += trained.y[t];
    shown[pattern] += 1.0;
  }
  for (std::size_t pattern = 0; pattern < 2; ++pattern) answers[pattern] /= shown[pattern];
  std::sort(answers.rbegin(), answers.rend());
  return answers;
}

TEST(RateRules, BcmAnswersOnePatternWithOneOverItsProbability) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Pair even = bcm_answers(0.5, seed);
    EXPECT_NEAR(even[0], 2.0, 0.06) << "seed " << seed;  // 1/0.5, within 3 %
    EXPECT_NEAR(even[1], 0.0, 1e-6) << "seed " << seed;
    const Pair uneven = bcm_answers(0.25, seed);
    EXPECT_NEAR(uneven[0], 4.0 / 3.0, 0.04) << "seed " << seed;  // 1/0.75: the frequent one wins from equal weights
    EXPECT_LT(uneven[1], 1e-6) << "seed " << seed;
  }
}

// x = a (0.6, 0.8) + b (-0.8, 0.6) with a of variance 4 and b of variance 1. Of a symmetric distribution the unit sees
// one half, in which the covariance has the same directions.
TEST(RateRules, OjaFindsTheFirstPrincipalComponent) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Trained trained = train(
        OjaParams{.learning_rate = 0.001},
        [](const RandomStream& random, std::size_t t) {
          const double a = 2.0 * random.normal(2 * t), b = random.normal(2 * t + 1);
          return Pair{0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b};
        },
        {0.5, -0.4}, seed);
    const double length = std::hypot(trained.weights[0], trained.weights[1]);
    EXPECT_NEAR(length, 1.0, 0.05) << "seed " << seed;
    EXPECT_GT(std::abs(0.6 * trained.weights[0] + 0.8 * trained.weights[1]) / length, 0.999) << "seed " << seed;
  }
}

}  // namespace
}  // namespace spikeweave
