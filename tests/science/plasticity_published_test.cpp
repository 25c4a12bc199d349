// What plasticity rules are known for: triplet STDP follows the pairing frequency and the post rate, pair STDP does
// not, BCM selects one of several patterns.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "tests/support/one_synapse.hpp"
#include "tests/support/source_folder.hpp"

namespace spikeweave {
namespace {

using test::run_synapse;

constexpr std::array<double, 5> frequencies{0.1, 10.0, 20.0, 40.0, 50.0};  // [Hz]

// 60 pairs at a frequency, in steps of 1 ms, post - pre = delay [ms]. The change of a weight that meets no bound.
template <class Rule>
double change_by_pairs(const typename Rule::Params& params, double frequency, int delay) {
  const auto period = static_cast<std::size_t>(std::lround(1000.0 / frequency));
  std::vector<double> pre(60 * period + 20, 0.0);
  std::vector<double> post = pre;
  for (std::size_t n = 0; n < 60; ++n) {
    pre[n * period + 10] = 1.0;
    post[n * period + static_cast<std::size_t>(10 + delay)] = 1.0;
  }
  return run_synapse<Rule>(params, pre, post, {}, -100.0, 100.0, 1.0).weight;
}

// Pfister & Gerstner 2006, all-to-all, visual cortex: full set.
TripletStdpParams full_set() {
  TripletStdpParams p;
  p.a2_plus = 5e-10;
  p.a3_plus = 6.2e-3;
  p.a2_minus = 7e-3;
  p.a3_minus = 2.3e-4;
  p.tau_y = 125.0;
  return p;
}

// The tables are from an independent event-driven simulation of the published equations.
void expect_table(const TripletStdpParams& params, int delay, const std::array<double, 5>& expected) {
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    EXPECT_NEAR(change_by_pairs<TripletStdp<double>>(params, frequencies[i], delay), expected[i], 1e-3)
        << frequencies[i] << " Hz, " << delay << " ms";
  }
}

TEST(TripletStdpFrequency, MinimalSet) {
  expect_table({}, 10, {0.0000, 0.1186, 0.2278, 0.5321, 0.7627});
  expect_table({}, -10, {-0.3166, -0.3322, -0.3417, 0.1737, 0.7492});
}

TEST(TripletStdpFrequency, FullSet) {
  expect_table(full_set(), 10, {0.0000, 0.1321, 0.2470, 0.5337, 0.7409});
  expect_table(full_set(), -10, {-0.3122, -0.3336, -0.3516, 0.1548, 0.7272});
}

struct Measured {
  double frequency, change_plus, error_plus, change_minus, error_minus;
};

// Sjostrom, Turrigiano & Nelson 2001, Neuron 32:1149-1164: relative changes at +10 and -10 ms with standard errors.
std::vector<Measured> measured_changes() {
  std::ifstream file(test::source_folder() + "/../shared/data/stdp/sjostrom2001_frequency_vhlab.csv");
  std::vector<Measured> rows;
  std::string header;
  std::getline(file, header);
  Measured row{};
  char comma = 0;
  while (file >> row.frequency >> comma >> row.change_plus >> comma >> row.error_plus >> comma >> row.change_minus >>
         comma >> row.error_minus) {
    rows.push_back(row);
  }
  return rows;
}

TEST(MeasuredFrequency, TripletStdpHasTheSignOfEveryChange) {
  const auto rows = measured_changes();
  if (rows.empty()) GTEST_SKIP() << "the measured changes are not beside this checkout";
  ASSERT_EQ(rows.size(), frequencies.size());
  for (const Measured& row : rows) {
    const double plus = change_by_pairs<TripletStdp<double>>({}, row.frequency, 10);
    const double minus = change_by_pairs<TripletStdp<double>>({}, row.frequency, -10);
    EXPECT_EQ(std::signbit(minus), std::signbit(row.change_minus)) << row.frequency << " Hz";
    if (std::abs(row.change_plus) > row.error_plus) {
      EXPECT_EQ(std::signbit(plus), std::signbit(row.change_plus)) << row.frequency << " Hz";
    } else {
      EXPECT_LT(std::abs(plus - row.change_plus), row.error_plus) << row.frequency << " Hz";  // 0.1 Hz: no change
    }
  }
}

// Depression-dominated pair STDP (Song et al. 2000), and pair STDP fitted to the changes at 0.1 Hz, with as much
// potentiation as one standard error allows.
TEST(MeasuredFrequency, PairStdpDoesNotTurnIntoPotentiation) {
  const auto rows = measured_changes();
  if (rows.empty()) GTEST_SKIP() << "the measured changes are not beside this checkout";
  ASSERT_EQ(rows.size(), frequencies.size());
  const PairStdpParams song;
  PairStdpParams fitted;
  fitted.a_plus = (rows[0].change_plus + rows[0].error_plus) / 60 * std::exp(10 / fitted.tau_plus);
  fitted.a_minus = -rows[0].change_minus / 60 * std::exp(10 / fitted.tau_minus);
  ASSERT_GT(fitted.a_plus, 0.0);
  ASSERT_NEAR(change_by_pairs<PairStdp<double>>(fitted, 0.1, -10), rows[0].change_minus, 1e-9);
  for (const Measured& row : rows) {
    if (row.frequency < 40.0) continue;
    EXPECT_GT(row.change_minus, row.error_minus) << row.frequency << " Hz";
    EXPECT_LT(change_by_pairs<PairStdp<double>>(song, row.frequency, -10), 0.0) << row.frequency << " Hz";
    EXPECT_LT(change_by_pairs<PairStdp<double>>(fitted, row.frequency, -10), 0.0) << row.frequency << " Hz";
  }
}

// Mean change per step of 1 ms under independent trains with these probabilities of a spike per step.
double drift(const TripletStdpParams& params, double pre_probability, double post_probability) {
  using Rule = TripletStdp<double>;
  constexpr int steps = 20'000'000;
  std::mt19937_64 random(7);
  const auto k = Rule::derive(params, 1.0);
  const auto bounds = WeightBounds<double>::of(-1e9, 1e9);
  Rule::Synapse synapse;
  Rule::Pre pre;
  Rule::Post post;
  const auto pre_limit = static_cast<std::uint32_t>(pre_probability * 0x1p32);
  const auto post_limit = static_cast<std::uint32_t>(post_probability * 0x1p32);
  for (int t = 0; t < steps; ++t) {
    const std::uint64_t word = random();
    const bool event = static_cast<std::uint32_t>(word) < pre_limit;
    const bool spike = static_cast<std::uint32_t>(word >> 32) < post_limit;
    const auto from = Rule::pre_step(k, pre, event ? 1.0 : 0.0);
    const auto to = Rule::post_step(k, post, {spike ? 1.0 : 0.0, spike ? 1.0 : 0.0});
    if (event) Rule::on_pre(k, bounds, synapse, from, to);
    if (spike) Rule::on_post(k, bounds, synapse, from, to);
  }
  return synapse.weight / steps;
}

// Mean of a trace that a spike per step would drive: sum over n >= 1 of exp(-n/tau) [steps of 1 ms]; tau - 1/2 + ...
double area(double tau) {
  return 1.0 / std::expm1(1.0 / tau);
}

// E[dW] = rx ry (a3_plus tau_plus tau_y ry - a2_minus tau_minus) for Poisson trains; in steps, area() for each tau.
TEST(TripletStdpDrift, GrowsWithThePostRateAsInBcm) {
  const TripletStdpParams p;
  const double rx = 0.1;  // 100 Hz
  for (const double ry : {0.005, 0.040}) {
    const double expected =
        rx * ry * (p.a3_plus * area(p.tau_plus) * area(p.tau_y) * ry - p.a2_minus * area(p.tau_minus));
    EXPECT_NEAR(drift(p, rx, ry), expected, 0.01 * std::abs(expected)) << ry * 1000 << " Hz";
  }
}

TEST(TripletStdpDrift, ChangesSignAtThePredictedRate) {
  const TripletStdpParams p;
  const double zero = p.a2_minus * area(p.tau_minus) / (p.a3_plus * area(p.tau_plus) * area(p.tau_y));
  EXPECT_NEAR(1000 * p.a2_minus * p.tau_minus / (p.a3_plus * p.tau_plus * p.tau_y), 19.22, 0.005);  // dt -> 0 [Hz]
  EXPECT_NEAR(zero / 0.01922, 1.0, 0.03);
  EXPECT_LT(drift(p, 0.1, 0.9 * zero), 0.0);
  EXPECT_GT(drift(p, 0.1, 1.1 * zero), 0.0);
}

// Two orthogonal patterns, one shown per step, the first with this probability. The mean responses in the last tenth.
std::array<double, 2> bcm_responses(double first_probability) {
  using Rule = Bcm<double>;
  constexpr int steps = 200'000;
  std::mt19937_64 random(3);
  const auto k = Rule::derive({}, 1.0);
  const auto bounds = WeightBounds<double>::of(-100.0, 100.0);
  std::array<Rule::Synapse, 2> synapses;
  std::array<Rule::Pre, 2> pre;
  Rule::Post post;
  for (auto& synapse : synapses) synapse.weight = 0.5;
  std::array<double, 2> sum{};
  for (int t = 0; t < steps; ++t) {
    const std::size_t shown = static_cast<double>(random() >> 11) * 0x1p-53 < first_probability ? 0 : 1;
    const double y = synapses[shown].weight > 0.0 ? synapses[shown].weight : 0.0;
    const auto to = Rule::post_step(k, post, {0.0, y});
    for (std::size_t i = 0; i < 2; ++i) {
      Rule::on_step(k, bounds, synapses[i], Rule::pre_step(k, pre[i], i == shown ? 1.0 : 0.0), to);
      if (t >= steps - steps / 10) sum[i] += synapses[i].weight / (steps / 10);
    }
  }
  return sum;
}

// The stable states respond to one pattern, with 1/its probability (Bienenstock et al. 1982; Intrator & Cooper 1992).
TEST(BcmSelectivity, EquallyFrequentPatterns) {
  const auto response = bcm_responses(0.5);
  EXPECT_NEAR(std::max(response[0], response[1]), 2.0, 0.06);
  EXPECT_LT(std::min(response[0], response[1]), 1e-30);
}

TEST(BcmSelectivity, TheMoreFrequentPatternWins) {
  const auto response = bcm_responses(0.25);
  EXPECT_NEAR(response[1], 4.0 / 3.0, 0.04);
  EXPECT_LT(response[0], 1e-30);
}

}  // namespace
}  // namespace spikeweave
