#include <gtest/gtest.h>

#include <cmath>

#include "support/backends.hpp"
#include "support/random_values.hpp"
#include "support/tolerance.hpp"

namespace spikeweave {
namespace {

class Apply : public test::OnBackend {
 protected:
  struct Case {
    std::size_t rows = 1;
    std::size_t columns = 1;
    OptimizerStep<float> step{0.5f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f};  // SGD
    float low = -100.0f;
    float high = 100.0f;
    float decay = 1.0f;
    float average_decay = 0.75f;
    std::vector<float> gradient, parameter, first, second;
    std::size_t stride = 1;
    std::size_t offset = 0;
  };
  struct Result {
    std::vector<float> parameter, first, second, average, mirrored, transposed;
  };

  // average starts at 0, mirrored and transposed at 10.
  Result run(const Case& c) {
    const std::initializer_list<std::size_t> shape{c.rows, c.columns};
    const std::vector<float> other(c.columns * c.stride, 10.0f);
    const auto gradient = put<float>(c.gradient, shape);
    auto parameter = put<float>(c.parameter, shape);
    auto first = put<float>(c.first, shape);
    auto second = put<float>(c.second, shape);
    auto average = put<float>(std::vector<float>(c.rows * c.columns, 0.0f), shape);
    auto mirrored = put<float>(other, {c.columns, c.stride});
    auto transposed = put<float>(other, {c.columns, c.stride});
    ApplyArgs<float> args;
    args.step = c.step;
    args.low = c.low;
    args.high = c.high;
    args.decay = c.decay;
    args.average_decay = c.average_decay;
    args.gradient = gradient.cview();
    args.parameter = parameter.view();
    args.first_moment = first.view();
    args.second_moment = second.view();
    args.average = average.view();
    args.mirrored = mirrored.view();
    args.mirrored_offset = c.offset;
    args.transposed = transposed.view();
    backend().apply(args);
    return {parameter.download(), first.download(),    second.download(),
            average.download(),   mirrored.download(), transposed.download()};
  }
};

SW_ON_ALL_BACKENDS(Apply);

// Rate 1/2, clipping factor 1/2, decay 1/2; parameters 1 2, gradients 4 -8: increments -1 2,
// parameters 0.5 * (0 4) = 0 2; average = 0.25 * parameter; mirrored = 0.5 * (10 + increment).
TEST_P(Apply, GradientDescentByHand) {
  Case c;
  c.columns = 2;
  c.step = {0.5f, 0.5f, 0.0f, 0.0f, 0.0f, 0.0f};
  c.decay = 0.5f;
  c.gradient = {4.0f, -8.0f};
  c.parameter = {1.0f, 2.0f};
  c.first = c.second = {0.0f, 0.0f};
  c.stride = 3;
  c.offset = 1;

  const Result r = run(c);

  EXPECT_EQ(r.parameter, (std::vector<float>{0.0f, 2.0f}));
  EXPECT_EQ(r.average, (std::vector<float>{0.0f, 0.5f}));
  EXPECT_EQ(r.mirrored, (std::vector<float>{10.0f, 4.5f, 10.0f, 10.0f, 6.0f, 10.0f}));
  EXPECT_EQ(r.transposed, (std::vector<float>{10.0f, 0.0f, 10.0f, 10.0f, 2.0f, 10.0f}));
}

// beta_1 = 1/2, beta_2 = 3/4, rate 1, epsilon 0: m = 0.5 * 2 + 0.5 * 4 = 3, s = 0.75 * 0 + 0.25 * 16 = 4, dw = -3/2.
TEST_P(Apply, AdamByHand) {
  Case c;
  c.step = {1.0f, 1.0f, 0.5f, 0.75f, 0.0f, 1.0f};
  c.gradient = {4.0f};
  c.parameter = {1.0f};
  c.first = {2.0f};
  c.second = {0.0f};

  const Result r = run(c);

  EXPECT_EQ(r.parameter, (std::vector<float>{-0.5f}));
  EXPECT_EQ(r.first, (std::vector<float>{3.0f}));
  EXPECT_EQ(r.second, (std::vector<float>{4.0f}));
}

TEST_P(Apply, CutsToTheBoundsAndLetsNotANumberThrough) {
  Case c;
  c.columns = 4;
  c.low = -1.0f;
  c.high = 2.0f;
  c.gradient = {100.0f, -100.0f, 0.0f, NAN};
  c.parameter = {0.0f, 0.0f, 2.0f, 0.0f};
  c.first = c.second = std::vector<float>(4, 0.0f);

  const Result r = run(c);

  EXPECT_EQ(std::vector<float>(r.parameter.begin(), r.parameter.begin() + 3), (std::vector<float>{-1.0f, 2.0f, 2.0f}));
  EXPECT_TRUE(std::isnan(r.parameter[3]));
}

TEST_P(Apply, CoversEveryParameter) {
  for (const std::size_t rows : {0u, 1u, 31u, 33u, 257u}) {
    Case c;
    c.rows = rows;
    c.columns = 5;
    c.step = {0.1f, 1.0f, 0.9f, 0.99f, 1e-3f, 1.0f};
    c.gradient = test::random_floats(rows * 5, 61);
    c.parameter = test::random_floats(rows * 5, 62);
    c.first = test::random_floats(rows * 5, 63);
    c.second = test::random_floats(rows * 5, 64, 0.1, 1.0);
    c.stride = rows;

    const Result r = run(c);

    for (std::size_t i = 0; i < rows * 5; ++i) {
      const double g = c.gradient[i];
      const double m = double(0.9f) * c.first[i] + (1.0 - double(0.9f)) * g;
      const double s = double(0.99f) * c.second[i] + (1.0 - double(0.99f)) * g * g;
      const double expected = c.parameter[i] - double(0.1f) * m / (std::sqrt(s) + double(1e-3f));
      ASSERT_TRUE(test::is_close(r.parameter[i], expected, 1e-6)) << "parameter " << i;
      ASSERT_EQ(r.transposed[i % 5 * rows + i / 5], r.parameter[i]) << "parameter " << i;
    }
  }
}

}  // namespace
}  // namespace spikeweave
