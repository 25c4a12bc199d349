// Burst-dependent plasticity of random trains: rates of events and bursts, and the mean field of the rule.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "spikeweave/core/random.hpp"
#include "spikeweave/learning/event_split.hpp"
#include "spikeweave/learning/plasticity/all.hpp"

namespace spikeweave {
namespace {

using Rule = BurstDependent<double>;

// Payeur et al. 2021, Methods (protocol of Poisson trains): of the intervals of a Poisson train of rate r with a dead
// time d a share a = exp(-lambda (w - d)) is longer than w, lambda = r/(1 - r d). So events have the rate r a, and a
// share 1 - a of them become bursts.
TEST(EventSplit, CountsThoseOfAPoissonTrainWithADeadTime) {
  constexpr double dt = 0.1, dead = 2.0, window = 16.0;  // [ms]
  for (const double rate : {5.0, 20.0, 50.0}) {
    const double lambda = rate / 1000.0 / (1.0 - rate / 1000.0 * dead);  // [1/ms]
    const RandomStream random(3, Purpose::task, static_cast<std::uint32_t>(rate));
    EventSplit<double> split;
    double events = 0.0, bursts = 0.0, last = -1000.0;
    constexpr int steps = 4'000'000;  // 400 s
    const double in_a_step = -std::expm1(-lambda * dt);
    for (int t = 0; t < steps; ++t) {
      const double now = t * dt;
      const bool fires = now - last > dead - 0.5 * dt && random.uniform(static_cast<std::uint64_t>(t)) < in_a_step;
      if (fires) last = now;
      const auto kind = split.split(std::floor(window / dt + 1e-9), fires ? 1.0 : 0.0);
      events += kind.event;
      bursts += kind.burst;
    }
    const double seconds = steps * dt / 1000.0;
    const double longer = std::exp(-lambda * (window - dead));
    EXPECT_NEAR(events / seconds, rate * longer, 3.0 * std::sqrt(rate * longer / seconds)) << rate;
    EXPECT_NEAR(bursts / events, 1.0 - longer, 3.0 * std::sqrt(longer * (1.0 - longer) / events)) << rate;
  }
}

// Events of rate E on both sides, each of the post neuron followed by a second spike with probability p. After a time
// with p = 0.2 in which nothing is learned, the weight changes by
//   learning_rate tau_pre E (B - B0) tau_average (1 - exp(-T/tau_average)),   B = p E, B0 = 0.2 E.
// 200 runs, within three standard errors; the sign changes at p = 0.2.
TEST(BurstDependent, MeanFieldOfIndependentTrains) {
  constexpr double dt = 1.0, duration = 100'000.0, warm_up = 75'000.0;
  const BurstDependentParams params{
      .learning_rate = 0.1, .tau_pre = 50.0, .tau_average = 15'000.0, .burst_interval = 1.0};
  const auto k = Rule::derive(params, dt);
  constexpr int runs = 200;
  struct Case {
    double rate, p;
  };
  for (const auto [rate, p] : {Case{5.0, 0.0}, Case{5.0, 0.1}, Case{5.0, 0.2}, Case{5.0, 0.4}, Case{10.0, 0.4}}) {
    double sum = 0.0, squares = 0.0;
    for (int run = 0; run < runs; ++run) {
      const RandomStream random(run + 1, Purpose::task, static_cast<std::uint32_t>(100.0 * p + rate));
      Rule::Pre pre;
      Rule::Post post;
      Rule::Synapse synapse;
      int second = -1, silent = 0;
      for (int t = 0; t < static_cast<int>(warm_up + duration); ++t) {
        const auto draw = [&](std::uint64_t n) { return random.uniform(3 * static_cast<std::uint64_t>(t) + n); };
        // An event is followed, in the next step, by a second spike or not; neither side fires in the two steps behind.
        const bool is_learning = t >= static_cast<int>(warm_up);
        const bool event = silent == 0 && draw(0) < rate * dt / 1000.0 / (1.0 - 3.0 * rate * dt / 1000.0);
        const bool burst = t == second;
        if (event) silent = 4;
        if (event && draw(1) < (is_learning ? p : 0.2)) second = t + 1;
        silent = silent > 0 ? silent - 1 : 0;
        const bool arrives = draw(2) < rate * dt / 1000.0;
        const auto from = Rule::pre_step(k, pre, arrives ? 1.0 : 0.0);
        const double spike = event || burst ? 1.0 : 0.0;
        const auto to = Rule::post_step(k, post, {spike, spike, is_learning ? 1.0 : 0.0});
        if (spike > 0.0) Rule::on_post(k, WeightBounds<double>::of(-100.0, 100.0), synapse, from, to);
      }
      sum += synapse.weight;
      squares += synapse.weight * synapse.weight;
    }
    const double mean = sum / runs;
    const double error = std::sqrt((squares / runs - mean * mean) / (runs - 1));
    const double expected =
        0.1 * 50.0 * (rate / 1000.0) * (p - 0.2) * rate / 1000.0 * 15'000.0 * -std::expm1(-duration / 15'000.0);
    EXPECT_NEAR(mean, expected, 3.0 * error) << rate << " Hz, p " << p;
    EXPECT_LT(error, rate == 5.0 ? 0.05 : 0.1) << rate << " Hz, p " << p;
  }
}

// Payeur et al. 2021, Methods (protocol of periodic pairs): 15 groups, 10 s apart, of 5 pairs of simultaneous spikes.
// While the pairs are further apart than 16 ms all are events, and each depresses by the running burst probability; at
// closer ones the first is an event, the second makes a burst of it, and the others are neither.
TEST(BurstDependent, PeriodicPairsDepressUntilTheyBurst) {
  constexpr double dt = 1.0, tau_pre = 50.0, tau_average = 15'000.0, start_events = 5.0, start_bursts = 1.0;
  constexpr int groups = 15, pairs = 5, apart = 10'000;
  const auto k = Rule::derive({.learning_rate = 0.1, .tau_pre = tau_pre, .tau_average = tau_average}, dt);
  for (const int interval : {1000, 100, 20, 17, 16, 10}) {
    Rule::Pre pre;
    Rule::Post post;
    post.events = start_events;
    post.bursts = start_bursts;
    Rule::Synapse synapse;
    double expected = 0.0, events = start_events, bursts = start_bursts, trace = 0.0;
    int last = -1;  // the step of the expectation's latest event or burst; the averages decay in the first step too
    for (int t = 0; t < groups * apart; ++t) {
      const int n = t % apart / interval;
      const bool is_pair = t % apart % interval == 0 && n < pairs;
      const double spike = is_pair ? 1.0 : 0.0;
      const auto from = Rule::pre_step(k, pre, spike);
      const auto to = Rule::post_step(k, post, {spike, spike, 1.0});
      if (!is_pair) continue;
      Rule::on_post(k, WeightBounds<double>::of(-100.0, 100.0), synapse, from, to);

      const bool is_event = interval > 16 || n == 0;
      const bool is_burst = !is_event && n == 1;
      if (!is_event && !is_burst) continue;
      const double decay = std::exp(-(t - last) / tau_average);
      trace = trace * std::exp(-(t - last) / tau_pre) + (is_event ? 1.0 : 0.0);
      events *= decay;
      bursts *= decay;
      expected += 0.1 * trace * (is_burst ? 1.0 : -bursts / events);
      (is_event ? events : bursts) += 1000.0 / tau_average;
      last = t;
    }
    EXPECT_NEAR(synapse.weight, expected, 1e-9) << interval << " ms";
    EXPECT_EQ(synapse.weight > 0.0, interval <= 16) << interval << " ms";
  }
}

}  // namespace
}  // namespace spikeweave
