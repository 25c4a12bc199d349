// Optimisers: one step for one parameter.
//
// Source: Adam: Kingma & Ba (2015), with epsilon outside of the bias correction (the paper's last paragraph of section
// 2, TensorFlow 1, NEST): W -= rate * sqrt(1-b2^n)/(1-b1^n) * m / (sqrt(s) + epsilon).
#pragma once

#include <cmath>
#include <string_view>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

struct SgdParams {
  static constexpr std::string_view name = "sgd";
  static constexpr std::string_view summary = "Plain gradient descent.";
  static constexpr std::string_view source = "-";

  double learning_rate = 1e-4;

  static constexpr auto fields() {
    return std::tuple{
        field("learning_rate", &SgdParams::learning_rate, "", non_negative, "Step size."),
    };
  }
};

struct AdamParams {
  static constexpr std::string_view name = "adam";
  static constexpr std::string_view summary = "Adaptive moments; epsilon outside of the bias correction.";
  static constexpr std::string_view source = "Kingma & Ba 2015";

  double learning_rate = 5e-3;
  double beta_1 = 0.9;
  double beta_2 = 0.999;
  double epsilon = 1e-8;

  static constexpr auto fields() {
    using Self = AdamParams;
    return std::tuple{
        field("learning_rate", &Self::learning_rate, "", non_negative, "Step size."),
        field("beta_1", &Self::beta_1, "", below_one, "Decay of the first moment."),
        field("beta_2", &Self::beta_2, "", below_one, "Decay of the second moment."),
        field("epsilon", &Self::epsilon, "", positive, "Added to the root of the second moment."),
    };
  }
};

using OptimizerSettings = Choice<"type", AdamParams, SgdParams>;

// What one parameter's step needs; SGD has no moments (beta_1 = 0, uses_second_moment = 0).
template <class Real>
struct OptimizerStep {
  Real rate;            // learning rate times bias correction
  Real gradient_scale;  // clipping factor of the global norm
  Real beta_1, beta_2, epsilon;
  Real adaptive;  // 1: Adam, 0: SGD
};

template <class Real>
struct Moments {
  Real first = 0;
  Real second = 0;
};

// The change to be added to the parameter.
template <class Real>
SW_HD Real optimizer_increment(const OptimizerStep<Real>& o, Moments<Real>& m, Real gradient) {
  using std::sqrt;
  const Real g = o.gradient_scale * gradient;
  if (o.adaptive == Real(0)) return -(o.rate * g);
  m.first = o.beta_1 * m.first + (Real(1) - o.beta_1) * g;
  m.second = o.beta_2 * m.second + (Real(1) - o.beta_2) * (g * g);
  return -(o.rate * m.first / (sqrt(m.second) + o.epsilon));
}

}  // namespace spikeweave
