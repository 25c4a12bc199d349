// Second compartments and teachers: what reaches them, what they send, and the products of phases; the same bits on
// every backend.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "ops/forward_network.hpp"
#include "support/backends.hpp"

namespace spikeweave {
namespace {

using test::ForwardCase;
using test::ForwardResult;
using test::model_index;
using test::ProjectionCase;

constexpr auto linear = PseudoDerivative::piecewise_linear;

ProjectionCase projection(std::size_t pre_begin, std::size_t pre_count, std::size_t post_begin, std::size_t post_count,
                          std::uint32_t stream) {
  return {pre_begin, pre_count, post_begin, post_count, test::random_floats(pre_count * post_count, stream, -0.6, 0.6)};
}

class Compartments : public test::OnBackend {
 protected:
  void expect_reference(const ForwardCase& c) {
    const ForwardResult expected = test::run_reference(c);
    const ForwardResult actual = test::run_on(backend(), c);
    EXPECT_EQ(actual.outputs, expected.outputs);
    EXPECT_EQ(actual.psi, expected.psi);
    EXPECT_EQ(actual.voltages, expected.voltages);
    EXPECT_EQ(actual.spikes, expected.spikes);
  }
};
SW_ON_ALL_BACKENDS(Compartments);

// Two layers of predictive units around one of LIF neurons: values go up within the step, errors come back a step
// later, and the input and a bias reach second compartments too. 40 + 7 + 33 neurons, cells 80.. and 120.. behind them.
ForwardCase predictive_case() {
  ForwardCase c;
  c.steps = 9;
  c.inputs = 6;
  c.length = {9, 5, 0, 8};
  const std::size_t unit = model_index("predictive_unit");
  c.populations = {{unit, linear, 40}, {0, linear, 7}, {unit, linear, 33}};
  c.input = {projection(0, 6, 0, 40, 1), projection(0, 6, 40, 7, 2), projection(2, 3, 80, 40, 3)};
  c.bias = {projection(0, 1, 0, 40, 4), projection(0, 1, 120, 33, 5)};
  c.within_step = {projection(0, 40, 47, 33, 6), projection(80, 40, 120, 33, 7), projection(0, 40, 40, 7, 11)};
  c.recurrent = {projection(120, 33, 80, 40, 8), projection(40, 7, 80, 40, 9), projection(47, 33, 40, 7, 10)};
  c.values = test::random_floats(4 * 9 * 6, 12, -1.0, 1.0);
  return c;
}

std::size_t count_other_than_zero(const std::vector<float>& values, std::size_t width, std::size_t begin,
                                  std::size_t end) {
  std::size_t count = 0;
  for (std::size_t n = 0; n < values.size(); ++n) {
    count += n % width >= begin && n % width < end && values[n] != 0.0f ? 1 : 0;
  }
  return count;
}

TEST_P(Compartments, EqualThePlainLoop) {
  const ForwardCase c = predictive_case();

  expect_reference(c);

  const ForwardResult r = test::run_on(backend(), c);
  EXPECT_GT(count_other_than_zero(r.outputs, c.cells(), 80, 120), 500u);   // errors below, of 22 steps * 40
  EXPECT_GT(count_other_than_zero(r.outputs, c.cells(), 120, 153), 400u);  // and above
  EXPECT_GT(count_other_than_zero(r.outputs, c.cells(), 40, 47), 5u);
}

TEST_P(Compartments, ATeacherClampsAndPullsItsPopulation) {
  for (const std::string_view model :
       {"predictive_unit", "burst_unit", "leaky_burst_unit", "leaky_rate_unit", "energy_unit"}) {
    ForwardCase c = predictive_case();
    c.populations[2].model = model_index(model);
    if (!test::has_second_compartment(c.populations[2].model)) {
      c.bias.pop_back();
      c.within_step.erase(c.within_step.begin() + 1);
      c.recurrent.erase(c.recurrent.begin());
    }
    const ForwardResult untaught = test::run_reference(c);
    c.taught = 2;
    c.target = test::random_floats(4 * 33, 20, -0.5, 0.5);
    const float clamp = std::numeric_limits<float>::infinity();
    for (std::size_t b = 0; b < 4; ++b) {
      for (const float strength : {0.0f, 0.0f, 0.5f, -0.25f, clamp, clamp, 0.0f, 1.0f, 0.0f}) {
        c.teacher_strength.push_back(b == 1 ? -strength : strength);
      }
    }
    for (float& strength : c.teacher_strength) strength = std::isinf(strength) ? clamp : strength;
    ASSERT_NE(test::run_reference(c).outputs, untaught.outputs) << model;

    expect_reference(c);
  }
}

// Sources, hidden cells and outputs in turn in each of two populations, with averages of 3 and 4 of 12 steps, a teacher
// in the second of them, and two steps behind it in which there is something to learn.
ForwardCase segregated_case() {
  ForwardCase c;
  c.steps = 12;
  c.inputs = 5;
  c.length = {12, 7, 0, 11};
  const std::size_t unit = model_index("segregated_unit");
  c.populations = {{unit, linear, 37}, {0, linear, 3}, {unit, linear, 34}};
  c.input = {projection(0, 5, 0, 37, 1), projection(1, 2, 74, 37, 2)};
  c.bias = {projection(0, 1, 40, 34, 3)};
  c.within_step = {projection(74, 37, 40, 34, 4)};
  c.recurrent = {projection(111, 34, 74, 37, 5), projection(40, 34, 37, 3, 6)};
  c.values = test::random_floats(4 * 12 * 5, 7, -1.0, 3.0);
  c.taught = 2;
  c.target = test::random_floats(4 * 34, 8, -8.0, 8.0);
  for (std::size_t b = 0; b < 4; ++b) {
    for (const float strength : {0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0}) c.teacher_strength.push_back(strength);
  }
  c.average = {0, 0, -1.0f / 3, 1.0f / 3, 1.0f / 3, 0, -0.25f, 0.25f, 0.25f, 0.25f, 0, 0};
  return c;
}

TEST_P(Compartments, TakeAveragesOfPhases) {
  for (const std::size_t window : {std::size_t{5}, ~std::size_t{0}}) {
    ForwardCase c = segregated_case();
    c.window = window;

    expect_reference(c);

    const ForwardResult r = test::run_on(backend(), c);
    for (std::size_t n = 0; n < r.psi.size(); ++n) {
      const std::size_t b = n / (12 * c.cells()), t = n / c.cells() % 12, cell = n % c.cells();
      if (t >= 10 || (cell >= 37 && cell < 40)) continue;
      ASSERT_EQ(r.psi[n], 0.0f) << "trial " << b << ", step " << t;
    }
    EXPECT_GT(count_other_than_zero(r.psi, c.cells(), 0, 74), 100u);        // of 3 steps * 2/3 of 71 cells
    EXPECT_GT(count_other_than_zero(r.outputs, c.cells(), 74, 145), 200u);  // some have fired
  }
}

// Two cells of which one is a second compartment, by hand. x = 0.5 in step 0 (the feed-forward pass); then clamped to
// 1, so e = (1 - 0.5)/2; then x = 1 + 0.1 (1 * feedback - e), feedback = 2 e of the step before.
TEST(PredictiveUnit, FollowsItsEquations) {
  using Unit = PredictiveUnit<double>;
  const auto d = Unit::derive({.activation = Activation::identity, .epsilon = 0.1, .variance = 2.0}, 1.0);
  Unit::State s = Unit::initial_state(d);

  const auto first = Unit::step<PiecewiseLinear>(d, s, {.current = 0.5});
  EXPECT_EQ(first.spike, 0.5);
  EXPECT_EQ(first.second, 0.0);

  const auto clamped = Unit::step<PiecewiseLinear>(d, s, {.current = 0.5, .is_clamped = true, .clamp = 1.0});
  EXPECT_EQ(clamped.spike, 1.0);
  EXPECT_EQ(clamped.second, 0.25);
  EXPECT_EQ(clamped.psi, 0.25);

  const auto free = Unit::step<PiecewiseLinear>(d, s, {.current = 0.5, .second = 0.5});
  EXPECT_DOUBLE_EQ(free.spike, 1.0 + 0.1 * (0.5 - 0.25));
  EXPECT_DOUBLE_EQ(free.second, (1.025 - 0.5) / 2.0);
}

// x goes 0.3 of the way to f(1) = 1/(1 + exp(-1)), with a pull of 0.5 towards 2.
TEST(LeakyRateUnit, FollowsItsEquation) {
  using Unit = LeakyRateUnit<double>;
  const auto d = Unit::derive({.activation = Activation::logistic, .epsilon = 0.3, .initial = 0.2}, 1.0);
  Unit::State s = Unit::initial_state(d);

  const auto free = Unit::step<PiecewiseLinear>(d, s, {.current = 1.0});
  const double expected = 0.2 + 0.3 * (1.0 / (1.0 + std::exp(-1.0)) - 0.2);
  EXPECT_NEAR(free.spike, expected, 1e-15);

  const auto pulled = Unit::step<PiecewiseLinear>(d, s, {.current = 1.0, .nudge = 0.5, .target = 2.0});
  EXPECT_NEAR(pulled.spike, expected + 0.3 * (1.0 / (1.0 + std::exp(-1.0)) - expected + 0.5 * (2.0 - expected)), 1e-15);

  EXPECT_EQ(Unit::step<PiecewiseLinear>(d, s, {.current = 1.0, .is_clamped = true, .clamp = -3.0}).spike, -3.0);
}

// Steady potentials are (basal v + nudge target)/(leak + basal + nudge): 0.6/0.7 of what arrives without a teacher.
TEST(SegregatedUnit, SettlesAtTheRatiosOfItsConductances) {
  using Unit = SegregatedUnit<double>;
  const auto d = Unit::derive({}, 1.0);
  Unit::State s = Unit::initial_state(d);

  for (int t = 0; t < 60; ++t) Unit::step<PiecewiseLinear>(d, s, {.current = 2.0});
  EXPECT_NEAR(s.c, 0.6 / 0.7 * 2.0, 1e-15);
  EXPECT_EQ(d.attenuation, 0.6 / 0.7);

  for (int t = 0; t < 240; ++t) Unit::step<PiecewiseLinear>(d, s, {.current = 2.0, .nudge = 1.0, .target = 8.0});
  EXPECT_NEAR(s.c, (0.6 * 2.0 + 8.0) / 1.7, 1e-14);
}

// A spike in the first step and one in the fourth: k(n) of either for ten steps, then nothing. A word of 0 fires at any
// rate above 0, the largest one at none.
TEST(SegregatedUnit, SendsWhatTheSpikesOfTenStepsLeave) {
  using Unit = SegregatedUnit<double>;
  const auto d = Unit::derive({}, 1.0);
  Unit::State s = Unit::initial_state(d);
  const auto k = [](int n) { return n < 1 || n > 10 ? 0.0 : (std::exp(-n / 10.0) - std::exp(-n / 3.0)) / 7.0; };

  for (int t = 1; t <= 16; ++t) {
    const bool fires = t == 1 || t == 4;
    const auto out = Unit::step<PiecewiseLinear>(d, s, {.current = 1.0, .word = fires ? 0u : 0xffffffffu});
    EXPECT_NEAR(out.second, k(t) + k(t - 3), 1e-15) << "step " << t;
  }
  EXPECT_EQ(s.spikes, 0.0);
}

// rate dt = 0.25 * 0.2 of the words fire a source at 0.25: those below 0.05 * 2^32.
TEST(SegregatedUnit, FiresWithItsRate) {
  using Unit = SegregatedUnit<double>;
  const auto d = Unit::derive({.cell = SegregatedCell::source}, 1.0);
  const auto border = static_cast<std::uint32_t>(0.05 * 4294967296.0);
  for (const std::uint32_t word : {border - 512, border + 512}) {
    Unit::State s = Unit::initial_state(d);
    const auto out = Unit::step<PiecewiseLinear>(d, s, {.current = 0.25, .word = word});
    EXPECT_EQ(out.spike, 0.05);
    EXPECT_EQ(s.spikes, word < border ? 1.0 : 0.0);
  }
}

// The state that the source's code cuts to [0, 1], pulled beyond either end.
TEST(EnergyUnit, StaysWhereItsRateIsStraightWhenCut) {
  using Unit = EnergyUnit<double>;
  const auto d = Unit::derive({.beta1 = 0.0, .epsilon = 0.5, .initial = 0.5, .clip = true}, 1.0);
  for (const double target : {5.0, -5.0}) {
    Unit::State s = Unit::initial_state(d);
    Unit::step<PiecewiseLinear>(d, s, {});
    const auto out = Unit::step<PiecewiseLinear>(d, s, {.nudge = 1.0, .target = target});
    EXPECT_EQ(out.spike, target > 0 ? 1.0 : 0.0);
    EXPECT_EQ(s.s, out.spike);
  }
}

class PhaseFactor : public test::OnBackend {};
SW_ON_ALL_BACKENDS(PhaseFactor);

// Steps of weight 0 and steps beyond a trial's end give 0; rows outside the window stay.
TEST_P(PhaseFactor, IsMinusTheWeightedErrorOrOutputOfEveryCell) {
  constexpr std::size_t batch = 3, steps = 5, cells = 37;
  const std::vector<std::int32_t> lengths{5, 3, 0};
  const std::vector<float> weights{0, 2, 0.5f, 0, 9, 1, 1, -3, 1, 1, 1, 1, 1, 1, 1};
  const std::vector<float> psi = test::random_floats(batch * steps * cells, 1, -1.0, 1.0);
  const std::vector<float> sent = test::random_floats(batch * steps * cells, 2, -1.0, 1.0);
  for (std::size_t rule = 0; rule < 2; ++rule) {
    Buffer<float, float> factor(backend(), {batch, steps, cells}, "test"),
        outputs(backend(), {batch, steps, cells}, "test"), weight(backend(), {batch, steps}, "test");
    Buffer<std::int32_t, float> length(backend(), {batch}, "test");
    factor.upload(psi), outputs.upload(sent), weight.upload(weights), length.upload(lengths);

    backend().phase_factor({rule, {1, 4}, length.cview(), weight.cview(), outputs.cview(), factor.view()});

    const std::vector<float> actual = factor.download();
    for (std::size_t n = 0; n < actual.size(); ++n) {
      const std::size_t b = n / (steps * cells), t = n / cells % steps;
      const bool counts = t < static_cast<std::size_t>(lengths[b]) && weights[b * steps + t] != 0.0f;
      const float own = rule == 0 ? psi[n] : sent[n];
      const float expected = t < 1 || t >= 4 ? psi[n] : counts ? -(weights[b * steps + t] * own) : 0.0f;
      ASSERT_EQ(actual[n], expected) << "rule " << rule << ", trial " << b << ", step " << t;
    }
  }
}

class Transpose : public test::OnBackend {};
SW_ON_ALL_BACKENDS(Transpose);

TEST_P(Transpose, TurnsAMatrixRoundAndScalesIt) {
  for (const auto& [rows, columns] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 3}, {1, 1}, {1, 33}, {31, 2}, {32, 32}, {33, 65}, {100, 7}}) {
    const std::vector<float> values = test::random_floats(rows * columns, 1);
    Buffer<float, float> from(backend(), {rows, columns}, "test"), to(backend(), {columns, rows}, "test");
    from.upload(values);
    to.upload(std::vector<float>(values.size(), NAN));

    backend().transpose({from.cview(), to.view(), 0.25f});

    const std::vector<float> turned = to.download();
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        ASSERT_EQ(turned[j * rows + i], 0.25f * values[i * columns + j]) << rows << " x " << columns;
      }
    }
  }
}

}  // namespace
}  // namespace spikeweave
