// Sparse projections: which pairs are connected, and the two look-ups.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "spikeweave/network/network.hpp"
#include "tests/support/small_experiment.hpp"

namespace spikeweave {
namespace {

ConnectionDraw square(std::size_t cells) {
  ConnectionDraw draw;
  draw.pre_count = draw.post_count = cells;
  draw.no_self_connections = true;
  draw.seed = 1;
  draw.shortest_delay = 1;
  draw.place = "/network/projections/0";
  return draw;
}

template <class Type>
ConnectivitySettings of(const Type& type) {
  ConnectivitySettings settings;
  settings.value = type;
  return settings;
}

using Pairs = std::set<std::pair<std::uint32_t, std::uint32_t>>;

Pairs pairs_of(const Synapses& synapses) {
  Pairs pairs;
  for (std::size_t w = 0; w < synapses.count(); ++w) pairs.insert({synapses.source[w], synapses.target[w]});
  return pairs;
}

TEST(Connectivity, FixedProbabilityConnectsThatShareOfThePairs) {
  const Synapses synapses = draw_synapses(of(FixedProbability{0.1}), 0.0, square(400));

  const double pairs = 400.0 * 399.0;
  const double sd = std::sqrt(pairs * 0.1 * 0.9);
  EXPECT_NEAR(static_cast<double>(synapses.count()), 0.1 * pairs, 4.0 * sd);
  EXPECT_EQ(pairs_of(synapses).size(), synapses.count()) << "a pair stands there twice";
  for (const auto& [pre, post] : pairs_of(synapses)) EXPECT_NE(pre, post);
}

TEST(Connectivity, ProbabilityZeroAndOneAreNoneAndAll) {
  EXPECT_EQ(draw_synapses(of(FixedProbability{0.0}), 0.0, square(20)).count(), 0u);
  EXPECT_EQ(draw_synapses(of(FixedProbability{1.0}), 0.0, square(20)).count(), 380u);
}

TEST(Connectivity, FixedIndegreeGivesEveryPostCellThatManyDifferentSources) {
  const Synapses synapses = draw_synapses(of(FixedIndegree{7}), 0.0, square(30));

  EXPECT_EQ(pairs_of(synapses).size(), 210u);
  for (std::size_t j = 0; j < 30; ++j) {
    EXPECT_EQ(synapses.column_start[j + 1] - synapses.column_start[j], 7u) << j;
    for (std::uint32_t k = synapses.column_start[j]; k < synapses.column_start[j + 1]; ++k) {
      EXPECT_NE(synapses.column_source[k], j);
    }
  }
}

TEST(Connectivity, EveryPartnerIsAsLikely) {
  std::vector<int> chosen(11, 0);
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    ConnectionDraw draw = square(11);
    draw.seed = seed;
    for (const auto& [pre, post] : pairs_of(draw_synapses(of(FixedOutdegree{3}), 0.0, draw))) {
      if (pre == 4) ++chosen[post];
    }
  }
  EXPECT_EQ(chosen[4], 0);
  // 1200 choices of 10 cells: 120 each, standard deviation sqrt(400 * .3 * .7) = 9.2.
  for (std::size_t j = 0; j < 11; ++j) {
    if (j == 4) continue;
    EXPECT_NEAR(chosen[j], 120, 40) << j;
  }
}

TEST(Connectivity, OutdegreeMayReachAllOthersAndNoMore) {
  EXPECT_EQ(pairs_of(draw_synapses(of(FixedOutdegree{9}), 0.0, square(10))).size(), 90u);
  EXPECT_EQ(error_of([] { draw_synapses(of(FixedOutdegree{10}), 0.0, square(10)); }),
            "/network/projections/0/connectivity/outdegree: 10 different cells are wanted, and there are 9");
}

TEST(Connectivity, OneToOneNeedsEqualSizes) {
  ConnectionDraw draw = square(3);
  draw.no_self_connections = false;
  EXPECT_EQ(pairs_of(draw_synapses(of(OneToOne{}), 0.0, draw)), (Pairs{{0, 0}, {1, 1}, {2, 2}}));
  draw.post_count = 4;
  EXPECT_EQ(error_of([&] { draw_synapses(of(OneToOne{}), 0.0, draw); }),
            "/network/projections/0/connectivity/type: one_to_one needs equal sizes; here 3 cells connect to 4");
}

TEST(Connectivity, SynapsesStandInTheOrderOfDelayPreAndPostAndColumnsLikewise) {
  Distribution delay;
  delay.kind = DistributionKind::uniform;
  delay.low = 1.0;
  delay.high = 4.0;
  const Synapses s = draw_synapses(of(FixedProbability{0.5}), delay, square(25));

  EXPECT_EQ(s.delay, (std::vector<std::uint32_t>{1, 2, 3, 4}));
  std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> rows, columns;
  std::vector<std::uint32_t> delay_of(s.count());
  for (std::size_t c = 0; c < s.delay.size(); ++c) {
    for (std::size_t i = 0; i < 25; ++i) {
      for (std::uint32_t w = s.row_start[c * 25 + i]; w < s.row_start[c * 25 + i + 1]; ++w) {
        EXPECT_EQ(s.source[w], i);
        rows.emplace_back(s.delay[c], s.source[w], s.target[w]);
        delay_of[w] = s.delay[c];
      }
    }
  }
  EXPECT_EQ(rows.size(), s.count());
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  for (std::uint32_t j = 0; j < 25; ++j) {
    for (std::uint32_t k = s.column_start[j]; k < s.column_start[j + 1]; ++k) {
      const std::uint32_t w = s.column_synapse[k];
      EXPECT_EQ(s.target[w], j);
      EXPECT_EQ(s.column_source[k], s.source[w]);
      EXPECT_EQ(s.column_delay[k], delay_of[w]);
      columns.emplace_back(j, delay_of[w], s.source[w]);
    }
  }
  EXPECT_EQ(columns.size(), s.count());
  EXPECT_TRUE(std::is_sorted(columns.begin(), columns.end()));
}

TEST(Connectivity, TheSameSeedGivesTheSameAndAnotherProjectionOthers) {
  ConnectionDraw draw = square(40);
  const Pairs first = pairs_of(draw_synapses(of(FixedProbability{0.2}), 0.0, draw));
  EXPECT_EQ(pairs_of(draw_synapses(of(FixedProbability{0.2}), 0.0, draw)), first);
  draw.projection = 1;
  EXPECT_NE(pairs_of(draw_synapses(of(FixedProbability{0.2}), 0.0, draw)), first);
}

TEST(Connectivity, DelaysAreWholeStepsAndNeverBelowTheShortest) {
  ConnectionDraw draw = square(2);
  draw.dt = 0.1;
  EXPECT_EQ(delay_steps(0.0, draw), 1u);
  EXPECT_EQ(delay_steps(1.5, draw), 15u);
  EXPECT_EQ(delay_steps(0.14, draw), 1u);
  EXPECT_EQ(error_of([&] { delay_steps(0.04, draw); }),
            "/network/projections/0/delay: 0.04 ms is 0 steps of 0.1 ms; at least 1 and at most 1000000 are allowed "
            "(0: the shortest)");
}

NetworkSettings two_populations() {
  NetworkSettings settings;
  settings.populations = {{"a", 4, {}}, {"b", 4, {}}};
  settings.projections.resize(1);
  settings.projections[0].from = {"a"};
  settings.projections[0].to = {"b"};
  return settings;
}

TEST(Connectivity, ADendriticDelayIsAtMostTheDelay) {
  NetworkSettings settings = two_populations();
  settings.projections[0].delay = 3.0;
  settings.projections[0].dendritic_delay = 3.0;
  EXPECT_EQ(build_network(settings, {}, 1).projections[0].dendritic_delay, 3u);
  settings.projections[0].dendritic_delay = 4.0;
  EXPECT_EQ(error_of([&] { build_network(settings, {}, 1); }),
            "/network/projections/0/dendritic_delay: 4 steps are more than the whole delay of 3");
}

TEST(Connectivity, AProjectionToTheOutputHasNoDelay) {
  NetworkSettings settings = two_populations();
  settings.projections[0].to = {"output"};
  settings.projections[0].delay = 2.0;
  TaskShape task;
  task.outputs = 1;
  EXPECT_EQ(error_of([&] { build_network(settings, task, 1); }),
            "/network/projections/0/delay: a projection to \"output\" has no delay; expected 0");
}

}  // namespace
}  // namespace spikeweave
