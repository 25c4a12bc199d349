// One worked example for each plasticity rule. Time constants are chosen so that traces halve in every step.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "tests/support/one_synapse.hpp"

namespace spikeweave {
namespace {

using test::run_synapse;
using test::train_of;

constexpr double halving = 1.0 / std::numbers::ln2;           // [ms]; exp(-1/halving) = 1/2
constexpr double quartering = 1.0 / (2 * std::numbers::ln2);  // [ms]

template <class Rule>
double change(const typename Rule::Params& params, const std::vector<double>& pre, const std::vector<double>& post,
              const std::vector<double>& modulator = {}) {
  return run_synapse<Rule>(params, pre, post, {}, -100.0, 100.0, 1.0, modulator).weight;
}

TEST(PairStdp, PairsAllSpikes) {
  const PairStdpParams p{.a_plus = 1, .a_minus = 2, .tau_plus = halving, .tau_minus = halving};
  // post 2: 1/4 + 1/2 of events 0 and 1; event 3: 2 * 1/2 of post 2
  EXPECT_NEAR(change<PairStdp<double>>(p, train_of(4, {0, 1, 3}), train_of(4, {2})), 0.75 - 1.0, 1e-14);
}

TEST(PairStdp, NearestPairsTheLastSpike) {
  PairStdpParams p{.a_plus = 1, .a_minus = 2, .tau_plus = halving, .tau_minus = halving};
  p.pairing = Pairing::nearest_symmetric;
  // post 2: 1/2 of event 1; event 3: 2 * 1/2 of post 2
  EXPECT_NEAR(change<PairStdp<double>>(p, train_of(4, {0, 1, 3}), train_of(4, {2})), 0.5 - 1.0, 1e-14);
}

TEST(PairStdp, SoftBoundsScaleWithTheRoom) {
  const PairStdpParams p{
      .a_plus = 1, .a_minus = 2, .tau_plus = halving, .tau_minus = halving, .mu_plus = 1, .mu_minus = 1};
  // Bounds [0, 4], start 1: post 1: 1/2 * (4-1)/4 = 0.375, w = 1.375; event 2: 2 * 1/2 * 1.375/4 = 0.34375
  const auto synapse =
      run_synapse<PairStdp<double>>(p, train_of(3, {0, 2}), train_of(3, {1}), {.weight = 1.0}, 0.0, 4.0);
  EXPECT_NEAR(synapse.weight, 1.03125, 1e-14);
}

TEST(PresynapticCentredStdp, PairsEventsWithTheFirstPostSpikeAfterThem) {
  const PresynapticCentredStdpParams p{.a_plus = 1, .a_minus = 2, .tau_plus = halving, .tau_minus = halving};
  // post 2: 1/4 + 1/2 of events 0 and 1; post 3: nothing waits; event 5: 2 * 1/4 of post 3
  EXPECT_NEAR(change<PresynapticCentredStdp<double>>(p, train_of(6, {0, 1, 5}), train_of(6, {2, 3})), 0.75 - 0.5,
              1e-14);
}

TEST(ReducedStdp, PairsImmediateNeighbours) {
  const ReducedStdpParams p{.a_plus = 1, .a_minus = 1, .tau_plus = halving, .tau_minus = halving};
  // post 2: 1/2 of event 1; post 3: post 2 lies between; event 5: 1/4 of post 3; event 6: event 5 lies between
  EXPECT_NEAR(change<ReducedStdp<double>>(p, train_of(7, {0, 1, 5, 6}), train_of(7, {2, 3})), 0.5 - 0.25, 1e-14);
}

TEST(TripletStdp, ReadsTheSlowTracesBeforeTheirOwnSpike) {
  const TripletStdpParams p{.a2_plus = 1,
                            .a3_plus = 4,
                            .a2_minus = 0.5,
                            .a3_minus = 2,
                            .tau_plus = halving,
                            .tau_minus = halving,
                            .tau_x = halving,
                            .tau_y = halving};
  // event 1: o1 1/2, r2 0: -1/2 * 0.5 = -0.25
  // post 2: r1 1/2, o2 1/4 of post 0: 1/2 * (1 + 4/4) = 1
  // event 3: o1 1/8 + 1/2, r2 1/4 of event 1: -5/8 * (0.5 + 2/4) = -0.625
  EXPECT_NEAR(change<TripletStdp<double>>(p, train_of(4, {1, 3}), train_of(4, {0, 2})), 0.125, 1e-14);
}

TEST(WindowStdp, DecidesByTheNearestSpikeOfOneSide) {
  const WindowStdpParams p{.amplitude = 1, .tau_window = halving, .window_steps = 2};
  // event 1: too near the start; 6: post 7, D = 1: 1/2; 9: post 7, D = -2: -1/4; 12: coincides; 14: posts 12 and 15 on
  // both sides; 16: too near the end
  EXPECT_NEAR(change<WindowStdp<double>>(p, train_of(17, {1, 6, 9, 12, 14, 16}), train_of(17, {2, 7, 12, 15})), 0.25,
              1e-14);
}

TEST(PredictiveStdp, MultipliesTheErrorByTheEligibility) {
  const PredictiveStdpParams p{.learning_rate = 1, .tau_m = halving, .tau_prediction = quartering};
  // xbar 1 1/2 1/4 1/8; m 0 0 3/4 3/16: 1 * 1/2 - 3/4 * 1/4 - 3/16 * 1/8
  EXPECT_NEAR(change<PredictiveStdp<double>>(p, train_of(4, {0}), train_of(4, {1})), 0.2890625, 1e-14);
}

TEST(StateDerivative, MultipliesTheInputByTheChangeAfterIt) {
  StateDerivativeParams p{.learning_rate = 1};
  const std::vector<double> x{1, 2, 1, 5};
  const std::vector<double> s{0, 0.2, 0.5, 0.1};
  // forward: 1 * 0.2 + 2 * 0.3 - 1 * 0.4; the last input has no change after it
  EXPECT_NEAR(change<StateDerivative<double>>(p, x, s), 0.4, 1e-14);
  p.difference = StateDifference::central;
  // central: (1 * 0.2 + 2 * 0.5 + 1 * (0.1 - 0.2))/2
  EXPECT_NEAR(change<StateDerivative<double>>(p, x, s), 0.55, 1e-14);
}

TEST(Bcm, ComparesTheRateWithTheThresholdBeforeItMoves) {
  const BcmParams p{.learning_rate = 0.1, .tau_theta = 2, .theta_initial = 1};
  // theta 1, 1 + (4-1)/2 = 2.5, 2.5 + (1-2.5)/2 = 1.75
  // 2 * (2-1) * 1 + 1 * (1-2.5) * 1 + 3 * (3-1.75) * 0.5 = 2 - 1.5 + 1.875
  EXPECT_NEAR(change<Bcm<double>>(p, {1, 1, 0.5}, {2, 1, 3}), 0.2375, 1e-14);
}

TEST(Oja, DecaysWithTheSquaredRate) {
  // from 0: 0.5 * 2 * (1 - 2 * 0) = 1, then 0.5 * 1 * (2 - 1 * 1) = 0.5
  EXPECT_NEAR(change<Oja<double>>({.learning_rate = 0.5}, {1, 2}, {2, 1}), 1.5, 1e-14);
}

TEST(RewardedStdp, SweepsTheEligibilityIntoTheWeight) {
  RewardedStdpParams p;
  p.a_plus = 1;
  p.tau_plus = halving;
  p.baseline = 0.1;
  p.tau_eligibility = 2 * halving;
  p.update_interval = 2;
  // post 1: c = 1/2. After steps 1, 3, 5: (0.1 + 0.2)/2 + (0.1 + 1)/4 + 0.1/8
  EXPECT_NEAR(change<RewardedStdp<double>>(p, train_of(6, {0}), train_of(6, {1}), {9, 0.2, 9, 1, 9, 0}), 0.4375, 1e-14);
}

// Izhikevich's program multiplies the eligibility by 0.99 every 10 ms.
TEST(RewardedStdp, HasThePublishedDecaysAndInterval) {
  RewardedStdpParams p;
  p.tau_eligibility = 994.99;
  RewardedStdp<double>::Synapse synapse{.weight = 1.0, .eligibility = 1.0};
  RewardedStdp<double>::sweep(RewardedStdp<double>::derive(p, 1.0), WeightBounds<double>::of(0.0, 4.0), synapse, 0.5);
  EXPECT_NEAR(synapse.eligibility, 0.99, 1e-7);
  EXPECT_NEAR(synapse.weight, 1.502, 1e-14);
  EXPECT_EQ(RewardedStdp<double>::sweep_steps(p, 0.5), 20u);
  EXPECT_EQ(RewardedStdp<double>::sweep_steps(p, 100.0), 1u);
  EXPECT_NEAR(RewardedStdp<double>::modulator_decay(p, 1.0), 0.995012479192682, 1e-14);  // exp(-1/200)
}

// Half a sweep in every step: D = (0.1 + d)/2 + 2^-1/2 D of the next step; 0.55 after the last one.
TEST(RewardedStdp, TrialWeightSpreadsASweepOverItsSteps) {
  RewardedStdpParams p;
  p.baseline = 0.1;
  p.tau_eligibility = 2 * halving;
  p.update_interval = 2;
  const auto k = RewardedStdp<double>::derive(p, 1.0);
  const double last = RewardedStdp<double>::trial_weight(k, 0.0, 1.0);
  EXPECT_NEAR(last, 0.55, 1e-14);
  EXPECT_NEAR(RewardedStdp<double>::trial_weight(k, last, 0.3), 0.2 + 0.55 * std::numbers::sqrt2 / 2, 1e-14);
}

}  // namespace
}  // namespace spikeweave
