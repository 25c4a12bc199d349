#include "spikeweave/protocol/trains.hpp"

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "spikeweave/learning/event_split.hpp"

namespace spikeweave {
namespace {

using Steps = std::vector<std::int64_t>;

TEST(ProtocolTrains, PairHasThePostSpikeDAfterTheArrival) {
  const TrainPlan plan = plan_trains(PairProtocol{.from = -10, .to = 10, .step = 5}, 0.5);

  EXPECT_EQ(plan.axes[0].values, (std::vector<double>{-10, -5, 0, 5, 10}));
  ASSERT_EQ(plan.curves[0].points.size(), 5u);
  EXPECT_EQ(plan.curves[0].points[0].pre, (Steps{0}));
  EXPECT_EQ(plan.curves[0].points[0].post, (Steps{-20}));  // -10 ms in steps of 0.5 ms
  EXPECT_EQ(plan.curves[0].points[4].post, (Steps{20}));
}

TEST(ProtocolTrains, PairsFollowAtTheirFrequencyRoundedToSteps) {
  const TrainPlan plan = plan_trains(PairProtocol{.from = 2, .to = 3, .step = 1, .pairs = 4, .frequency = 30}, 1.0);

  EXPECT_EQ(plan.curves[0].points[0].pre, (Steps{0, 33, 67, 100}));  // 0, 33.3, 66.7, 100 ms
  EXPECT_EQ(plan.curves[0].points[0].post, (Steps{2, 35, 69, 102}));
}

TEST(ProtocolTrains, FrequencyHasOneCurveOfEachSign) {
  const TrainPlan plan = plan_trains(FrequencyProtocol{.difference = 10, .pairs = 2, .frequencies = {0.1, 50}}, 1.0);

  EXPECT_EQ(plan.curves[0].points[0].pre, (Steps{0, 10000}));
  EXPECT_EQ(plan.curves[0].points[0].post, (Steps{10, 10010}));
  EXPECT_EQ(plan.curves[1].points[1].pre, (Steps{0, 20}));
  EXPECT_EQ(plan.curves[1].points[1].post, (Steps{-10, 10}));
}

TEST(ProtocolTrains, TripletsRunOverBothIntervals) {
  const TrainPlan plan = plan_trains(TripletProtocol{.step = 5, .longest = 10, .triplets = 2, .frequency = 1}, 1.0);

  EXPECT_EQ(plan.axes[0].values, (std::vector<double>{5, 10}));
  ASSERT_EQ(plan.curves[0].points.size(), 4u);
  const SpikeSteps& pre_post_pre = plan.curves[0].points[1];  // intervals 5 and 10
  EXPECT_EQ(pre_post_pre.pre, (Steps{0, 15, 1000, 1015}));
  EXPECT_EQ(pre_post_pre.post, (Steps{5, 1005}));
  const SpikeSteps& post_pre_post = plan.curves[1].points[2];  // intervals 10 and 5
  EXPECT_EQ(post_pre_post.pre, (Steps{10, 1010}));
  EXPECT_EQ(post_pre_post.post, (Steps{0, 15, 1000, 1015}));
}

TEST(ProtocolTrains, QuadrupletPairsAreTApartAndDoNotOverlap) {
  const TrainPlan plan = plan_trains(QuadrupletProtocol{.difference = 5, .from = -20, .to = 20, .step = 5}, 1.0);

  EXPECT_EQ(plan.axes[0].values, (std::vector<double>{-20, -15, -10, 10, 15, 20}));
  const SpikeSteps& post_pre_first = plan.curves[0].points[5];  // T = 20: post 0, pre 5, then pre 20, post 25
  EXPECT_EQ(post_pre_first.post, (Steps{0, 25}));
  EXPECT_EQ(post_pre_first.pre, (Steps{5, 20}));
  const SpikeSteps& pre_post_first = plan.curves[0].points[0];  // T = -20: pre -20, post -15, then post 0, pre 5
  EXPECT_EQ(pre_post_first.post, (Steps{0, -15}));
  EXPECT_EQ(pre_post_first.pre, (Steps{5, -20}));
}

TEST(ProtocolTrains, GridMeetsItsEndDespiteRounding) {
  const std::vector<double> grid = grid_of(-0.3, 0.3, 0.1);

  ASSERT_EQ(grid.size(), 7u);
  EXPECT_NEAR(grid.back(), 0.3, 1e-15);
}

double mean_of(const std::vector<std::uint8_t>& train) {
  return std::accumulate(train.begin(), train.end(), 0.0) / static_cast<double>(train.size());
}

TEST(ProtocolTrains, PoissonTrainHasItsRateAndRepeats) {
  constexpr std::size_t steps = 200000;
  const auto train = poisson_train(40.0, 0.5, steps, 7, 3, 1);

  // 40 Hz * 0.5 ms = 0.02 per step; the mean of 200000 has the standard error sqrt(0.02 * 0.98 / 200000) = 3.13e-4.
  EXPECT_NEAR(mean_of(train), 0.02, 4 * 3.13e-4);
  EXPECT_EQ(train, poisson_train(40.0, 0.5, steps, 7, 3, 1));
}

TEST(ProtocolTrains, PoissonTrainsOfOtherStreamsRepeatsAndSeedsAreIndependent) {
  constexpr std::size_t steps = 200000;
  const auto train = poisson_train(500.0, 1.0, steps, 7, 3, 1);

  for (const auto& other : {poisson_train(500.0, 1.0, steps, 7, 4, 1), poisson_train(500.0, 1.0, steps, 7, 3, 2),
                            poisson_train(500.0, 1.0, steps, 8, 3, 1)}) {
    double both = 0.0;
    for (std::size_t t = 0; t < steps; ++t) both += train[t] * other[t];
    // 0.25 expected; standard error sqrt(0.25 * 0.75 / 200000) = 9.7e-4
    EXPECT_NEAR(both / steps, 0.25, 4 * 9.7e-4);
  }
}

TEST(ProtocolTrains, SilentAndCertainTrainsAreExact) {
  EXPECT_EQ(mean_of(poisson_train(0.0, 1.0, 1000, 1, 0, 0)), 0.0);
  EXPECT_EQ(mean_of(poisson_train(1000.0, 1.0, 1000, 1, 0, 0)), 1.0);
}

// Split by their intervals (16 ms): events come at the rate whatever share of them becomes bursts, before and after the
// end of the warm-up, and no spikes are closer than the protocol has it.
TEST(ProtocolTrains, BurstTrainsHaveTheirRatesAndShares) {
  const BurstPoissonProtocol protocol{.rate = 12.0,
                                      .burst_probabilities = {0.0, 0.3, 1.0},
                                      .warm_up_probability = 0.6,
                                      .burst_delay = 3.0,
                                      .warm_up = 200'000.0,
                                      .duration = 300'000.0};
  constexpr double dt = 0.5;
  for (std::size_t point = 0; point < 3; ++point) {
    const RandomTrains trains = random_trains(protocol, dt, point, 4);
    for (const auto& train : {trains.pre, trains.post}) {
      ASSERT_EQ(train.size(), 1'000'000u);
      EventSplit<double> split;
      double events[2] = {0, 0}, bursts[2] = {0, 0};
      int last = -1000;
      for (int t = 0; t < 1'000'000; ++t) {
        const bool spike = train[static_cast<std::size_t>(t)] != 0;
        const auto kind = split.split(32.0, spike ? 1.0 : 0.0);
        const int part = t < 400'000 ? 0 : 1;
        events[part] += kind.event;
        bursts[part] += kind.burst;
        if (!spike) continue;
        EXPECT_GE(t - last, kind.event > 0.0 ? 40 : 6) << t;
        EXPECT_TRUE(kind.event > 0.0 || t - last <= 26) << t;
        last = t;
      }
      for (const int part : {0, 1}) {
        const double p = part == 0 ? 0.6 : protocol.burst_probabilities[point];
        const double expected = 12.0 * (part == 0 ? 200.0 : 300.0);  // less regular than a Poisson train
        EXPECT_NEAR(events[part], expected, 3.0 * std::sqrt(expected)) << p;
        EXPECT_NEAR(bursts[part], p * events[part], 3.0 * std::sqrt(p * (1.0 - p) * expected) + 1.0) << p;
      }
    }
    EXPECT_NE(trains.pre, trains.post);
    EXPECT_EQ(trains.pre, random_trains(protocol, dt, point, 4).pre);
    EXPECT_NE(trains.pre, random_trains(protocol, dt, point, 5).pre);
  }
}

}  // namespace
}  // namespace spikeweave
