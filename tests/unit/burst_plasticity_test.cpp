// Burst-dependent plasticity: what is an event and what a burst, and the rule by hand.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "spikeweave/learning/event_split.hpp"
#include "tests/support/one_synapse.hpp"

namespace spikeweave {
namespace {

using test::run_synapse;
using test::train_of;
using Rule = BurstDependent<double>;

// "e", "b", "x" (neither) or "." in each step.
std::string kinds_of(const std::vector<double>& train, double window) {
  EventSplit<double> split;
  std::string kinds;
  for (const double spike : train) {
    const auto kind = split.split(window, spike);
    kinds += kind.event > 0.0 ? 'e' : kind.burst > 0.0 ? 'b' : spike > 0.0 ? 'x' : '.';
  }
  return kinds;
}

TEST(EventSplit, AnIntervalLongerThanTheWindowMakesAnEvent) {
  EXPECT_EQ(kinds_of(train_of(12, {0, 4, 9}), 4.0), "e...b....e..");
  EXPECT_EQ(kinds_of(train_of(12, {0, 1, 2, 3, 8}), 4.0), "ebxx....e...");
  EXPECT_EQ(kinds_of(train_of(12, {2, 7, 10}), 4.0), "..e....e..b.");
}

BurstDependentParams fast() {
  return {.learning_rate = 0.5, .tau_pre = 10.0, .tau_average = 100.0, .burst_interval = 4.0};
}

double change(const BurstDependentParams& params, const std::vector<double>& pre, const std::vector<double>& post) {
  return run_synapse<Rule>(params, pre, post, {0.0}, -100.0, 100.0).weight;
}

// Pre event in step 0. Post: event in 2 (no average yet: P = 0), burst in 4, event in 10.
TEST(BurstDependent, FollowsItsEquations) {
  const auto x = [](double since) { return std::exp(-since / 10.0); };

  EXPECT_EQ(change(fast(), train_of(12, {0}), train_of(12, {2})), 0.0);
  EXPECT_NEAR(change(fast(), train_of(12, {0}), train_of(12, {2, 4})), 0.5 * x(4), 1e-15);
  // At the second event, of a burst 6 steps ago to an event 8 steps ago: P = min(1, B/E) = 1.
  EXPECT_NEAR(change(fast(), train_of(12, {0}), train_of(12, {2, 4, 10})), 0.5 * (x(4) - x(10)), 1e-15);
  // Without the burst P is 0 there; with one burst and two events it is below 1.
  EXPECT_EQ(change(fast(), train_of(12, {0}), train_of(12, {2, 10})), 0.0);
  const double b = std::exp(-14.0 / 100.0), e = std::exp(-16.0 / 100.0) + std::exp(-8.0 / 100.0);
  EXPECT_NEAR(change(fast(), train_of(20, {0}), train_of(20, {2, 4, 10, 18})), 0.5 * (x(4) - x(10) - b / e * x(18)),
              1e-15);
}

// A trace has the events of its own step, and bursts of the pre cell leave none.
TEST(BurstDependent, TracesHoldEventsOnly) {
  EXPECT_NEAR(change(fast(), train_of(12, {4}), train_of(12, {2, 4})), 0.5, 1e-15);
  EXPECT_NEAR(change(fast(), train_of(12, {0, 3}), train_of(12, {2, 4})), 0.5 * std::exp(-0.4), 1e-15);
}

TEST(BurstDependent, HomeostasisPushesTheRateBetweenItsBounds) {
  BurstDependentParams params = fast();
  params.rate_low = 12.0;
  EXPECT_NEAR(change(params, train_of(30, {0, 20}), train_of(30, {})), 0.5 * 24.0, 1e-12);
  // One event of the post neuron at 5 is 10 Hz, then exp(-15/100) of it; the change of the event itself is 0.
  EXPECT_NEAR(change(params, train_of(30, {20}), train_of(30, {5})), 0.5 * (12.0 - 10.0 * std::exp(-0.15)), 1e-12);
  params.rate_low = 0.0;
  params.rate_high = 4.0;
  const double average = 10.0 * std::exp(-0.02);
  EXPECT_NEAR(change(params, train_of(12, {2}), train_of(12, {2, 4})),
              0.5 * std::exp(-0.2) * (1.0 - (average - 4.0) / average), 1e-14);
}

TEST(BurstDependent, AWeightOfZeroKeepsTheWeightAndNotTheAverages) {
  const auto k = Rule::derive(fast(), 1.0);
  Rule::Post open, shut;
  for (const double spike : {1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0}) {
    const auto with = Rule::post_step(k, open, {spike, spike, 1.0});
    const auto half = Rule::post_step(k, shut, {spike, spike, 0.5});
    EXPECT_EQ(half.at[0], 0.5 * with.at[0]);
    EXPECT_EQ(open.events, shut.events);
    EXPECT_EQ(open.bursts, shut.bursts);
  }
  EXPECT_EQ(Rule::post_step(k, shut, {0.0, 0.0, 0.0}).at[0], 0.0);
}

}  // namespace
}  // namespace spikeweave
