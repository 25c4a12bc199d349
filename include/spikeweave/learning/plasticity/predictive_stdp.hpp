// A neuron that learns to predict its own spikes from its input; for Poisson neurons this is pair STDP.
//
// Source: derived from e-prop. E = 1/2 sum_t (z[t] - q[t])^2 with the spike z as target and the neuron's expectation q
// as prediction; the eligibility of a leaky membrane is psi xbar; a Poisson neuron's q is estimated without bias by the
// trace m of its earlier spikes. With psi constant (escape noise) and part of the learning rate:
//   dW = learning_rate sum_t (z[t] - m[t]) xbar[t]
//   xbar[t] = alpha xbar[t-1] + x[t],                      alpha  = exp(-dt/tau_m)
//   m[t]    = lambda m[t-1] + (1 - lambda) z[t-1],         lambda = exp(-dt/tau_prediction)
// The sum over two trains is all-to-all pair STDP with tau_plus = tau_m, tau_minus = tau_prediction, coincidence `ltp`,
//   a_plus = learning_rate (1 - alpha)/(1 - alpha lambda),  a_minus = learning_rate (1 - lambda)/(1 - alpha
//   lambda)/lambda
// up to what spikes near the end of a trial would still have changed.
#pragma once

#include "spikeweave/learning/plasticity.hpp"

namespace spikeweave {

struct PredictiveStdpParams {
  static constexpr std::string_view name = "predictive_stdp";
  static constexpr std::string_view summary = "Spike minus its prediction, times the eligibility trace of the input.";
  static constexpr std::string_view source =
      "Derived from Bellec et al. 2020, eqs. 13, 22-25, with a Poisson neuron's own spike as target; cf. Brea et al. "
      "2013";

  double learning_rate = 0.01;
  double tau_m = 20.0;
  double tau_prediction = 20.0;

  static constexpr auto fields() {
    using Self = PredictiveStdpParams;
    return std::tuple{
        field("learning_rate", &Self::learning_rate, "weight", any_value,
              "Change for a spike that nothing predicted, at xbar = 1; psi is part of it."),
        field("tau_m", &Self::tau_m, "ms", positive, "Time constant of xbar: the membrane's."),
        field("tau_prediction", &Self::tau_prediction, "ms", positive, "Time constant of the prediction m."),
    };
  }
};

template <class Real>
struct PredictiveStdp {
  using Value = Real;
  using Params = PredictiveStdpParams;
  using Synapse = PlainSynapse<Real>;
  static constexpr std::size_t term_count = 1;
  static constexpr bool is_event_driven = false;  // both factors are dense

  struct Constants {
    Real learning_rate, alpha, lambda, gain;
  };
  // Of a presynaptic cell.
  struct Pre {
    Real xbar = 0;
    static constexpr auto columns() {
      return std::tuple{column("xbar", &Pre::xbar, "events", "Eligibility trace of events.")};
    }
  };
  // Of a postsynaptic neuron.
  struct Post {
    Real m = 0;
    static constexpr auto columns() {
      return std::tuple{column("prediction", &Post::m, "spikes/step", "Expected spikes of the next step.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    const double lambda = std::exp(-dt / p.tau_prediction);
    return {Real(p.learning_rate), Real(std::exp(-dt / p.tau_m)), Real(lambda), Real(1.0 - lambda)};
  }
  static bool is_bilinear(const Params&) { return true; }

  SW_HD static Factors<Real, 1> pre_step(const Constants& k, Pre& s, Real event) {
    return {{step_trace(s.xbar, k.alpha, event, true, false)}};
  }
  SW_HD static Factors<Real, 1> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const Real error = in.spike - s.m;
    s.m = flush(k.lambda * s.m) + k.gain * in.spike;
    return {{k.learning_rate * error}};
  }
  SW_HD static void on_step(const Constants&, const WeightBounds<Real>& bounds, Synapse& s, const Factors<Real, 1>& pre,
                            const Factors<Real, 1>& post) {
    s.weight = bounds.cut(s.weight + pre.at[0] * post.at[0]);
  }
};

}  // namespace spikeweave
