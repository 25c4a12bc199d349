// The rule of Bienenstock, Cooper and Munro: depression below a threshold of the post rate, potentiation above it.
//
// Source: Bienenstock, Cooper & Munro (1982), J. Neurosci. 2:32-48; threshold as a running mean of the squared rate:
// Intrator & Cooper (1992), Neural Netw. 5:3-17. y: what the post neuron sends, x: what arrives in the same step.
//   dW = learning_rate y (y - theta) x,   then   theta += (y^2 - theta) dt/tau_theta
// Stable only if learning_rate y^2 tau_theta/dt is well below 1: the threshold must be faster than the weights.
#pragma once

#include <cstdint>

#include "spikeweave/learning/plasticity.hpp"

namespace spikeweave {

struct BcmParams {
  static constexpr std::string_view name = "bcm";
  static constexpr std::string_view summary = "Bienenstock-Cooper-Munro rule with a sliding threshold.";
  static constexpr std::string_view source = "Bienenstock et al. 1982, J. Neurosci. 2:32-48; Intrator & Cooper 1992";

  double learning_rate = 0.002;
  double tau_theta = 50.0;
  double theta_initial = 0.0;

  static constexpr auto fields() {
    using Self = BcmParams;
    return std::tuple{
        field("learning_rate", &Self::learning_rate, "weight", any_value, "Change at y (y - theta) x = 1."),
        field("tau_theta", &Self::tau_theta, "ms", positive, "Time constant of the threshold; at least dt."),
        field("theta_initial", &Self::theta_initial, "output^2", non_negative, "Threshold in the first step."),
    };
  }
};

template <class Real>
struct Bcm {
  using Value = Real;
  using Params = BcmParams;
  using Synapse = PlainSynapse<Real>;
  static constexpr std::size_t term_count = 1;
  static constexpr bool is_event_driven = false;

  struct Constants {
    Real learning_rate, theta_step, theta_initial;
  };
  struct Pre {
    static constexpr auto columns() { return std::tuple{}; }
  };
  // Of a postsynaptic neuron.
  struct Post {
    Real theta = 0;
    std::uint8_t started = 0;  // theta is theta_initial until the first step has been made
    static constexpr auto columns() {
      return std::tuple{column("theta", &Post::theta, "output^2", "Threshold between depression and potentiation."),
                        column("started", &Post::started, "", "1 after the first step.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    return {Real(p.learning_rate), Real(dt / p.tau_theta), Real(p.theta_initial)};
  }
  static bool is_bilinear(const Params&) { return true; }
  static bool reads_rates(const Params&) { return true; }

  SW_HD static Factors<Real, 1> pre_step(const Constants&, Pre&, Real event) { return {{event}}; }
  SW_HD static Factors<Real, 1> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const Real y = in.output;
    const Real theta = s.started != 0 ? s.theta : k.theta_initial;
    s.theta = flush(theta + k.theta_step * (y * y - theta));
    s.started = 1;
    return {{k.learning_rate * y * (y - theta)}};
  }
  SW_HD static void on_step(const Constants&, const WeightBounds<Real>& bounds, Synapse& s, const Factors<Real, 1>& pre,
                            const Factors<Real, 1>& post) {
    s.weight = bounds.cut(s.weight + pre.at[0] * post.at[0]);
  }
};

}  // namespace spikeweave
