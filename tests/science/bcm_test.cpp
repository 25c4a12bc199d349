// BCM through the engine: a rectified linear unit under orthogonal patterns comes to respond to one of them.
//
// Source: Bienenstock, Cooper & Munro (1982), J. Neurosci. 2:32-48; Intrator & Cooper (1992), Neural Netw. 5:3-17: with
// patterns of probabilities p_k a stable state answers one of them with y = 1/p_k and the others with 0.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/network/network_state.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {
namespace {

// Two input channels, each step one of them is 1; returns the mean answers to both in the last pass, the larger first.
std::vector<double> trained_answers(double probability_of_first, std::uint64_t seed) {
  constexpr std::size_t steps = 20000;
  Plastic<BcmParams> rule;
  rule.learning_rate = 0.002;
  rule.tau_theta = 50.0;
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
  state.set_parameters({0.5, 0.5});
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
      const bool first = random.uniform(t) < probability_of_first;
      batch.intensity.push_back(first ? 1.0f : 0.0f);
      batch.intensity.push_back(first ? 0.0f : 1.0f);
    }
    simulator.run(batch, std::vector<std::uint32_t>{pass}, {.training = true, .traces = {}});
  }
  const std::vector<double> y = simulator.neuron_outputs();
  std::vector<double> answers(2, 0.0), shown(2, 0.0);
  for (std::size_t t = 0; t < steps; ++t) {
    const std::size_t pattern = batch.intensity[2 * t] == 1.0f ? 0 : 1;
    answers[pattern] += y[t];
    shown[pattern] += 1.0;
  }
  for (std::size_t pattern = 0; pattern < 2; ++pattern) answers[pattern] /= shown[pattern];
  std::sort(answers.rbegin(), answers.rend());
  return answers;
}

TEST(Bcm, AUnitAnswersOnePatternWithOneOverItsProbability) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const std::vector<double> even = trained_answers(0.5, seed);
    EXPECT_NEAR(even[0], 2.0, 0.06) << "seed " << seed;  // 1/0.5, within 3 %
    EXPECT_NEAR(even[1], 0.0, 1e-6) << "seed " << seed;
    const std::vector<double> uneven = trained_answers(0.25, seed);
    EXPECT_NEAR(uneven[0], 4.0 / 3.0, 0.04) << "seed " << seed;  // 1/0.75: the frequent one wins from equal weights
    EXPECT_LT(uneven[1], 1e-6) << "seed " << seed;
  }
}

}  // namespace
}  // namespace spikeweave
