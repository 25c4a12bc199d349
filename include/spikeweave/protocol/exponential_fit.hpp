// The two exponentials of an STDP window, fitted to a computed curve or to measured points.
//
//   D > 0: change = +a exp(-D / tau) (A_plus, tau_plus);  D < 0: change = -a exp(D / tau) (A_minus, tau_minus)
// Nonlinear least squares by Levenberg and Marquardt's method (Eigen's port of MINPACK: More, Garbow & Hillstrom 1980).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace spikeweave {

struct WindowPoint {
  double difference = 0.0;  // D [ms]
  double change = 0.0;
  double error = 0.0;  // standard error; 0 where it is not known (then it is 0 at all points)
};

// One side.
struct ExponentialFit {
  std::string reason;            // why there is no exponential; "" where there is one, and the numbers below count
  double amplitude = 0.0;        // A, above 0; in the unit of the change
  double amplitude_error = 0.0;  // standard error
  double tau = 0.0;              // [ms]
  double tau_error = 0.0;
  double r_squared = 0.0;  // 1 - residual sum of squares / sum of squares around the mean, weighted as the fit
  std::size_t point_count = 0;

  bool fitted() const { return reason.empty(); }
};

struct WindowFit {
  ExponentialFit plus, minus;

  // At D != 0; NaN on a side that has no fit, and at D = 0.
  double at(double difference) const;
};

// Points at D = 0 are left out. Points with errors are weighted by 1 / error^2; standard errors follow from the errors
// then, and from the residuals' variance where no errors are known.
WindowFit fit_window(const std::vector<WindowPoint>& points);

}  // namespace spikeweave
