// Bursts that carry errors down in time, with running means in place of a phase to subtract: spec section H5,
// time-stepped rate model.

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/simulator.hpp"
#include "tests/support/source_folder.hpp"

namespace spikeweave::testing {
namespace {

using Unit = LeakyBurstUnit<double>;

double logistic(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

// A tenth of the way for potentials, a fiftieth for means.
TEST(LeakyBurstUnit, HiddenCellFollowsItsEquations) {
  const auto d = Unit::derive({.tau = 10.0, .tau_average = 50.0}, 1.0);
  Unit::State s = Unit::initial_state(d);

  const auto first = Unit::step<PiecewiseLinear>(d, s, {.current = 2.0, .second = 3.0});
  const double z1 = 0.2, e1 = logistic(z1), u1 = 0.3, b1 = logistic(u1) * e1;
  EXPECT_NEAR(first.spike, e1, 1e-15);
  EXPECT_NEAR(first.second, b1, 1e-15);
  EXPECT_EQ(first.psi, 0.0);  // nothing to compare with

  const auto second = Unit::step<PiecewiseLinear>(d, s, {.current = 2.0, .second = -1.0});
  const double e2 = logistic(z1 + 0.1 * (2.0 - z1));
  const double u2 = u1 + 0.1 * ((1.0 - e1) * -1.0 - u1);
  EXPECT_NEAR(second.spike, e2, 1e-15);
  EXPECT_NEAR(second.psi, (logistic(u2) - b1 / e1) * e2, 1e-15);
  EXPECT_NEAR(second.second_psi, -u2, 1e-15);
  EXPECT_NEAR(s.mean_e, 0.02 * e1 + 0.02 * (e2 - 0.02 * e1), 1e-15);
}

TEST(LeakyBurstUnit, OutputIsTaughtInEitherWay) {
  for (const auto teaching : {BurstTeaching::relative, BurstTeaching::slope}) {
    const auto d = Unit::derive(
        {.cell = BurstCell::output, .tau = 1.0, .tau_average = 2.0, .base = 0.4, .teaching = teaching}, 1.0);
    Unit::State s = Unit::initial_state(d);

    const auto free = Unit::step<PiecewiseLinear>(d, s, {.current = 1.5, .second = -0.5});
    const double e = logistic(1.0), mean = e / 2.0;
    EXPECT_EQ(free.spike, 1.5);
    EXPECT_NEAR(free.second, 0.4 * e, 1e-15);

    const auto taught =
        Unit::step<PiecewiseLinear>(d, s, {.current = 1.5, .second = -0.5, .nudge = 1.0, .target = 1.0});
    const double lesson = teaching == BurstTeaching::relative ? std::tanh((1.0 - mean) / mean) : (1.0 - e) * (1.0 - e);
    EXPECT_NEAR(taught.second, 0.4 * (1.0 + lesson) * e, 1e-15);
    EXPECT_NEAR(taught.psi, 0.4 * lesson * e, 1e-15);
  }
}

constexpr std::size_t hidden = 20;
constexpr double rate = double{0.1f};  // of the teach phase in a batch
using Hidden = std::array<double, hidden>;
using Pair = std::array<double, 2>;

// tasks/exclusive_or.json as a plain loop over the source's equations, which goes on from trial to trial.
struct PlainLoop {
  std::array<Hidden, 2> w1{};             // [input][hidden]
  std::array<Pair, hidden> w2{}, back{};  // [hidden][output]
  Hidden n1{}, e1{}, mean_e1{}, mean_b1{};
  Pair n2{}, z2{}, e2{}, b2{}, mean_e2{}, mean_b2{};

  void trial(const Pair& x, std::size_t label) {
    const PlainLoop start = *this;  // weights change at the end
    for (int t = 0; t < 55; ++t) {
      const PlainLoop last = *this;
      Hidden d1{};
      Pair d2{};
      for (std::size_t h = 0; h < hidden; ++h) {
        const double u = (1.0 - last.e1[h]) * (back[h][0] * last.b2[0] + back[h][1] * last.b2[1]);
        e1[h] = logistic(start.w1[0][h] * x[0] + start.w1[1][h] * x[1] + start.n1[h]);
        const double p = logistic(u);
        if (mean_e1[h] > 0.0) d1[h] = (p - mean_b1[h] / mean_e1[h]) * e1[h];
        mean_e1[h] += 0.02 * (e1[h] - mean_e1[h]);
        mean_b1[h] += 0.02 * (p * e1[h] - mean_b1[h]);
      }
      for (std::size_t k = 0; k < 2; ++k) {
        z2[k] = start.n2[k];
        for (std::size_t h = 0; h < hidden; ++h) z2[k] += start.w2[h][k] * last.e1[h];
        e2[k] = logistic(z2[k] - last.z2[1 - k]);
        const double target = k == label ? 1.0 : 0.0;
        const double p = 0.5 * (1.0 + (t >= 50 ? std::tanh((target - mean_e2[k]) / mean_e2[k]) : 0.0));
        b2[k] = p * e2[k];
        if (mean_e2[k] > 0.0) d2[k] = (p - mean_b2[k] / mean_e2[k]) * e2[k];
        mean_e2[k] += 0.02 * (e2[k] - mean_e2[k]);
        mean_b2[k] += 0.02 * (b2[k] - mean_b2[k]);
      }
      for (std::size_t h = 0; h < hidden && t >= 50; ++h) {
        n1[h] += rate * d1[h];
        for (std::size_t i = 0; i < 2; ++i) w1[i][h] += rate * d1[h] * x[i];
        for (std::size_t k = 0; k < 2; ++k) w2[h][k] += rate * d2[k] * e1[h];
      }
      for (std::size_t k = 0; k < 2 && t >= 50; ++k) n2[k] += rate * d2[k];
    }
  }
};

// Twelve trials of the experiment, each of which goes on where the last one ended.
TEST(LeakyBurstRates, LearnExclusiveOrAsAPlainLoopDoes) {
  const Experiment experiment = load_experiment(test::source_folder() + "/tasks/exclusive_or.json", {});
  const auto task = make_task(experiment, "");
  const auto backend = make_cpu_backend<double>(1);
  const Network network = build_network(experiment.network, task->shape(), 1);
  NetworkState<double> state(*backend, network, {}, 1);
  std::vector<double> parameters = initial_parameters(network, 1, "");
  state.set_parameters(parameters);
  Simulator<double> simulator(state, experiment.learning, LossKind::softmax, Reduction::mean_trial,
                              task->shape().frame_steps, 1);
  simulator.carry_state();
  const auto at = [&](std::size_t projection) { return parameters.data() + network.projections[projection].offset; };
  PlainLoop loop;
  for (std::size_t h = 0; h < hidden; ++h) {
    for (std::size_t i = 0; i < 2; ++i) loop.w1[i][h] = at(0)[i * hidden + h];
    for (std::size_t k = 0; k < 2; ++k) loop.w2[h][k] = at(1)[h * 2 + k], loop.back[h][k] = at(3)[k * hidden + h];
  }
  const std::array<Pair, 4> x{{{0, 0}, {0, 1}, {1, 0}, {1, 1}}};

  for (std::uint64_t trial = 0; trial < 12; ++trial) {
    const std::vector<std::uint64_t> ids{trial % 4};
    TrialBatch batch;
    task->fill(Split::train, ids, batch);
    simulator.run(batch, std::vector<std::uint32_t>{0}, {.training = true, .traces = {}});
    simulator.compute_gradient();
    const std::vector<double> gradient = state.arrays.gradient.download();
    for (const std::size_t p : {0, 1, 2}) {
      const Projection& learned = network.projections[p];
      for (std::size_t w = 0; w < learned.size(); ++w) parameters[learned.offset + w] -= gradient[learned.offset + w];
    }
    state.set_parameters(parameters);
    loop.trial(x[trial % 4], trial % 4 == 1 || trial % 4 == 2 ? 1 : 0);
  }

  for (std::size_t h = 0; h < hidden; ++h) {
    for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(at(0)[i * hidden + h], loop.w1[i][h], 1e-12);
    for (std::size_t k = 0; k < 2; ++k) EXPECT_NEAR(at(1)[h * 2 + k], loop.w2[h][k], 1e-12);
    EXPECT_NEAR(at(2)[h], loop.n1[h], 1e-12);
  }
  EXPECT_GT(std::abs(loop.n1[0]), 1e-4);
  for (std::size_t k = 0; k < 2; ++k) EXPECT_NEAR(at(2)[hidden + k], loop.n2[k], 1e-12);
}

}  // namespace
}  // namespace spikeweave::testing
