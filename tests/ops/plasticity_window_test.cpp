// The window of every rule through the engine, on every backend: one pair of spikes at each delay from -100 to 100
// steps. The rules' own closed forms are checked in tests/unit/plasticity_windows_test.cpp.

#include <gtest/gtest.h>

#include <cmath>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/simulator.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/one_synapse.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t delays = 201, steps = 340, pre_step = 140;
constexpr double low = -1.0, high = 2.0, start = 0.5;

// Input i fires at pre_step, neuron i at pre_step - 100 + i; they are connected one to one.
class WindowNetwork {
 public:
  WindowNetwork(Backend<float>& backend, const LearningSettings& learning)
      : learning_(learning),
        network_(build_network(settings(), shape(), 1)),
        state_(backend, network_, {}, 1),
        simulator_(state_, learning_, LossKind::softmax, Reduction::sum, 1, 1) {
    state_.set_parameters(std::vector<float>(delays, static_cast<float>(start)));
  }

  std::vector<float> run() {
    TrialBatch batch;
    batch.batch = 1;
    batch.steps = batch.frames = steps;
    batch.length = {static_cast<std::int32_t>(steps)};
    batch.segment.assign(steps, -1);
    batch.events.assign(steps * delays, 0);
    batch.forced.assign(steps * delays, 2);
    for (std::size_t i = 0; i < delays; ++i) {
      batch.events[pre_step * delays + i] = 1;
      batch.forced[(pre_step - 100 + i) * delays + i] = 1;
    }
    for (std::size_t t = 0; t < steps; ++t) batch.reward.push_back(t == 250 ? 1.0f : 0.0f);
    simulator_.run(batch, std::vector<std::uint32_t>{0}, {.training = true, .traces = {}});
    simulator_.compute_gradient();
    return state_.parameters();
  }
  std::vector<float> changes_at_the_end() { return state_.arrays.gradient.download(); }

 private:
  static TaskShape shape() {
    TaskShape shape;
    shape.inputs = shape.cells = delays;
    shape.max_steps = steps;
    shape.encoding = Encoding::events;
    return shape;
  }
  static NetworkSettings settings() {
    NetworkSettings settings;
    settings.populations = {{"post", static_cast<int>(delays), {}}};
    settings.projections.resize(1);
    settings.projections[0].from = {"input"};
    settings.projections[0].to = {"post"};
    settings.projections[0].connectivity.value = OneToOne{};
    settings.projections[0].low = low;
    settings.projections[0].high = high;
    return settings;
  }

  LearningSettings learning_;
  Network network_;
  NetworkState<float> state_;
  Simulator<float> simulator_;
};

// The same synapses without an engine.
template <class Rule>
std::vector<double> expected_window(const typename Rule::Params& params) {
  std::vector<double> modulator(steps, 0.0);
  if constexpr (requires { Rule::modulator_decay(params, 1.0); }) {
    double now = 0.0;
    for (std::size_t t = 0; t < steps; ++t) {
      now = Rule::modulator_decay(params, 1.0) * now + (t == 250 ? 1.0 : 0.0);
      modulator[t] = now;
    }
  }
  std::vector<double> weights;
  for (std::size_t i = 0; i < delays; ++i) {
    typename Rule::Synapse synapse;
    synapse.weight = static_cast<typename Rule::Value>(start);
    weights.push_back(static_cast<double>(test::run_synapse<Rule>(params, test::train_of(steps, {pre_step}),
                                                                  test::train_of(steps, {pre_step - 100 + i}), synapse,
                                                                  low, high, 1.0, modulator)
                                              .weight));
  }
  return weights;
}

template <class Params>
LearningSettings learning_of(const Params& params, PlasticityForm form) {
  Plastic<Params> settings;
  static_cast<Params&>(settings) = params;
  settings.form = form;
  LearningSettings learning;
  learning.value = settings;
  return learning;
}

class PlasticityWindow : public test::OnBackend {};
SW_ON_ALL_BACKENDS(PlasticityWindow);

TEST_P(PlasticityWindow, HasTheBitsOfTheRuleAloneAtEveryDelay) {
  PlasticityRules::for_each([&]<template <class> class Rule>() {
    typename Rule<float>::Params params;
    if constexpr (requires { params.rate_low; }) params.rate_low = 5.0;  // else one pair alone changes nothing
    const std::vector<double> expected = expected_window<Rule<float>>(params);

    const std::vector<float> found = WindowNetwork(backend(), learning_of(params, PlasticityForm::event)).run();

    double largest = 0.0;
    for (std::size_t i = 0; i < delays; ++i) {
      EXPECT_EQ(static_cast<double>(found[i]), expected[i]) << params.name << ", delay " << static_cast<int>(i) - 100;
      largest = std::max(largest, std::abs(expected[i] - start));
    }
    EXPECT_GT(largest, 0.0) << params.name << " changed nothing";
  });
}

TEST_P(PlasticityWindow, AtTheEndOfATrialIsTheSameToRounding) {
  PlasticityRules::for_each([&]<template <class> class Rule>() {
    const typename Rule<double>::Params params;
    if (!Rule<double>::is_bilinear(params)) return;
    if constexpr (requires { Rule<double>::sweep_steps(params, 1.0); }) return;  // other discretisation, see the rule
    const std::vector<double> expected = expected_window<Rule<double>>(params);
    WindowNetwork network(backend(), learning_of(params, PlasticityForm::trial));

    network.run();

    const std::vector<float> gradient = network.changes_at_the_end();
    double largest = 0.0;
    for (const double weight : expected) largest = std::max(largest, std::abs(weight - start));
    for (std::size_t i = 0; i < delays; ++i) {
      EXPECT_NEAR(-static_cast<double>(gradient[i]), expected[i] - start, 1e-6 * largest)
          << params.name << ", delay " << static_cast<int>(i) - 100;
    }
  });
}

// Bits do not depend on the number of threads.
TEST(PlasticityThreads, OneTwoAndEightGiveTheSameBits) {
  PlasticityRules::for_each([&]<template <class> class Rule>() {
    const typename Rule<float>::Params params;
    const auto run = [&](int threads) {
      const auto cpu = make_cpu_backend<float>(threads);
      return WindowNetwork(*cpu, learning_of(params, PlasticityForm::event)).run();
    };
    const std::vector<float> one = run(1);
    EXPECT_EQ(run(2), one) << params.name;
    EXPECT_EQ(run(8), one) << params.name;
  });
}

}  // namespace
}  // namespace spikeweave
