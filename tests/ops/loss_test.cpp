#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "spikeweave/ops/readout.hpp"
#include "support/backends.hpp"
#include "support/random_values.hpp"
#include "support/tolerance.hpp"

namespace spikeweave {
namespace {

struct LossCase {
  LossKind kind = LossKind::squared_error;
  std::size_t steps = 0;
  std::size_t outputs = 0;
  std::size_t segments = 0;
  std::vector<std::int32_t> length{};
  std::vector<std::int32_t> segment{};       // [batch, steps]
  std::vector<float> target{};               // [batch, segments, outputs]
  std::vector<std::int32_t> target_class{};  // [batch, segments]
  std::vector<float> scale{};
  std::vector<float> output{};  // [batch, steps, outputs]
};

struct LossResult {
  std::vector<float> error;
  std::vector<double> loss;
  std::vector<float> segment_output;
};

class Loss : public test::OnBackend {
 protected:
  // In windows of so many steps.
  LossResult run(const LossCase& c, bool has_error = true, std::size_t steps = ~std::size_t{0}) {
    const std::size_t batch = c.length.size();
    const auto length = put<std::int32_t>(c.length, {batch});
    const auto segment = put<std::int32_t>(c.segment, {batch, c.steps});
    const auto target = put<float>(c.target, {batch, c.segments, c.target.empty() ? 0 : c.outputs});
    const auto target_class = put<std::int32_t>(c.target_class, {batch, c.target_class.empty() ? 0 : c.segments});
    const auto scale = put<float>(c.scale, {batch});
    const auto output = put<float>(c.output, {batch, c.steps, c.outputs});
    auto error = poisoned<float>({batch, c.steps, has_error ? c.outputs : 0});
    auto loss = poisoned<double>({batch});
    auto segment_output = poisoned<float>({batch, c.segments, c.outputs});
    auto segment_sum = poisoned<double>({batch, c.outputs});
    for (std::size_t begin = 0; begin < c.steps; begin += std::min(steps, c.steps - begin)) {
      backend().loss({.kind = c.kind,
                      .length = length.cview(),
                      .segment = segment.cview(),
                      .target = target.cview(),
                      .target_class = target_class.cview(),
                      .scale = scale.cview(),
                      .output = output.cview(),
                      .window = {begin, begin + std::min(steps, c.steps - begin)},
                      .error = error.view(),
                      .loss = loss.view(),
                      .segment_output = segment_output.view(),
                      .segment_sum = segment_sum.view()});
    }
    return {error.download(), loss.download(), segment_output.download()};
  }
};

SW_ON_ALL_BACKENDS(Loss);

// Loss and error of one step in double precision, from the textbook formulas.
double step_loss(const LossCase& c, const float* y, const float* target, std::int32_t target_class,
                 std::vector<double>& error) {
  double total = 0.0;
  double loss = 0.0;
  for (std::size_t k = 0; k < c.outputs; ++k) total += std::exp(static_cast<double>(y[k]));
  for (std::size_t k = 0; k < c.outputs; ++k) {
    const double value = y[k];
    if (c.kind == LossKind::squared_error) {
      error[k] = value - target[k];
      loss += 0.5 * error[k] * error[k];
    } else if (c.kind == LossKind::bernoulli) {
      const double probability = 1.0 / (1.0 + std::exp(-value));
      error[k] = probability - target[k];
      loss -= target[k] * std::log(probability) + (1.0 - target[k]) * std::log(1.0 - probability);
    } else {
      const bool is_target = static_cast<std::int32_t>(k) == target_class;
      error[k] = std::exp(value) / total - (is_target ? 1.0 : 0.0);
      if (is_target) loss -= std::log(std::exp(value) / total);
    }
  }
  return loss;
}

void expect_reference(const LossCase& c, const LossResult& actual) {
  for (std::size_t b = 0; b < c.length.size(); ++b) {
    double loss = 0.0;
    std::vector<double> sum(c.segments * c.outputs, 0.0);
    std::vector<double> count(c.segments, 0.0);
    for (std::size_t t = 0; t < c.steps; ++t) {
      const std::int32_t s = static_cast<std::int32_t>(t) < c.length[b] ? c.segment[b * c.steps + t] : -1;
      std::vector<double> error(c.outputs, 0.0);
      const float* y = c.output.data() + (b * c.steps + t) * c.outputs;
      if (s >= 0) {
        const std::size_t at = b * c.segments + static_cast<std::size_t>(s);
        loss += step_loss(c, y, c.target.empty() ? nullptr : c.target.data() + at * c.outputs,
                          c.target_class.empty() ? 0 : c.target_class[at], error);
        for (std::size_t k = 0; k < c.outputs; ++k) sum[static_cast<std::size_t>(s) * c.outputs + k] += y[k];
        count[static_cast<std::size_t>(s)] += 1.0;
      }
      for (std::size_t k = 0; k < c.outputs; ++k) {
        const double expected = static_cast<double>(c.scale[b]) * error[k];
        ASSERT_TRUE(test::is_close(actual.error[(b * c.steps + t) * c.outputs + k], expected,
                                   test::transcendental_tolerance * std::abs(c.scale[b])))
            << "trial " << b << " step " << t << " output " << k;
      }
    }
    EXPECT_TRUE(test::is_close(actual.loss[b], loss, test::transcendental_tolerance * (loss + 1.0))) << actual.loss[b];
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const double steps = count[i / c.outputs];
      const double expected = steps > 0.0 ? sum[i] / steps : 0.0;
      EXPECT_TRUE(test::is_close(actual.segment_output[b * sum.size() + i], expected,
                                 test::sum_tolerance(c.steps) * (std::abs(expected) + 3.0)))
          << "segment output " << i;
    }
  }
}

// Three trials; every segment has 7 steps, and the two steps before each are not scored.
LossCase random_case(LossKind kind, std::size_t outputs, std::size_t steps) {
  LossCase c{.kind = kind, .steps = steps, .outputs = outputs, .segments = (steps + 8) / 9};
  const auto all = static_cast<std::int32_t>(steps);
  c.length = {all, all / 2, 0};
  for (std::size_t i = 0; i < 3 * steps; ++i) {
    const std::size_t t = i % steps;
    c.segment.push_back(t % 9 < 2 ? -1 : static_cast<std::int32_t>(t / 9));
  }
  c.output = test::random_floats(3 * steps * outputs, 1, -3.0, 3.0);
  c.scale = {1.0f, 0.25f, 3.0f};
  if (kind == LossKind::softmax) {
    for (std::size_t i = 0; i < 3 * c.segments; ++i) c.target_class.push_back(static_cast<std::int32_t>(i % outputs));
  } else {
    const std::vector<std::uint8_t> bits = test::random_bits(3 * c.segments * outputs, 2, 0.5);
    c.target.assign(bits.begin(), bits.end());
  }
  return c;
}

TEST_P(Loss, EqualsTheTextbookFormulas) {
  for (const LossKind kind : {LossKind::squared_error, LossKind::softmax, LossKind::bernoulli}) {
    for (const std::size_t outputs : {1u, 2u, 33u}) {
      for (const std::size_t steps : {1u, 31u, 257u, 600u}) {
        const LossCase c = random_case(kind, outputs, steps);

        expect_reference(c, run(c));
      }
    }
  }
}

TEST_P(Loss, ErrorsAreOptional) {
  const LossCase c = random_case(LossKind::softmax, 5, 40);

  EXPECT_EQ(run(c, /*has_error=*/false).loss, run(c).loss);
}

TEST_P(Loss, GoesOnFromWindowToWindow) {
  const LossCase c = random_case(LossKind::squared_error, 5, 40);
  const LossResult whole = run(c);
  for (const std::size_t steps : {1u, 7u, 39u}) {
    const LossResult parts = run(c, /*has_error=*/true, steps);
    EXPECT_EQ(parts.error, whole.error) << steps;
    EXPECT_EQ(parts.segment_output, whole.segment_output) << steps;
    for (std::size_t b = 0; b < whole.loss.size(); ++b) {
      EXPECT_NEAR(parts.loss[b], whole.loss[b], 1e-12 * std::abs(whole.loss[b])) << steps;  // another order
    }
  }
}

TEST_P(Loss, LargeOutputsDoNotOverflow) {
  LossCase c{.kind = LossKind::softmax, .steps = 1, .outputs = 2, .segments = 1, .length = {1}, .segment = {0}};
  c.target_class = {0};
  c.scale = {1.0f};
  c.output = {-200.0f, 200.0f};
  EXPECT_DOUBLE_EQ(run(c).loss[0], 400.0);

  c.kind = LossKind::bernoulli;
  c.target_class.clear();
  c.target = {1.0f, 0.0f};
  EXPECT_DOUBLE_EQ(run(c).loss[0], 400.0);
}

// y = 1 3, y* = 0 1: loss = 0.5 * (1 + 4) = 2.5, error = 2 * (1 2).
TEST_P(Loss, SquaredErrorByHand) {
  LossCase c{.kind = LossKind::squared_error, .steps = 1, .outputs = 2, .segments = 1, .length = {1}, .segment = {0}};
  c.target = {0.0f, 1.0f};
  c.scale = {2.0f};
  c.output = {1.0f, 3.0f};

  const LossResult r = run(c);

  EXPECT_DOUBLE_EQ(r.loss[0], 2.5);
  EXPECT_EQ(r.error, (std::vector<float>{2.0f, 4.0f}));
  EXPECT_EQ(r.segment_output, (std::vector<float>{1.0f, 3.0f}));
}

TEST_P(Loss, NotANumberShowsInTheLoss) {
  LossCase c = random_case(LossKind::squared_error, 2, 31);
  std::fill(c.output.begin(), c.output.end(), NAN);

  EXPECT_TRUE(std::isnan(run(c).loss[0]));
}

}  // namespace
}  // namespace spikeweave
