// Neuron models that send rates: clamps, the same bits on every backend, and spiking networks that see no difference.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/cpu/cpu_backend.hpp"
#include "ops/forward_network.hpp"
#include "support/backends.hpp"
#include "tests/support/plastic_network.hpp"

namespace spikeweave {
namespace {

using test::ForwardCase;
using test::ForwardResult;
using test::model_index;
using test::PlasticNetwork;
using test::PlasticNetworkCase;

class RateModels : public test::OnBackend {};
SW_ON_ALL_BACKENDS(RateModels);

constexpr auto linear = PseudoDerivative::piecewise_linear;

// Energy units, LIF neurons, rectified linear units and soft ALIF neurons, each population connected to all; frames of
// 4 steps.
ForwardCase mixed_case() {
  ForwardCase c;
  c.steps = 12;
  c.frame_steps = 4;
  c.inputs = 5;
  c.length = {12, 7, 0};
  c.populations = {{model_index("energy_unit"), linear, 35},
                   {0, linear, 9},
                   {model_index("rectified_linear"), linear, 3},
                   {model_index("soft_alif"), linear, 3}};
  c.input = {{0, 5, 0, 50, test::random_floats(5 * 50, 1, -0.5, 0.7)}};
  c.recurrent = {{0, 50, 0, 50, test::random_floats(50 * 50, 2, -0.15, 0.15)}};
  c.values = test::random_floats(3 * 3 * 5, 3, -0.5, 1.0);
  return c;
}

void expect_same(const ForwardResult& actual, const ForwardResult& expected) {
  EXPECT_EQ(actual.spikes, expected.spikes);
  EXPECT_EQ(actual.outputs, expected.outputs);
  EXPECT_EQ(actual.voltages, expected.voltages);
  EXPECT_EQ(actual.spike_count, expected.spike_count);
}

// How many outputs of the neurons [begin, end) are neither 0 nor 1.
std::ptrdiff_t count_graded(const ForwardCase& c, const ForwardResult& r, std::size_t begin, std::size_t end) {
  std::ptrdiff_t count = 0;
  for (std::size_t n = 0; n < r.outputs.size(); ++n) {
    const std::size_t neuron = n % c.neurons();
    count += neuron >= begin && neuron < end && r.outputs[n] != 0.0f && r.outputs[n] != 1.0f ? 1 : 0;
  }
  return count;
}

TEST_P(RateModels, EqualThePlainLoopBesideSpikingNeurons) {
  const ForwardCase c = mixed_case();

  const ForwardResult r = test::run_on(backend(), c);

  expect_same(r, test::run_reference(c));
  EXPECT_GT(count_graded(c, r, 0, 35), 300);  // of 19 steps * 35
  EXPECT_GT(count_graded(c, r, 44, 50), 20);
  EXPECT_EQ(count_graded(c, r, 35, 44), 0);
  EXPECT_GT(std::count(r.spikes.begin(), r.spikes.end(), 1), 5);
  for (std::size_t n = 0; n < r.spikes.size(); ++n) {
    const std::size_t neuron = n % 50;
    if (neuron < 35 || neuron >= 44) {
      ASSERT_EQ(r.spikes[n], 0) << "a rate unit has fired";
    } else {
      ASSERT_EQ(r.outputs[n], static_cast<float>(r.spikes[n]));
    }
  }
}

TEST_P(RateModels, AClampDrivesItsUnitsForItsFrames) {
  ForwardCase c = mixed_case();
  c.clamped_neurons = 40;  // reaches into the spiking population, where it does nothing
  c.clamp = test::random_floats(3 * 3 * 40, 4, -0.4, 0.4);
  for (std::size_t i = 0; i < c.clamp.size(); i += 3) c.clamp[i] = std::numeric_limits<float>::quiet_NaN();

  const ForwardResult r = test::run_on(backend(), c);

  expect_same(r, test::run_reference(c));
  EXPECT_NE(r.outputs, test::run_on(backend(), mixed_case()).outputs);
}

// One unit of either model by hand. Rectified linear: clamped to 0.75, then -1, then free with the input 0.5.
TEST_P(RateModels, AClampedRectifiedUnitSendsItsClamp) {
  ForwardCase c;
  c.steps = 3;
  c.inputs = 1;
  c.length = {3};
  c.populations = {{model_index("rectified_linear"), linear, 1}};
  c.input = {{0, 1, 0, 1, {1.0f}}};
  c.values = {0.5f, 0.5f, 0.5f};
  c.clamped_neurons = 1;
  c.clamp = {0.75f, -1.0f, std::numeric_limits<float>::quiet_NaN()};

  EXPECT_EQ(test::run_on(backend(), c).outputs, (std::vector<float>{0.75f, 0.0f, 0.5f}));
}

TEST_P(RateModels, SpikingNeuronsDoTheSameWhereOutputsAreKept) {
  ForwardCase c = mixed_case();
  c.populations = {{0, linear, 20}, {1, linear, 24}, {model_index("escape_lif"), linear, 6}};
  const ForwardResult expected = test::run_on(backend(), c);
  c.wants_outputs = true;

  const ForwardResult actual = test::run_on(backend(), c);

  EXPECT_EQ(actual.spikes, expected.spikes);
  EXPECT_EQ(actual.psi, expected.psi);
  EXPECT_EQ(actual.voltages, expected.voltages);
  EXPECT_EQ(actual.outputs, std::vector<float>(actual.spikes.begin(), actual.spikes.end()));
  EXPECT_GT(std::count(actual.spikes.begin(), actual.spikes.end(), 1), 20);
}

LearningSettings rule(std::string_view name, PlasticityForm form) {
  LearningSettings learning;
  PlasticityRules::for_each([&]<template <class> class Rule>() {
    using Params = typename Rule<double>::Params;
    if (Params::name != name) return;
    Plastic<Params> settings;
    settings.form = form;
    learning.value = settings;
  });
  return learning;
}

// A population of rate units that is connected to nothing makes the network keep outputs.
TEST_P(RateModels, PlasticityOfSpikingNeuronsIsTheSameWhereOutputsAreKept) {
  for (const char* name : {"pair_stdp", "triplet_stdp", "state_derivative"}) {
    for (const PlasticityForm form : {PlasticityForm::event, PlasticityForm::trial}) {
      if (form == PlasticityForm::trial && std::string_view(name) == "triplet_stdp") continue;  // not bilinear
      for (const bool sparse : {false, true}) {
        PlasticNetworkCase of{rule(name, form)};
        of.sparse_storage = sparse;
        of.delay = 3.0;
        PlasticNetwork<float> plain(backend(), of);
        of.bystanders = 5;
        PlasticNetwork<float> mixed(backend(), of);
        for (std::uint64_t id = 0; id < 2; ++id) plain.run(id, 60), mixed.run(id, 60);
        if (form == PlasticityForm::trial) {
          plain.simulator().compute_gradient(), mixed.simulator().compute_gradient();
          EXPECT_EQ(mixed.gradient(), plain.gradient()) << name;
        }
        EXPECT_EQ(mixed.weights(), plain.weights()) << name;
        for (std::size_t t = 0; t < 60; ++t) {
          for (std::size_t j = 0; j < 20; ++j) ASSERT_EQ(mixed.spikes()[t * 25 + j], plain.spikes()[t * 20 + j]);
        }
      }
    }
  }
}

PlasticNetworkCase rate_case(std::string_view name, PlasticityForm form) {
  PlasticNetworkCase of{rule(name, form)};
  of.neuron.value = EnergyUnitParams<Distribution>();
  return of;
}

TEST_P(RateModels, PlasticityOfRatesGivesTheBitsOfTheDenseStepsOnTheCpu) {
  const auto cpu = make_cpu_backend<float>(1);
  for (const char* name : {"bcm", "state_derivative", "oja"}) {
    for (const double delay : {0.0, 3.0}) {
      PlasticNetworkCase of = rate_case(name, PlasticityForm::step);
      of.delay = delay;
      PlasticNetwork<float> expected(*cpu, of);
      expected.run(0, 50);
      for (const bool sparse : {false, true}) {
        for (const PlasticityForm form : {PlasticityForm::step, PlasticityForm::event}) {
          of.learning = rule(name, form);
          of.sparse_storage = sparse;
          PlasticNetwork<float> network(backend(), of);
          const std::vector<float> before = network.weights();
          network.run(0, 50);
          EXPECT_EQ(network.weights(), expected.weights()) << name << ", delay " << delay << ", sparse " << sparse;
          EXPECT_EQ(network.simulator().neuron_outputs(), expected.simulator().neuron_outputs()) << name;
          EXPECT_NE(network.weights(), before) << name;
        }
      }
    }
  }
}

TEST_P(RateModels, APassInPiecesGivesTheBitsOfOnePass) {
  PlasticNetworkCase of = rate_case("state_derivative", PlasticityForm::event);
  of.delay = 4.0;
  of.delays_input = false;  // what input is under way is not carried; Trainer refuses it
  PlasticNetwork<float> whole(backend(), of);
  whole.run(7, 90);
  PlasticNetwork<float> first(backend(), of);
  first.simulator().carry_state();
  first.run(7, 30, 0);
  first.run(7, 2, 30);                          // shorter than the longest delay
  PlasticNetwork<float> pieces(backend(), of);  // goes on from a saved state
  pieces.simulator().carry_state();
  pieces.state().set_parameters(first.state().parameters());
  pieces.simulator().set_carried_state(first.simulator().carried_state());
  pieces.run(7, 58, 32);

  EXPECT_EQ(pieces.weights(), whole.weights());
  const std::vector<float> all = whole.simulator().neuron_outputs();
  EXPECT_EQ(pieces.simulator().neuron_outputs(), std::vector<float>(all.begin() + 32 * 20, all.end()));
}

// dW = learning_rate sum_t (s[t+1] - s[t]) x[t], x what cell i sent `delay` steps before, s what cell j sends: a plain
// sum over the recorded outputs, s and x 0 before the first step.
TEST_P(RateModels, TheFormTrialAddsUpOutputs) {
  PlasticNetworkCase of = rate_case("state_derivative", PlasticityForm::trial);
  of.delay = 2.0;
  PlasticNetwork<float> network(backend(), of);
  network.run(0, 40);

  network.simulator().compute_gradient();

  const std::vector<float> z = network.simulator().neuron_outputs();
  const std::vector<float> gradient = network.gradient();
  double largest = 0.0;
  for (std::size_t i = 0; i < 20; ++i) {
    for (std::size_t j = 0; j < 20; ++j) {
      double sum = 0.0;
      for (std::size_t t = 2; t + 1 < 40; ++t) {
        const double change = static_cast<double>(z[(t + 1) * 20 + j]) - static_cast<double>(z[t * 20 + j]);
        sum += 0.01 * change * static_cast<double>(z[(t - 2) * 20 + i]);
      }
      if (i == j) sum = 0.0;
      largest = std::max(largest, std::abs(sum));
      EXPECT_NEAR(gradient[12 * 20 + i * 20 + j], -sum, 1e-8) << i << " -> " << j;
    }
  }
  EXPECT_GT(largest, 1e-4);
}

}  // namespace
}  // namespace spikeweave
