// The two-compartment burst neuron against solutions of its equations and the statistics of its draws.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "spikeweave/core/random.hpp"
#include "spikeweave/models/all.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

using Neuron = BurstNeuron<double>;
constexpr std::uint32_t never = 0xFFFFFFFFu;  // a word that no probability below 1 reaches

struct Cell {
  Neuron::Derived d;
  Neuron::State s;
  explicit Cell(const BurstNeuronParams<double>& p, double dt = 0.1)
      : d(Neuron::derive(p, dt)), s(Neuron::initial_state(d)) {}
  StepOutput<double> step(StepInput<double> in) {
    if (in.word == 0) in.word = never;
    return Neuron::step<PiecewiseLinear>(d, s, in);
  }
};

// Without spikes: v = e_leak + I tau/C; of the dendrite, whose adaptation w = v - e_leak adds to the leak:
// (v - e_leak) (C/tau + a) = I.
TEST(BurstNeuron, SettlesWhereItsCurrentsBalance) {
  BurstNeuronParams<double> p;
  p.soma_current = 300.0;
  p.dendrite_current = -250.0;
  Cell cell(p);
  for (int t = 0; t < 20'000; ++t) EXPECT_EQ(cell.step({0.0}).spike, 0.0);

  EXPECT_NEAR(cell.s.v, -70.0 + 300.0 * 16.0 / 370.0, 1e-9);
  EXPECT_NEAR(cell.s.v_dendrite, -70.0 - 250.0 / (170.0 / 7.0 + 13.0), 1e-9);
  EXPECT_NEAR(cell.s.w_dendrite, cell.s.v_dendrite + 70.0, 1e-9);
}

// The task's current goes into the compartment that it drives.
TEST(BurstNeuron, ATaskDrivesOneCompartment) {
  for (const auto driven : {Compartment::soma, Compartment::dendrite}) {
    BurstNeuronParams<double> p;
    p.driven = driven;
    p.dendrite_adaptation = 0.0;
    Cell cell(p);
    for (int t = 0; t < 20'000; ++t) cell.step({.current = 0.0, .is_clamped = true, .clamp = 100.0});
    const bool is_soma = driven == Compartment::soma;
    EXPECT_NEAR(cell.s.v, is_soma ? -70.0 + 100.0 * 16.0 / 370.0 : -70.0, 1e-9);
    EXPECT_NEAR(cell.s.v_dendrite, is_soma ? -70.0 : -70.0 + 100.0 * 7.0 / 170.0, 1e-9);
  }
}

// A positive sum of weights is excitation, a negative one inhibition, and each decays with its own time constant.
TEST(BurstNeuron, ConductancesTakeWhatArrivesAndDecay) {
  Cell cell({});
  cell.step({.current = 0.5, .second = -0.25});
  cell.step({.current = -2.0, .second = 0.125});
  for (int t = 0; t < 100; ++t) cell.step({0.0});

  EXPECT_NEAR(cell.s.g_ex, 0.5 * std::exp(-10.1 / 5.0), 1e-12);
  EXPECT_NEAR(cell.s.g_in, 2.0 * std::exp(-10.0 / 10.0), 1e-12);
  EXPECT_NEAR(cell.s.g_ex_dendrite, 0.125 * std::exp(-10.0 / 5.0), 1e-12);
  EXPECT_NEAR(cell.s.g_in_dendrite, 0.25 * std::exp(-10.1 / 10.0), 1e-12);
}

// Backward Euler: at any conductance and step the voltage lies between the reversal potentials.
TEST(BurstNeuron, VoltagesStayBetweenTheReversalPotentials) {
  for (const double weight : {1e4, -1e4}) {
    BurstNeuronParams<double> p;
    p.v_threshold = 1000.0;
    Cell cell(p, 5.0);
    for (int t = 0; t < 50; ++t) {
      cell.step({.current = weight, .second = weight});
      EXPECT_GE(cell.s.v, -80.0);
      EXPECT_LE(cell.s.v, 0.0);
      EXPECT_GE(cell.s.v_dendrite, -81.0);  // its adaptation pulls too
      EXPECT_LE(cell.s.v_dendrite, 0.0);
    }
  }
}

// An event resets the soma, lifts the threshold, adapts, and holds the next one off for 20 ms.
TEST(BurstNeuron, EventsHoldTheNextOneOff) {
  Cell cell({});
  EXPECT_EQ(cell.step({.current = 0.0, .forced = 1.0}).spike, 1.0);
  EXPECT_EQ(cell.s.v, -70.0);
  EXPECT_NEAR(cell.s.threshold, -48.0, 1e-12);
  EXPECT_EQ(cell.s.w, 1.0);
  int next = 0;
  for (int t = 1; t < 1000 && next == 0; ++t) {
    if (cell.step({5.0}).spike > 0.0) next = t;
  }
  EXPECT_EQ(next, 200);
  // The threshold was at -50 + 2 exp(-t/27 ms) (by forward Euler) before.
  EXPECT_NEAR(cell.s.threshold, -50.0 + 2.0 * std::pow(1.0 - 0.1 / 27.0, 200) + 2.0, 1e-9);
}

// Events are sent, second spikes are not: the dendrite sends those.
TEST(BurstNeuron, SecondSpikesComeWithTheProbabilityOfTheDendrite) {
  for (const double current : {0.0, 600.0}) {
    BurstNeuronParams<double> p;
    p.dendrite_current = current;
    p.dendrite_adaptation = 0.0;
    Cell cell(p);
    for (int t = 0; t < 5000; ++t) cell.step({0.0});
    const double share = 1.0 / (1.0 + std::exp(-(-70.0 + current * 7.0 / 170.0 + 57.0) / 6.0));
    const RandomStream random(7, Purpose::task);
    double bursts = 0.0, sum = 0.0, shortest = 1e9, longest = 0.0;
    constexpr int events = 4000;
    for (int n = 0; n < events; ++n) {
      for (int t = 0; t < 300; ++t) {
        const auto draw = static_cast<std::uint32_t>(4294967295.0 * random.uniform(static_cast<std::uint64_t>(n)));
        const auto out = cell.step({.current = 0.0, .word = t == 0 ? draw | 1u : never, .forced = t == 0 ? 1.0 : 0.0});
        EXPECT_EQ(out.spike - out.unsent, t == 0 ? 1.0 : 0.0);
        EXPECT_EQ(out.unsent, out.second);
        if (out.second == 0.0) continue;
        bursts += 1.0;
        sum += t;
        shortest = std::min(shortest, static_cast<double>(t));
        longest = std::max(longest, static_cast<double>(t));
      }
    }
    EXPECT_NEAR(bursts / events, share, 3.0 * std::sqrt(share * (1.0 - share) / events)) << current;
    EXPECT_NEAR(sum / bursts, 100.5, 3.0 * 100.0 / std::sqrt(12.0 * bursts)) << current;  // 50 + 100 U, rounded up
    EXPECT_GE(shortest, 50.0);
    EXPECT_LE(longest, 150.0);
  }
}

// Mean conductances of the noise: rate times weight times time constant, of four kinds.
TEST(BurstNeuron, NoiseHasItsRates) {
  BurstNeuronParams<double> p;
  p.v_threshold = 1000.0;
  p.soma_noise_rate = 150.0;
  p.soma_noise_excitatory = 0.35;
  p.soma_noise_inhibitory = 0.2;
  p.dendrite_noise_rate = 500.0;
  p.dendrite_noise_excitatory = 0.05;
  p.dendrite_noise_inhibitory = 0.03;
  Cell cell(p);
  const RandomStream random(9, Purpose::task);
  double sum[4] = {0, 0, 0, 0};
  constexpr int steps = 2'000'000;
  for (int t = 0; t < steps; ++t) {
    const auto word = static_cast<std::uint32_t>(4294967296.0 * random.uniform(static_cast<std::uint64_t>(t))) | 1u;
    cell.step({.current = 0.0, .word = word});
    const double g[4] = {cell.s.g_ex, cell.s.g_in, cell.s.g_ex_dendrite, cell.s.g_in_dendrite};
    for (int k = 0; k < 4; ++k) sum[k] += g[k] / steps;
  }
  // Events of 200 s: the standard error of a mean is 1/sqrt(events).
  const double rate[4] = {150.0, 150.0, 500.0, 500.0}, weight[4] = {0.35, 0.2, 0.05, 0.03};
  const double tau[4] = {5.0, 10.0, 5.0, 10.0};
  for (int k = 0; k < 4; ++k) {
    const double expected = rate[k] * 0.1e-3 * weight[k] / -std::expm1(-0.1 / tau[k]);
    EXPECT_NEAR(sum[k], expected, 3.0 * expected / std::sqrt(rate[k] * 200.0)) << k;
  }
}

TEST(BurstNeuron, NoiseIsLessThanAnEventPerStep) {
  BurstNeuronParams<double> p;
  p.dendrite_noise_rate = 12'000.0;
  expect_input_error([&] { Neuron::derive(p, 0.1); },
                     "/network/populations/neuron/dendrite_noise_rate: 12000.000000 Hz is an event or more in "
                     "every step of 0.100000 ms; at most one in a step is allowed");
}

}  // namespace
}  // namespace spikeweave
