// The neuron with a regenerative dendrite against solutions of its equations, and what its dendrite does.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "spikeweave/core/random.hpp"
#include "spikeweave/models/all.hpp"

namespace spikeweave {
namespace {

using Neuron = NaudSprekeler<double>;
constexpr double dt = 0.1;  // [ms]

struct Cell {
  Neuron::Derived d;
  Neuron::State s;
  explicit Cell(const NaudSprekelerParams<double>& p) : d(Neuron::derive(p, dt)), s(Neuron::initial_state(d)) {}
  StepOutput<double> step(StepInput<double> in) { return Neuron::step<PiecewiseLinear>(d, s, in); }
};

// At rest under currents: with f of the dendrite,
//   (v_d - e_leak) (c/tau + a) = I_d + dendrite_coupling f,   v_s = e_leak + tau/c (I_s + soma_coupling f).
TEST(NaudSprekeler, SettlesWhereItsCurrentsBalance) {
  for (const double current : {300.0, 900.0}) {
    NaudSprekelerParams<double> p;
    p.v_threshold = 1000.0;
    p.soma_current = 100.0;
    p.dendrite_current = current;
    Cell cell(p);
    for (int t = 0; t < 50'000; ++t) cell.step({0.0});
    const double f = 1.0 / (1.0 + std::exp(-(cell.s.v_dendrite + 38.0) / 6.0));
    EXPECT_NEAR((cell.s.v_dendrite + 70.0) * (170.0 / 7.0 + 13.0), current + 1200.0 * f, 1e-6) << current;
    EXPECT_NEAR(cell.s.v, -70.0 + 16.0 / 370.0 * (100.0 + 1300.0 * f), 1e-9) << current;
    EXPECT_EQ(f > 0.5, current > 500.0) << current;
  }
}

// A passive dendrite: by backward Euler a current of 2 ms moves it by I tau/c (1 - (1 + dt/tau)^-20), from the step
// behind the spike on, and then it decays.
TEST(NaudSprekeler, SpikesTravelBackIntoTheDendrite) {
  NaudSprekelerParams<double> p;
  p.dendrite_coupling = p.soma_coupling = p.dendrite_adaptation = 0.0;
  Cell cell(p);
  EXPECT_EQ(cell.step({.current = 0.0, .forced = 1.0}).spike, 1.0);
  EXPECT_EQ(cell.s.v_dendrite, -70.0);
  const double decay = 1.0 / (1.0 + dt / 7.0);
  const double highest = 2600.0 * 7.0 / 170.0 * (1.0 - std::pow(decay, 20));
  for (int t = 1; t <= 20; ++t) cell.step({0.0});
  EXPECT_NEAR(cell.s.v_dendrite, -70.0 + highest, 1e-9);
  for (int t = 0; t < 30; ++t) cell.step({0.0});
  EXPECT_NEAR(cell.s.v_dendrite, -70.0 + highest * std::pow(decay, 30), 1e-9);
}

// Under a strong drive spikes are tau_refractory and a step apart; each resets the soma, lifts the threshold, adapts.
TEST(NaudSprekeler, EverySpikeResetsAndRefracts) {
  Cell cell({});
  std::vector<int> spikes;
  for (int t = 0; t < 200; ++t) {
    const double w = cell.s.w, threshold = cell.s.threshold;
    if (cell.step({5.0}).spike == 0.0) continue;
    spikes.push_back(t);
    EXPECT_EQ(cell.s.v, -70.0);
    EXPECT_NEAR(cell.s.w, w * std::exp(-dt / 100.0) + 1.0, 1e-12);
    EXPECT_NEAR(cell.s.threshold, threshold + dt / 27.0 * (-50.0 - threshold) + 2.0, 1e-12);
  }
  ASSERT_GT(spikes.size(), 3u);
  for (std::size_t n = 1; n < spikes.size(); ++n) EXPECT_EQ(spikes[n] - spikes[n - 1], 31);
}

// 16 ms behind an event a spike makes a burst of it, a step later it is an event.
TEST(NaudSprekeler, TellsEventsFromBurstsByTheirInterval) {
  for (const int interval : {160, 161}) {
    Cell cell({});
    EXPECT_EQ(cell.step({.current = 0.0, .forced = 1.0}).unsent, 0.0);
    for (int t = 1; t < interval; ++t) cell.step({0.0});
    const auto out = cell.step({.current = 0.0, .forced = 1.0});
    EXPECT_EQ(out.second, interval == 160 ? 1.0 : 0.0);
    EXPECT_EQ(out.unsent, out.second);
  }
}

struct Fired {
  double spikes = 0.0, events = 0.0, bursts = 0.0;
};

// What 60 s of noise bring. What is sent is told from the intervals between the spikes here: an event comes after more
// than 16 ms, and its first successor within 16 ms makes it a burst.
Fired fire(double soma_current, double dendrite_current, double back_propagation = 2600.0) {
  NaudSprekelerParams<double> p;
  p.soma_current = soma_current;
  p.dendrite_current = dendrite_current;
  p.back_propagation = back_propagation;
  p.soma_noise_rate = p.dendrite_noise_rate = 500.0;
  p.soma_noise_excitatory = p.soma_noise_inhibitory = 0.06;
  Cell cell(p);
  const RandomStream random(3, Purpose::task);
  Fired fired;
  int last = -1000;
  bool is_open = false;
  for (int t = 0; t < 600'000; ++t) {
    const auto word = static_cast<std::uint32_t>(4294967296.0 * random.uniform(static_cast<std::uint64_t>(t)));
    const auto out = cell.step({.current = 0.0, .word = word});
    const bool spike = out.spike > 0.0;
    const bool event = spike && t - last > 160;
    const bool burst = spike && !event && is_open;
    EXPECT_EQ(out.spike - out.unsent, event ? 1.0 : 0.0);
    EXPECT_EQ(out.second, burst ? 1.0 : 0.0);
    if (spike) {
      last = t;
      is_open = event;
    }
    fired.spikes += spike ? 1.0 : 0.0;
    fired.events += event ? 1.0 : 0.0;
    fired.bursts += burst ? 1.0 : 0.0;
  }
  return fired;
}

// The claim of the source: the soma's input sets the rate of events, the dendrite's which of them become bursts.
// Without the current that travels back the same dendritic input makes none.
TEST(NaudSprekeler, TheDendriteTurnsEventsIntoBursts) {
  double before = -1.0;
  for (const double current : {0.0, 150.0, 300.0, 450.0}) {
    const Fired fired = fire(500.0, current);
    const double share = fired.bursts / fired.events;
    EXPECT_GT(share, before) << current;
    EXPECT_NEAR(fired.events / 60.0, 5.5, 2.0) << current;
    before = share;
    if (current == 0.0) {
      EXPECT_LT(share, 0.02);
    }
  }
  EXPECT_GT(before, 0.9);

  const Fired few = fire(500.0, 0.0), many = fire(700.0, 0.0);
  EXPECT_GT(many.events, 1.8 * few.events);
  EXPECT_LT(many.bursts, 0.02 * many.events);

  const Fired cut = fire(500.0, 450.0, 0.0);
  EXPECT_LT(cut.bursts, 0.01 * cut.events);
}

}  // namespace
}  // namespace spikeweave
