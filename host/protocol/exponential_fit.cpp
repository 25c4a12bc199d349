#include "spikeweave/protocol/exponential_fit.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include <fmt/format.h>
#include <Eigen/Dense>
#include <unsupported/Eigen/LevenbergMarquardt>

namespace spikeweave {
namespace {

// One side, mirrored to x > 0 and y expected above 0, divided by the largest x and |y|, so that the solver's
// tolerances mean the same for every unit.
struct Side {
  Eigen::VectorXd x, y, weight;  // weight: 1 / error, or 1
  double x_scale = 0.0, y_scale = 0.0;
  bool errors_known = false;
};

Side side_of(const std::vector<WindowPoint>& points, double sign) {
  std::vector<WindowPoint> chosen;
  std::copy_if(points.begin(), points.end(), std::back_inserter(chosen),
               [sign](const WindowPoint& p) { return sign * p.difference > 0.0; });
  Side side;
  for (const WindowPoint& p : chosen) {
    side.x_scale = std::max(side.x_scale, std::abs(p.difference));
    side.y_scale = std::max(side.y_scale, std::abs(p.change));
    side.errors_known = p.error > 0.0;
  }
  const auto count = static_cast<Eigen::Index>(chosen.size());
  side.x.resize(count);
  side.y.resize(count);
  side.weight.resize(count);
  for (Eigen::Index i = 0; i < count; ++i) {
    const WindowPoint& p = chosen[static_cast<std::size_t>(i)];
    side.x[i] = sign * p.difference / side.x_scale;
    side.y[i] = side.y_scale > 0.0 ? sign * p.change / side.y_scale : 0.0;
    side.weight[i] = p.error > 0.0 ? side.y_scale / p.error : 1.0;
  }
  return side;
}

// Residuals weight * (a exp(-x exp(-s)) - y) of the parameters (a, s), s = log tau: tau stays above 0.
struct Residuals : Eigen::DenseFunctor<double> {
  explicit Residuals(const Side& side) : DenseFunctor(2, static_cast<int>(side.x.size())), side_(side) {}

  int operator()(const Eigen::VectorXd& p, Eigen::VectorXd& residual) const {
    residual = side_.weight.array() * (p[0] * decay(p).array() - side_.y.array());
    return 0;
  }
  int df(const Eigen::VectorXd& p, Eigen::MatrixXd& jacobian) const {
    const Eigen::ArrayXd e = side_.weight.array() * decay(p).array();
    jacobian.col(0) = e;
    jacobian.col(1) = p[0] * e * side_.x.array() * std::exp(-p[1]);
    return 0;
  }
  Eigen::VectorXd decay(const Eigen::VectorXd& p) const { return (-side_.x.array() * std::exp(-p[1])).exp(); }

 private:
  const Side& side_;
};

// The straight line through log y of the points above 0, weighted by y^2: how log magnifies errors.
Eigen::VectorXd first_guess(const Side& side) {
  double w = 0, wx = 0, wl = 0, wxx = 0, wxl = 0;
  for (Eigen::Index i = 0; i < side.x.size(); ++i) {
    if (side.y[i] <= 0.0) continue;
    const double weight = side.y[i] * side.y[i];
    const double logarithm = std::log(side.y[i]);
    w += weight;
    wx += weight * side.x[i];
    wl += weight * logarithm;
    wxx += weight * side.x[i] * side.x[i];
    wxl += weight * side.x[i] * logarithm;
  }
  const double slope = (w * wxl - wx * wl) / (w * wxx - wx * wx);
  Eigen::VectorXd guess(2);
  if (std::isfinite(slope) && slope < 0.0) {
    guess << std::exp((wl - slope * wx) / w), -std::log(-slope);
  } else {
    guess << side.y.maxCoeff(), std::log(side.x.mean());
  }
  return guess;
}

constexpr Eigen::Index fewest_points = 3;  // two parameters, and one degree of freedom for their errors

// Why a side cannot be fitted, as far as its points tell.
std::string obstacle(const Side& side, double sign) {
  if (side.x.size() == 0) return "no points";
  if (side.y_scale == 0.0) return "no change";
  if (side.y.dot(side.weight.cwiseProduct(side.weight)) <= 0.0) {
    return sign > 0.0 ? "wrong sign: depression at D > 0" : "wrong sign: potentiation at D < 0";
  }
  if (side.x.size() < fewest_points) {
    return fmt::format("{} points are too few; {} are needed", side.x.size(), fewest_points);
  }
  return "";
}

ExponentialFit fit_side(const std::vector<WindowPoint>& points, double sign) {
  const Side side = side_of(points, sign);
  ExponentialFit fit;
  fit.point_count = static_cast<std::size_t>(side.x.size());
  fit.reason = obstacle(side, sign);
  if (!fit.fitted()) return fit;

  Residuals residuals(side);
  Eigen::LevenbergMarquardt<Residuals> solver(residuals);
  solver.setFtol(0.0);  // goes on to the last bits: the curves of a rule are exact exponentials
  solver.setXtol(1e-14);
  solver.setMaxfev(2000);
  Eigen::VectorXd p = first_guess(side);
  solver.minimize(p);
  const double amplitude = p[0] * side.y_scale;
  const double tau = std::exp(p[1]) * side.x_scale;
  constexpr double longest_tau = 10.0;  // ranges of D: a slower decay cannot be told from a constant
  if (!std::isfinite(amplitude) || !std::isfinite(tau) || amplitude <= 0.0 || tau > longest_tau * side.x_scale) {
    fit.reason = "not an exponential: it does not decay with |D|";
    return fit;
  }

  constexpr double farthest_start = 10.0;  // tau from D = 0 to the first point: A would be e^10 times what is seen
  if (side.x.minCoeff() * side.x_scale > farthest_start * tau) {
    fit.reason = "not an exponential: one point decides it alone";
    return fit;
  }

  Eigen::VectorXd residual(side.x.size());
  Eigen::MatrixXd jacobian(side.x.size(), 2);
  residuals(p, residual);
  residuals.df(p, jacobian);
  const double degrees = static_cast<double>(side.x.size() - 2);
  const double variance = side.errors_known ? 1.0 : residual.squaredNorm() / degrees;
  const Eigen::Matrix2d covariance = variance * (jacobian.transpose() * jacobian).inverse();
  const Eigen::ArrayXd squared_weight = side.weight.array().square();
  const double mean = (squared_weight * side.y.array()).sum() / squared_weight.sum();
  fit.amplitude = amplitude;
  fit.amplitude_error = std::sqrt(covariance(0, 0)) * side.y_scale;
  fit.tau = tau;
  fit.tau_error = std::sqrt(covariance(1, 1)) * tau;  // of log tau, times tau
  fit.r_squared = 1.0 - residual.squaredNorm() / (squared_weight * (side.y.array() - mean).square()).sum();
  return fit;
}

}  // namespace

double WindowFit::at(double difference) const {
  const ExponentialFit& side = difference > 0.0 ? plus : minus;
  if (difference == 0.0 || !side.fitted()) return std::numeric_limits<double>::quiet_NaN();
  const double size = side.amplitude * std::exp(-std::abs(difference) / side.tau);
  return difference > 0.0 ? size : -size;
}

WindowFit fit_window(const std::vector<WindowPoint>& points) {
  return {fit_side(points, 1.0), fit_side(points, -1.0)};
}

}  // namespace spikeweave
