// The change by one pair of spikes, at every delay, against the closed form of each rule's source.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/every_variant.hpp"
#include "tests/support/one_synapse.hpp"

namespace spikeweave {
namespace {

using test::for_every_variant;
using test::run_synapse;
using test::train_of;

constexpr double dt = 0.5;  // [ms]
constexpr std::size_t steps = 1200;
constexpr int pre_at = 200;
constexpr int largest_delay = 100;  // steps

template <class Rule>
void expect_window_in(const typename Rule::Params& params, const std::function<double(int)>& expected, double tolerance,
                      const std::vector<double>& modulator) {
  double largest = 0.0;
  for (int d = -largest_delay; d <= largest_delay; ++d) largest = std::max(largest, std::abs(expected(d)));
  ASSERT_GT(largest, 0.0);
  const auto pre = train_of(steps, {pre_at});
  for (int d = -largest_delay; d <= largest_delay; ++d) {
    const auto post = train_of(steps, {static_cast<std::size_t>(pre_at + d)});
    const auto synapse = run_synapse<Rule>(params, pre, post, {}, -1000.0, 1000.0, dt, modulator);
    ASSERT_NEAR(synapse.weight, expected(d), tolerance * largest) << "delay " << d;
  }
}

// expected(d): the change at d = t_post - t_pre steps.
template <template <class> class Rule>
void expect_window(const typename Rule<double>::Params& params, const std::function<double(int)>& expected,
                   const std::vector<double>& modulator = {}) {
  expect_window_in<Rule<double>>(params, expected, 1e-12, modulator);
  expect_window_in<Rule<float>>(params, expected, 1e-5, modulator);
}

// Morrison et al. 2008, eq. 1; the same for all pairings, as there is one pair.
template <class Params>
double pair_change(const Params& p, int d) {
  if (d > 0) return p.a_plus * std::exp(-d * dt / p.tau_plus);
  if (d < 0) return -p.a_minus * std::exp(d * dt / p.tau_minus);
  double change = 0.0;
  if (p.coincidence == Coincidence::ltp || p.coincidence == Coincidence::both) change += p.a_plus;
  if (p.coincidence == Coincidence::ltd || p.coincidence == Coincidence::both) change -= p.a_minus;
  return change;
}

template <class Params>
Params pair_settings() {
  Params params;
  params.a_plus = 0.7;
  params.a_minus = 0.4;
  params.tau_plus = 16.8;
  params.tau_minus = 33.7;
  return params;
}

template <template <class> class Rule>
void expect_pair_window() {
  using Params = typename Rule<double>::Params;
  for_every_variant(pair_settings<Params>(), [](const Params& p, const std::string& variant) {
    SCOPED_TRACE(variant);
    expect_window<Rule>(p, [&p](int d) { return pair_change(p, d); });
  });
}

TEST(PlasticityWindow, PairStdpIsTwoExponentials) {
  expect_pair_window<PairStdp>();
}
TEST(PlasticityWindow, PresynapticCentredStdpIsTwoExponentials) {
  expect_pair_window<PresynapticCentredStdp>();
}
TEST(PlasticityWindow, ReducedStdpIsTwoExponentials) {
  expect_pair_window<ReducedStdp>();
}

// A pair has no third spike, so the triplet amplitudes have no say.
TEST(PlasticityWindow, TripletStdpOfAPairIsTwoExponentials) {
  TripletStdpParams settings;
  settings.a2_plus = 0.7;
  settings.a2_minus = 0.4;
  settings.a3_plus = 3.0;
  settings.a3_minus = 2.0;
  for_every_variant(settings, [](const TripletStdpParams& p, const std::string& variant) {
    SCOPED_TRACE(variant);
    const PairStdpParams pair{.a_plus = p.a2_plus,
                              .a_minus = p.a2_minus,
                              .tau_plus = p.tau_plus,
                              .tau_minus = p.tau_minus,
                              .coincidence = p.coincidence};
    expect_window<TripletStdp>(p, [&pair](int d) { return pair_change(pair, d); });
  });
}

// Pfister & Gerstner 2006: post, pre, post with 20 steps between the post spikes, both orders of the first two.
TEST(PlasticityWindow, TripletStdpOfTwoPostSpikesAddsTheirTriplet) {
  TripletStdpParams p;
  p.a2_plus = 0.1;
  p.a3_plus = 3.0;
  p.a2_minus = 0.4;
  for (int d = 1; d < 20; ++d) {
    const auto pre = train_of(steps, {pre_at});
    const auto first = static_cast<std::size_t>(pre_at - d);
    const auto post = train_of(steps, {first, first + 20});
    const double depression = p.a2_minus * std::exp(-d * dt / p.tau_minus);
    const double potentiation =
        std::exp(-(20 - d) * dt / p.tau_plus) * (p.a2_plus + p.a3_plus * std::exp(-20 * dt / p.tau_y));
    const auto synapse = run_synapse<TripletStdp<double>>(p, pre, post, {}, -10.0, 10.0, dt);
    EXPECT_NEAR(synapse.weight, potentiation - depression, 1e-12) << "post-pre delay " << d;
  }
}

// Bengio et al. 2015, section 5.
TEST(PlasticityWindow, WindowStdpLooksThisFarAndNoFurther) {
  for (const int window_steps : {1, 20, 31}) {
    WindowStdpParams settings;
    settings.amplitude = 0.7;
    settings.window_steps = window_steps;
    for_every_variant(settings, [](const WindowStdpParams& p, const std::string& variant) {
      SCOPED_TRACE(variant);
      expect_window<WindowStdp>(p, [&p](int d) {
        if (d == 0 || std::abs(d) > p.window_steps) return 0.0;
        const double fall = p.shape == WindowShape::exponential ? std::exp(-std::abs(d) * dt / p.tau_window) : 1.0;
        return (d > 0 ? 1.0 : -1.0) * p.amplitude * fall;
      });
    });
  }
}

// The sums over t are geometric series:
//   D >= 0:  alpha^D (1 - (1-lambda) alpha/(1 - alpha lambda)) = alpha^D (1-alpha)/(1 - alpha lambda)
//   D < 0:   -(1-lambda) lambda^(|D|-1)/(1 - alpha lambda)
TEST(PlasticityWindow, PredictiveStdpIsTwoExponentialsOfEqualArea) {
  PredictiveStdpParams p;
  p.learning_rate = 0.7;
  p.tau_prediction = 30.0;
  const double alpha = std::exp(-dt / p.tau_m);
  const double lambda = std::exp(-dt / p.tau_prediction);
  expect_window<PredictiveStdp>(p, [&](int d) {
    const double shape = d >= 0 ? (1.0 - alpha) * std::pow(alpha, d) : -(1.0 - lambda) * std::pow(lambda, -d - 1);
    return p.learning_rate * shape / (1.0 - alpha * lambda);
  });
}

// The post spike raises the output from 0 to 1 at t_post and back at t_post + 1.
TEST(PlasticityWindow, StateDerivativeOfASpikeIsItsRiseAndFall) {
  StateDerivativeParams forward;
  forward.learning_rate = 0.7;
  StateDerivativeParams central = forward;
  central.difference = StateDifference::central;
  expect_window<StateDerivative>(forward, [](int d) { return d == 1 ? 0.7 : d == 0 ? -0.7 : 0.0; });
  expect_window<StateDerivative>(central, [](int d) { return d == 1 ? 0.35 : d == -1 ? -0.35 : 0.0; });
}

// s[t] = (1-lambda) lambda^(t-1-t_post) after the post spike, 0 until it.
TEST(PlasticityWindow, StateDerivativeOfATraceIsItsJumpAndDecay) {
  StateDerivativeParams p;
  p.learning_rate = 0.7;
  p.state = PostState::spike_trace;
  const double lambda = std::exp(-dt / p.tau_state);
  const auto state = [lambda](int after_post) {
    return after_post > 0 ? (1.0 - lambda) * std::pow(lambda, after_post - 1) : 0.0;
  };
  expect_window<StateDerivative>(p, [&](int d) { return 0.7 * (state(-d + 1) - state(-d)); });
  p.difference = StateDifference::central;
  expect_window<StateDerivative>(p, [&](int d) { return 0.35 * (state(-d + 1) - state(-d - 1)); });
}

// y (y - theta) x with y = x = 1 and theta = 0 in one step alone.
TEST(PlasticityWindow, BcmNeedsBothInTheSameStep) {
  BcmParams p;
  p.learning_rate = 0.7;
  expect_window<Bcm>(p, [](int d) { return d == 0 ? 0.7 : 0.0; });
}

// y (x - y W) from W = 0; a post spike alone leaves 0 as it is.
TEST(PlasticityWindow, OjaNeedsBothInTheSameStep) {
  expect_window<Oja>({.learning_rate = 0.7}, [](int d) { return d == 0 ? 0.7 : 0.0; });
}

// Under a constant rate y without input: W[t] = W[0] (1 - learning_rate y^2)^t.
TEST(PlasticityWindow, OjaDecaysWithoutInput) {
  const OjaParams p{.learning_rate = 0.01};
  const double y = 1.5;
  std::vector<double> post(600, y), pre(600, 0.0);
  pre[0] = 1.0;
  const auto synapse = run_synapse<Oja<double>>(p, pre, post, {}, -10.0, 10.0, dt);
  EXPECT_NEAR(synapse.weight, 0.01 * y * std::pow(1.0 - 0.01 * y * y, 599.0), 1e-15);
}

// Under a constant rate y: theta[t] = y^2 - (y^2 - theta_initial) (1 - dt/tau)^t.
TEST(PlasticityWindow, BcmThresholdSlidesToTheSquareOfTheRate) {
  BcmParams p;
  p.learning_rate = 0.7;
  p.theta_initial = 0.3;
  const double y = 1.5;
  const std::vector<double> post(600, y);
  for (std::size_t t = 0; t < 600; t += 37) {
    const auto synapse = run_synapse<Bcm<double>>(p, train_of(600, {t}), post, {}, -10.0, 10.0, dt);
    const double theta = y * y - (y * y - p.theta_initial) * std::pow(1.0 - dt / p.tau_theta, double(t));
    EXPECT_NEAR(synapse.weight, 0.7 * y * (y - theta), 1e-12) << "step " << t;
  }
}

// The pair's change, then n sweeps of which each adds (baseline + d) c and leaves lambda c: a geometric series.
TEST(PlasticityWindow, RewardedStdpTurnsThePairWindowIntoWeight) {
  auto settings = pair_settings<RewardedStdpParams>();
  settings.baseline = 0.25;
  constexpr int interval = 20;  // steps; 10 ms
  const std::vector<double> modulator(steps, 0.5);
  for_every_variant(settings, [&](const RewardedStdpParams& p, const std::string& variant) {
    SCOPED_TRACE(variant);
    const double lambda = std::exp(-interval * dt / p.tau_eligibility);
    expect_window<RewardedStdp>(
        p,
        [&](int d) {
          const int complete = pre_at + std::max(d, 0);  // a depressing pair is complete at the event
          const int sweeps = static_cast<int>(steps) / interval - complete / interval;
          return pair_change(p, d) * 0.75 * (1.0 - std::pow(lambda, sweeps)) / (1.0 - lambda);
        },
        modulator);
  });
}

}  // namespace
}  // namespace spikeweave
