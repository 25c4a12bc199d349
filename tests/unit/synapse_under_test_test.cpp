// The protocols' engine with rules made for the test: a delayed decision, a reward, a drift in silence, bounds.
#include "spikeweave/protocol/synapse_under_test.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "spikeweave/protocol/run_protocol.hpp"

namespace spikeweave {
namespace {

struct Nothing {
  static constexpr auto columns() { return std::tuple{}; }
};
struct NoParams {
  static constexpr std::string_view name = "none";
};

// Adds 1 to the weight 150 steps after each pre event.
struct Delayed {
  using Value = double;
  using Params = NoParams;
  using Synapse = PlainSynapse<double>;
  struct Constants {};
  struct Pre : Nothing {
    int countdown = 0;
  };
  using Post = Nothing;
  static constexpr bool is_event_driven = false;
  static Constants derive(const Params&, double) { return {}; }
  static Factors<double, 1> pre_step(const Constants&, Pre& s, double event) {
    const bool due = s.countdown == 1;
    s.countdown = event > 0.0 ? 150 : s.countdown > 0 ? s.countdown - 1 : 0;
    return {{due ? 1.0 : 0.0}};
  }
  static Factors<double, 1> post_step(const Constants&, Post&, const PostActivity<double>&) { return {{0.0}}; }
  static void on_step(const Constants&, const WeightBounds<double>& bounds, Synapse& s, const Factors<double, 1>& pre,
                      const Factors<double, 1>&) {
    s.weight = bounds.cut(s.weight + pre.at[0]);
  }
};

// Each post spike makes the synapse eligible for good; every second step the weight takes eligibility * modulator.
struct Rewarded {
  using Value = double;
  using Params = NoParams;
  struct Synapse {
    double weight = 0, eligibility = 0;
  };
  struct Constants {};
  using Pre = Nothing;
  using Post = Nothing;
  static constexpr bool is_event_driven = true;
  static Constants derive(const Params&, double) { return {}; }
  static Factors<double, 1> pre_step(const Constants&, Pre&, double) { return {{0.0}}; }
  static Factors<double, 1> post_step(const Constants&, Post&, const PostActivity<double>&) { return {{0.0}}; }
  using Both = Factors<double, 1>;
  static void on_pre(const Constants&, const WeightBounds<double>&, Synapse&, const Both&, const Both&) {}
  static void on_post(const Constants&, const WeightBounds<double>&, Synapse& s, const Both&, const Both&) {
    s.eligibility += 1.0;
  }
  static std::size_t sweep_steps(const Params&, double) { return 2; }
  static double modulator_decay(const Params&, double) { return 0.5; }
  static void sweep(const Constants&, const WeightBounds<double>& bounds, Synapse& s, double modulator) {
    s.weight = bounds.cut(s.weight + s.eligibility * modulator);
  }
};

// The weight falls in every step.
struct Drifting : Delayed {
  static void on_step(const Constants&, const WeightBounds<double>&, Synapse& s, const Factors<double, 1>&,
                      const Factors<double, 1>&) {
    s.weight -= 1e-6;
  }
};

constexpr SynapseSettings wide{.low = -100.0, .high = 100.0};

TEST(SynapseUnderTest, WaitsForADecisionAfterTheLastSpike) {
  EXPECT_EQ(change_by<Delayed>({}, wide, {{0}, {-7}}).change, 1.0);
}

TEST(SynapseUnderTest, TakesRewardAtItsTimeThroughTheDecayingModulator) {
  SynapseSettings settings = wide;
  settings.settle = 200.0;
  settings.reward = 6.0;
  settings.reward_delay = 3.0;

  const WeightChange change = change_by<Rewarded>({}, settings, {{}, {0}});

  // Step 0 is call number 201 (200 silent ones before it), so the sweeps follow the odd steps 1, 3, 5, ... The reward
  // comes in step 3: 6 (1 + 1/4 + 1/16 + ...) = 8.
  EXPECT_NEAR(change.change, 8.0, 1e-12);
  EXPECT_TRUE(change.settled);
}

TEST(SynapseUnderTest, WithoutSpikesThereIsNoChange) {
  EXPECT_EQ(change_by<Drifting>({}, wide, {{}, {}}).change, 0.0);
}

TEST(SynapseUnderTest, SaysThatARuleDriftsInSilence) {
  EXPECT_FALSE(change_by<Drifting>({}, wide, {{0}, {}}).settled);
  EXPECT_TRUE(change_by<Delayed>({}, wide, {{0}, {}}).settled);
}

TEST(SynapseUnderTest, SaysThatTheWeightMetABound) {
  const SynapseSettings narrow{.low = 0.0, .high = 1.0, .start = 0.5};

  const WeightChange change = change_by<Delayed>({}, narrow, {{0}, {}});

  EXPECT_TRUE(change.met_bound);
  EXPECT_EQ(change.change, 0.5);
  EXPECT_FALSE(change_by<Delayed>({}, wide, {{0}, {}}).met_bound);
}

// Pair STDP, multiplicative: the start weight matters. start 0.8 of [-1, 3] is w = 2.2: D = 3: (3 - 2.2) / 4 = 0.2 of
// a_plus exp(-3/tau); D = -3: (2.2 + 1) / 4 = 0.8 of -a_minus exp(-3/tau).
TEST(RunProtocol, StartWeightIsAShareOfTheRange) {
  WindowSettings settings;
  settings.rule.value = PairStdpParams{.a_plus = 0.1, .a_minus = 0.3, .mu_plus = 1.0, .mu_minus = 1.0};
  settings.protocol.value = PairProtocol{.from = -3.0, .to = 3.0, .step = 3.0};
  settings.synapse = {.low = -1.0, .high = 3.0, .start = 0.8};

  const ProtocolResult result = run_protocol(settings);

  ASSERT_EQ(result.curves[0].change.size(), 3u);
  EXPECT_NEAR(result.curves[0].change[0], -0.3 * 0.8 * std::exp(-3.0 / 20.0), 1e-15);
  EXPECT_EQ(result.curves[0].change[1], 0.0);
  EXPECT_NEAR(result.curves[0].change[2], 0.1 * 0.2 * std::exp(-3.0 / 20.0), 1e-15);
}

// All-to-all pairs, summed over both trains: with T the distance of the pairs, 60 pairs at 10 Hz, T = 100 steps.
double sum_over_pairs(int pairs, double period, double difference, const PairStdpParams& p) {
  double sum = 0.0;
  for (int i = 0; i < pairs; ++i) {
    for (int j = 0; j < pairs; ++j) {
      const double d = (j - i) * period + difference;
      if (d > 0) sum += p.a_plus * std::exp(-d / p.tau_plus);
      if (d < 0) sum -= p.a_minus * std::exp(d / p.tau_minus);
    }
  }
  return sum;
}

TEST(RunProtocol, SixtyPairsAddUpOverAllPairsOfSpikes) {
  const PairStdpParams rule{.a_plus = 0.001, .a_minus = 0.0012, .tau_plus = 17.0, .tau_minus = 34.0};
  WindowSettings settings;
  settings.rule.value = rule;
  settings.protocol.value = PairProtocol{.from = -40.0, .to = 40.0, .step = 8.0, .pairs = 60, .frequency = 10.0};

  const ProtocolResult result = run_protocol(settings);

  for (std::size_t i = 0; i < result.axes[0].values.size(); ++i) {
    const double difference = result.axes[0].values[i];
    EXPECT_NEAR(result.curves[0].change[i], sum_over_pairs(60, 100.0, difference, rule), 1e-13) << difference;
  }
}

TEST(RunProtocol, FrequencyCurvesAreThoseOfThePairsAtPlusAndMinusD) {
  const PairStdpParams rule{.a_plus = 0.001, .a_minus = 0.0012};
  WindowSettings settings;
  settings.rule.value = rule;
  settings.protocol.value = FrequencyProtocol{.difference = 10.0, .pairs = 60, .frequencies = {0.1, 10, 40}};

  const ProtocolResult result = run_protocol(settings);

  const double periods[] = {10000.0, 100.0, 25.0};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(result.curves[0].change[i], sum_over_pairs(60, periods[i], 10.0, rule), 1e-13);
    EXPECT_NEAR(result.curves[1].change[i], sum_over_pairs(60, periods[i], -10.0, rule), 1e-13);
  }
}

// Independent trains, additive rule, traces that do not see their own step: a pair of spikes k >= 1 steps apart has
// probability p_pre p_post per step, so the drift per step is p_pre p_post (a_plus S(tau_plus) - a_minus S(tau_minus)),
// S(tau) = sum over k >= 1 of exp(-k/tau) = 1 / (exp(1/tau) - 1).
TEST(RunProtocol, PoissonDriftIsTheProductOfTheRatesAndTheAreaOfTheWindow) {
  const PairStdpParams rule{.a_plus = 0.001, .a_minus = 0.0005};
  WindowSettings settings;
  settings.rule.value = rule;
  settings.protocol.value =
      PoissonProtocol{.pre_rate = 20.0, .post_rates = {0.0, 10.0, 40.0}, .repeats = 40, .seed = 5};
  settings.synapse.low = -10.0;
  settings.synapse.high = 10.0;

  const ProtocolResult result = run_protocol(settings);

  const double area = (rule.a_plus - rule.a_minus) / (std::exp(1.0 / 20.0) - 1.0);
  EXPECT_EQ(result.curves[0].change[0], 0.0);
  for (const std::size_t i : {1u, 2u}) {
    const double per_second = 1000.0 * 0.020 * (result.axes[0].values[i] / 1000.0) * area;
    EXPECT_GT(result.curves[0].error[i], 0.0);
    EXPECT_LT(result.curves[0].error[i], 0.2 * per_second);  // else the next line says nothing
    EXPECT_NEAR(result.curves[0].change[i], per_second, 4.0 * result.curves[0].error[i]) << "seed 5";
  }
}

TEST(RunProtocol, PoissonRepeatsAreOtherTrainsAndTheSeedGivesTheSameNumbers) {
  WindowSettings settings;
  PoissonProtocol poisson{.post_rates = {20.0}, .duration = 2000.0, .repeats = 5};
  settings.protocol.value = poisson;
  const ProtocolResult first = run_protocol(settings);
  const ProtocolResult again = run_protocol(settings);
  poisson.seed = 2;
  settings.protocol.value = poisson;
  const ProtocolResult other = run_protocol(settings);

  EXPECT_GT(first.curves[0].error[0], 0.0);
  EXPECT_EQ(first.curves[0].change, again.curves[0].change);
  EXPECT_NE(first.curves[0].change, other.curves[0].change);
}

// Payeur et al. 2021, Fig. 2: bursts rarer than they were depress, more frequent ones potentiate. Mean field, with
// events at rate E on both sides and the burst probability p0 before the measurement of length T:
//   dW/T = learning_rate tau_pre E^2 (p - p0) tau_average (1 - exp(-T/tau_average)) / T
TEST(RunProtocol, BurstPoissonChangesTheSignOfTheWeightAtTheFormerBurstProbability) {
  WindowSettings settings;
  settings.rule.value = BurstDependentParams{.learning_rate = 0.1, .tau_pre = 50.0, .tau_average = 15'000.0};
  settings.protocol.value = BurstPoissonProtocol{.burst_probabilities = {0.0, 0.2, 0.4}, .repeats = 100, .seed = 3};
  settings.synapse.low = -10.0;
  settings.synapse.high = 10.0;

  const ProtocolResult result = run_protocol(settings);

  EXPECT_EQ(result.met_bound, 0u);
  const double per_probability = 0.1 * 50.0 * 0.005 * 0.005 * 15'000.0 * -std::expm1(-4.0) / 60.0;
  for (const std::size_t i : {0u, 1u, 2u}) {
    const double expected = per_probability * (result.axes[0].values[i] - 0.2);
    EXPECT_LT(result.curves[0].error[i], 0.1 * 0.2 * per_probability);
    EXPECT_NEAR(result.curves[0].change[i], expected, 4.0 * result.curves[0].error[i]) << "seed 3";
  }
}

// A bound met before the measurement does not count.
TEST(RunProtocol, TheWeightStartsAnewAfterTheWarmUp) {
  WindowSettings settings;
  settings.rule.value = PairStdpParams{.a_plus = 0.01, .a_minus = 0.0};
  PoissonProtocol poisson{.pre_rate = 50.0, .post_rates = {50.0}, .warm_up = 60'000.0, .duration = 10.0, .repeats = 4};
  settings.protocol.value = poisson;
  EXPECT_EQ(run_protocol(settings).met_bound, 0u);
  poisson.duration = 60'000.0;
  settings.protocol.value = poisson;
  EXPECT_EQ(run_protocol(settings).met_bound, 4u);
}

}  // namespace
}  // namespace spikeweave
