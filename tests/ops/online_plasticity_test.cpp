// Weights that change while a trial runs: every storage, form and backend gives the same bits, for every rule.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "host/cpu/cpu_backend.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/plastic_network.hpp"

namespace spikeweave {
namespace {

using test::PlasticNetwork;
using test::PlasticNetworkCase;

// Calls visit(name, learning) for every plasticity rule in this form.
template <class Visitor>
void for_each_rule(PlasticityForm form, Visitor&& visit) {
  PlasticityRules::for_each([&]<template <class> class Rule>() {
    using Params = typename Rule<double>::Params;
    Plastic<Params> settings;
    settings.form = form;
    LearningSettings learning;
    learning.value = settings;
    visit(std::string(Params::name), learning);
  });
}

struct Outcome {
  std::vector<float> weights;
  std::vector<std::uint8_t> spikes;
  bool operator==(const Outcome&) const = default;
};

Outcome run(Backend<float>& backend, const PlasticNetworkCase& of) {
  PlasticNetwork<float> network(backend, of);
  network.run(0, 30);
  network.run(1, 40);
  return {network.weights(), network.spikes()};
}

std::size_t count_spikes(const Outcome& outcome) {
  return static_cast<std::size_t>(std::count(outcome.spikes.begin(), outcome.spikes.end(), std::uint8_t{1}));
}

void expect_alive(const Outcome& outcome, const std::string& rule) {
  EXPECT_GT(count_spikes(outcome), 20u) << rule;   // of 800 neuron steps
  EXPECT_LT(count_spikes(outcome), 400u) << rule;  // every second step: refractory_steps is 2
}

class OnlinePlasticity : public test::OnBackend {};
SW_ON_ALL_BACKENDS(OnlinePlasticity);

TEST_P(OnlinePlasticity, DenseAndSparseEventAndStepGiveTheBitsOfTheDenseStepsOnTheCpu) {
  const auto cpu = make_cpu_backend<float>(1);
  for (const double delay : {0.0, 3.0}) {
    for_each_rule(PlasticityForm::step, [&](const std::string& rule, const LearningSettings& step) {
      PlasticNetworkCase of{step};
      of.delay = delay;
      const Outcome expected = run(*cpu, of);
      expect_alive(expected, rule);
      const auto expect_same = [&](const PlasticNetworkCase& other, const char* what) {
        EXPECT_TRUE(run(backend(), other) == expected) << rule << ", delay " << delay << ", " << what;
      };
      expect_same(of, "dense step");
      of.sparse_storage = true;
      expect_same(of, "sparse step");
      for_each_rule(PlasticityForm::event, [&](const std::string& name, const LearningSettings& event) {
        if (name != rule) return;
        of.learning = event;
        expect_same(of, "sparse event");
        of.sparse_storage = false;
        expect_same(of, "dense event");
      });
    });
  }
}

TEST_P(OnlinePlasticity, OwnDelaysOfTheSynapsesGiveTheBitsOfTheCpu) {
  const auto cpu = make_cpu_backend<float>(1);
  for_each_rule(PlasticityForm::step, [&](const std::string& rule, const LearningSettings& step) {
    PlasticNetworkCase of{step};
    of.connectivity.value = FixedProbability{0.6};
    of.delay.kind = DistributionKind::uniform;
    of.delay.low = 2.0;
    of.delay.high = 6.0;
    for (const double dendritic : {0.0, 2.0}) {
      of.dendritic_delay = dendritic;
      of.learning = step;
      const Outcome expected = run(*cpu, of);
      expect_alive(expected, rule);
      EXPECT_TRUE(run(backend(), of) == expected) << rule << " step, dendritic delay " << dendritic;
      for_each_rule(PlasticityForm::event, [&](const std::string& name, const LearningSettings& event) {
        if (name != rule) return;
        of.learning = event;
        EXPECT_TRUE(run(backend(), of) == expected) << rule << " event, dendritic delay " << dendritic;
      });
    }
  });
}

TEST_P(OnlinePlasticity, APassInPiecesGivesTheBitsOfOnePass) {
  for_each_rule(PlasticityForm::event, [&](const std::string& rule, const LearningSettings& learning) {
    PlasticNetworkCase of{learning};
    of.connectivity.value = FixedProbability{0.6};
    PlasticNetwork<float> whole(backend(), of);
    PlasticNetwork<float> pieces(backend(), of);
    pieces.simulator().carry_state();
    whole.run(7, 90);
    pieces.run(7, 31, 0);
    pieces.run(7, 1, 31);
    pieces.run(7, 58, 32);

    EXPECT_EQ(pieces.weights(), whole.weights()) << rule;
    EXPECT_EQ(pieces.all_spikes(), whole.all_spikes()) << rule;
    EXPECT_GT(std::count(whole.all_spikes().begin(), whole.all_spikes().end(), std::uint8_t{1}), 40) << rule;
  });
}

// Neurons whose second spikes change weights and are not sent.
TEST_P(OnlinePlasticity, SecondSpikesGiveTheBitsOfTheCpu) {
  const auto cpu = make_cpu_backend<float>(1);
  BurstNeuronParams<Distribution> neuron;
  neuron.tau_soma = 4.0;
  neuron.tau_event = 4.0;
  neuron.burst_delay = 1.0;
  neuron.burst_jitter = 2.0;
  neuron.e_dendrite = -70.0;
  neuron.dendrite_noise_rate = 100.0;
  neuron.soma_noise_rate = 50.0;
  BurstDependentParams rule;
  rule.burst_interval = 3.0;
  rule.rate_low = 20.0;
  rule.rate_high = 150.0;
  rule.tau_average = 200.0;
  PlasticNetworkCase of;
  of.neuron.value = neuron;
  for (const bool sparse : {false, true}) {
    of.sparse_storage = sparse;
    Plastic<BurstDependentParams> learning{rule};
    learning.form = PlasticityForm::step;
    of.learning.value = learning;
    const Outcome expected = run(*cpu, of);
    EXPECT_GT(count_spikes(expected), 60u);
    rule.burst_interval = 0.5;  // no spike is a burst
    learning = {rule};
    of.learning.value = learning;
    EXPECT_FALSE(run(*cpu, of).weights == expected.weights);
    rule.burst_interval = 3.0;
    for (const PlasticityForm form : {PlasticityForm::step, PlasticityForm::event}) {
      learning = {rule};
      learning.form = form;
      of.learning.value = learning;
      EXPECT_TRUE(run(backend(), of) == expected) << sparse;
    }
    // A pass in pieces draws other words, so this is of neurons that draw nothing.
    BurstNeuronParams<Distribution> sure = neuron;
    sure.e_dendrite = -1000.0;
    sure.burst_jitter = sure.dendrite_noise_rate = sure.soma_noise_rate = 0.0;
    PlasticNetworkCase certain = of;
    certain.neuron.value = sure;
    PlasticNetwork<float> whole(backend(), certain);
    PlasticNetwork<float> pieces(backend(), certain);
    pieces.simulator().carry_state();
    whole.run(7, 90);
    pieces.run(7, 31, 0);
    pieces.run(7, 59, 31);
    EXPECT_EQ(pieces.weights(), whole.weights()) << sparse;
    EXPECT_EQ(pieces.all_spikes(), whole.all_spikes()) << sparse;
  }
}

TEST_P(OnlinePlasticity, WeightsStayInsideTheirBoundsAndMove) {
  for_each_rule(PlasticityForm::event, [&](const std::string& rule, const LearningSettings& learning) {
    PlasticNetworkCase of{learning};
    of.low = 0.04;
    of.high = 0.5;
    PlasticNetwork<float> network(backend(), of);
    const std::vector<float> before = network.weights();
    for (std::uint64_t id = 0; id < 3; ++id) network.run(id, 60);
    const std::vector<float> after = network.weights();
    std::size_t moved = 0;
    for (std::size_t w = 0; w < after.size(); ++w) {
      if (after[w] == before[w]) continue;
      ++moved;
      EXPECT_GE(after[w], 0.04f) << rule;
      EXPECT_LE(after[w], 0.5f) << rule;
    }
    EXPECT_GT(moved, 100u) << rule;
  });
}

}  // namespace
}  // namespace spikeweave
