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
    FeedbackArgs<float> feedback{};  // but for its place
    float average_decay = 0.75f;
    std::vector<float> gradient, parameter, first, second;
    std::vector<float> feedback_before;  // or empty: none
    std::size_t first_feedback = 0;      // that of parameter (0, 0)
  };
  struct Result {
    std::vector<float> parameter, first, second, average, feedback;
  };

  // average starts at 0.
  Result run(const Case& c) {
    const std::initializer_list<std::size_t> shape{c.rows, c.columns};
    const auto gradient = put<float>(c.gradient, shape);
    auto parameter = put<float>(c.parameter, shape);
    auto first = put<float>(c.first, shape);
    auto second = put<float>(c.second, shape);
    auto average = put<float>(std::vector<float>(c.rows * c.columns, 0.0f), shape);
    auto feedback = put<float>(c.feedback_before, {c.feedback_before.size()});
    ApplyArgs<float> args;
    args.step = c.step;
    args.low = c.low;
    args.high = c.high;
    args.average_decay = c.average_decay;
    args.gradient = gradient.cview();
    args.parameter = parameter.view();
    args.first_moment = first.view();
    args.second_moment = second.view();
    args.average = average.view();
    args.feedback = c.feedback;
    if (feedback.size() > 0) args.feedback.back = feedback.data() + c.first_feedback;
    backend().apply(args);
    return {parameter.download(), first.download(), second.download(), average.download(), feedback.download()};
  }
};

SW_ON_ALL_BACKENDS(Apply);

// Index in the list.
template <class Scheme>
std::size_t scheme() {
  FeedbackSettings settings;
  settings.value = Scheme{};
  return settings.value.index();
}

// Rate 1/2, clipping factor 1/2, decay 1/2; parameters 1 2, gradients 4 -8: increments -1 2,
// parameters 0.5 * (0 4) = 0 2; average = 0.25 * parameter; feedback = 0.5 * (10 + increment).
TEST_P(Apply, GradientDescentByHand) {
  Case c;
  c.columns = 2;
  c.step = {0.5f, 0.5f, 0.0f, 0.0f, 0.0f, 0.0f};
  c.feedback = {scheme<AdaptiveFeedback>(), 1.0f, 0.5f, nullptr, 1, 3};
  c.gradient = {4.0f, -8.0f};
  c.parameter = {1.0f, 2.0f};
  c.first = c.second = {0.0f, 0.0f};
  c.feedback_before = std::vector<float>(6, 10.0f);
  c.first_feedback = 1;

  const Result r = run(c);

  EXPECT_EQ(r.parameter, (std::vector<float>{0.0f, 2.0f}));
  EXPECT_EQ(r.average, (std::vector<float>{0.0f, 0.5f}));
  EXPECT_EQ(r.feedback, (std::vector<float>{10.0f, 4.5f, 10.0f, 10.0f, 6.0f, 10.0f}));
}

// Increments -1 2 0, parameters 0 4 -3, under each scheme.
TEST_P(Apply, FeedbackFollowsItsScheme) {
  Case c;
  c.columns = 3;
  c.gradient = {2.0f, -4.0f, 0.0f};
  c.parameter = {1.0f, 2.0f, -3.0f};
  c.first = c.second = std::vector<float>(3, 0.0f);
  c.feedback_before = {10.0f, 20.0f, 30.0f};
  const auto feedback = [&](std::size_t index, float magnitude) {
    c.feedback = {index, magnitude, 1.0f, nullptr, 3, 1};
    const Result r = run(c);
    EXPECT_EQ(r.parameter, (std::vector<float>{0.0f, 4.0f, -3.0f}));
    return r.feedback;
  };

  EXPECT_EQ(feedback(scheme<SymmetricFeedback>(), 1.0f), (std::vector<float>{0.0f, 4.0f, -3.0f}));
  EXPECT_EQ(feedback(scheme<RandomFeedback>(), 1.0f), (std::vector<float>{10.0f, 20.0f, 30.0f}));
  EXPECT_EQ(feedback(scheme<WeightMirrorFeedback>(), 1.0f), (std::vector<float>{10.0f, 20.0f, 30.0f}));
  EXPECT_EQ(feedback(scheme<AdaptiveFeedback>(), 1.0f), (std::vector<float>{9.0f, 22.0f, 30.0f}));
  EXPECT_EQ(feedback(scheme<SignConcordantFeedback>(), 1.0f), (std::vector<float>{10.0f, 20.0f, -30.0f}));
  EXPECT_EQ(feedback(scheme<SignSymmetricFeedback>(), 0.25f), (std::vector<float>{0.0f, 0.25f, -0.25f}));
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
    c.feedback = {scheme<SymmetricFeedback>(), 1.0f, 1.0f, nullptr, 1, rows};  // transposed
    c.feedback_before = std::vector<float>(rows * 5, 10.0f);

    const Result r = run(c);

    for (std::size_t i = 0; i < rows * 5; ++i) {
      const double g = c.gradient[i];
      const double m = double(0.9f) * c.first[i] + (1.0 - double(0.9f)) * g;
      const double s = double(0.99f) * c.second[i] + (1.0 - double(0.99f)) * g * g;
      const double expected = c.parameter[i] - double(0.1f) * m / (std::sqrt(s) + double(1e-3f));
      ASSERT_TRUE(test::is_close(r.parameter[i], expected, 1e-6)) << "parameter " << i;
      ASSERT_EQ(r.feedback[i % 5 * rows + i / 5], r.parameter[i]) << "parameter " << i;
    }
  }
}

}  // namespace
}  // namespace spikeweave
