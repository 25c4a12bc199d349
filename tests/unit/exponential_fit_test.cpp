#include "spikeweave/protocol/exponential_fit.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "spikeweave/core/random.hpp"

namespace spikeweave {
namespace {

double window(double d, double a_plus, double tau_plus, double a_minus, double tau_minus) {
  if (d == 0.0) return 0.0;
  return d > 0.0 ? a_plus * std::exp(-d / tau_plus) : -a_minus * std::exp(d / tau_minus);
}

std::vector<WindowPoint> curve(double a_plus, double tau_plus, double a_minus, double tau_minus) {
  std::vector<WindowPoint> points;
  for (int d = -100; d <= 100; ++d) points.push_back({double(d), window(d, a_plus, tau_plus, a_minus, tau_minus), 0.0});
  return points;
}

TEST(ExponentialFit, RecoversKnownExponentials) {
  for (const double unit : {1.0, 1e-9, 1e6}) {
    const WindowFit fit = fit_window(curve(0.78 * unit, 16.8, 0.27 * unit, 33.7));

    ASSERT_TRUE(fit.plus.fitted()) << fit.plus.reason;
    ASSERT_TRUE(fit.minus.fitted()) << fit.minus.reason;
    EXPECT_NEAR(fit.plus.amplitude / unit, 0.78, 1e-8);
    EXPECT_NEAR(fit.plus.tau, 16.8, 1e-8);
    EXPECT_NEAR(fit.minus.amplitude / unit, 0.27, 1e-8);
    EXPECT_NEAR(fit.minus.tau, 33.7, 1e-8);
    EXPECT_LT(fit.plus.tau_error, 1e-8);
    EXPECT_NEAR(fit.plus.r_squared, 1.0, 1e-12);
    EXPECT_EQ(fit.plus.point_count, 100u);
    EXPECT_NEAR(fit.at(7.0) / unit, window(7.0, 0.78, 16.8, 0.27, 33.7), 1e-8);
    EXPECT_NEAR(fit.at(-7.0) / unit, window(-7.0, 0.78, 16.8, 0.27, 33.7), 1e-8);
    EXPECT_TRUE(std::isnan(fit.at(0.0)));
  }
}

TEST(ExponentialFit, NoiseIsCoveredByTheStandardErrors) {
  // 68.3 % of fits are within one standard error if the errors are right, all but 0.3 % within three. Over 400 fits of
  // one parameter the share within one has the standard deviation sqrt(0.683 * 0.317 / 400) = 0.023.
  constexpr int fits = 400;
  int amplitude_within = 0, tau_within = 0, within_three = 0;
  for (int n = 0; n < fits; ++n) {
    const RandomStream noise(11, Purpose::task, static_cast<std::uint32_t>(n));
    std::vector<WindowPoint> points = curve(1.0, 20.0, 1.0, 20.0);
    for (std::size_t i = 0; i < points.size(); ++i) points[i].change += 0.05 * noise.normal(i);

    const ExponentialFit fit = fit_window(points).plus;

    ASSERT_TRUE(fit.fitted()) << fit.reason;
    amplitude_within += std::abs(fit.amplitude - 1.0) < fit.amplitude_error ? 1 : 0;
    tau_within += std::abs(fit.tau - 20.0) < fit.tau_error ? 1 : 0;
    within_three +=
        std::abs(fit.tau - 20.0) < 3 * fit.tau_error && std::abs(fit.amplitude - 1.0) < 3 * fit.amplitude_error;
  }
  EXPECT_NEAR(amplitude_within, 0.683 * fits, 4 * 0.023 * fits);
  EXPECT_NEAR(tau_within, 0.683 * fits, 4 * 0.023 * fits);
  EXPECT_GE(within_three, 0.98 * fits);
}

TEST(ExponentialFit, KnownErrorsWeighThePointsAndSetTheStandardErrors) {
  // Two values at every D, 1 apart in units of their error: the weighted mean of a pair (y, error s) and (z, error 2 s)
  // is (4 y + z) / 5.
  std::vector<WindowPoint> points;
  for (int d = 1; d <= 60; ++d) {
    const double y = window(d, 1.0, 15.0, 0, 1);
    points.push_back({double(d), y - 0.01, 0.05});
    points.push_back({double(d), y + 0.04, 0.10});  // (4 * -0.01 + 0.04) / 5 = 0
  }
  const ExponentialFit fit = fit_window(points).plus;

  EXPECT_NEAR(fit.amplitude, 1.0, 1e-8);
  EXPECT_NEAR(fit.tau, 15.0, 1e-8);
  // (J^T W J)^-1 by hand: e = exp(-d/15), J = (e, e d / 225), weight 1/0.05^2 + 1/0.1^2 = 500 at every d.
  double aa = 0, at = 0, tt = 0;
  for (int d = 1; d <= 60; ++d) {
    const double e = std::exp(-d / 15.0), s = e * d / 225.0;
    aa += 500 * e * e;
    at += 500 * e * s;
    tt += 500 * s * s;
  }
  const double determinant = aa * tt - at * at;
  EXPECT_NEAR(fit.amplitude_error, std::sqrt(tt / determinant), 1e-8);
  EXPECT_NEAR(fit.tau_error, std::sqrt(aa / determinant), 1e-7);
}

TEST(ExponentialFit, ASideWithoutAnExponentialSaysWhy) {
  std::vector<WindowPoint> points;
  for (int d = 1; d <= 20; ++d) {
    points.push_back({double(d), 0.0, 0.0});
    points.push_back({double(-d), 0.1 * std::exp(-d / 5.0), 0.0});
  }
  const WindowFit fit = fit_window(points);

  EXPECT_EQ(fit.plus.reason, "no change");
  EXPECT_EQ(fit.minus.reason, "wrong sign: potentiation at D < 0");
  EXPECT_TRUE(std::isnan(fit.at(3.0)));
  EXPECT_EQ(fit_window({}).plus.reason, "no points");
  EXPECT_EQ(fit_window({{1.0, -0.5, 0.0}, {2.0, 0.1, 0.0}, {3.0, 0.1, 0.0}}).plus.reason,
            "wrong sign: depression at D > 0");
  EXPECT_EQ(fit_window({{1.0, 0.5, 0.0}, {2.0, 0.4, 0.0}}).plus.reason, "2 points are too few; 3 are needed");
}

TEST(ExponentialFit, AConstantAndARiseAreNoExponentials) {
  std::vector<WindowPoint> constant, rising;
  for (int d = 1; d <= 20; ++d) {
    constant.push_back({double(d), 0.3, 0.0});
    rising.push_back({double(d), 0.01 * d, 0.0});
  }

  EXPECT_EQ(fit_window(constant).plus.reason, "not an exponential: it does not decay with |D|");
  EXPECT_EQ(fit_window(rising).plus.reason, "not an exponential: it does not decay with |D|");
}

TEST(ExponentialFit, ASingleSpikeAmongZerosIsNoExponential) {
  std::vector<WindowPoint> points;
  for (int d = 1; d <= 20; ++d) points.push_back({double(d), d == 1 ? 1.0 : 0.0, 0.0});

  const ExponentialFit fit = fit_window(points).plus;

  EXPECT_FALSE(fit.fitted()) << fit.amplitude << " " << fit.tau;
}

}  // namespace
}  // namespace spikeweave
