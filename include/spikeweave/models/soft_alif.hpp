// Smooth relaxation of lif and alif: sends sigmoid((v - A) / width) where they send a spike.
//
// Its loss has a gradient in the ordinary sense, so that learning rules can be held to finite differences. v and A as
// of alif, with what was sent in the place of the spike; no refractoriness; psi is the derivative of the sigmoid.
// Source: the relaxation of a step function by a sigmoid; membrane and threshold: Bellec et al. (2020), Nat. Commun.
// 11:3625, eqs. 6-9.
#pragma once

#include "spikeweave/core/exponential.hpp"
#include "spikeweave/models/membrane.hpp"

namespace spikeweave {

template <class Value>
struct SoftAlifParams {
  static constexpr std::string_view name = "soft_alif";
  static constexpr std::string_view summary = "Smooth relaxation of lif and alif: a sigmoid in place of the spike.";
  static constexpr std::string_view source = "membrane: Bellec et al. 2020, Nat. Commun. 11:3625, eqs. 6-9";

  Value tau_m = 20.0;
  Value v_threshold = 0.6;
  InputGain input_gain = InputGain::unit;
  Value tau_adaptation = 2000.0;
  Value beta = 0.0;
  Value width = 0.3;

  static constexpr auto fields() {
    using Self = SoftAlifParams;
    return std::tuple{
        field("tau_m", &Self::tau_m, "ms", positive, "Membrane time constant."),
        field("v_threshold", &Self::v_threshold, "", positive,
              "Where half a spike is sent at rest; times what is sent, it is subtracted from the voltage."),
        field("input_gain", &Self::input_gain, "Factor of the input current: 1, or 1 - exp(-dt/tau_m)."),
        field("tau_adaptation", &Self::tau_adaptation, "ms", positive, "Time constant of the adaptation."),
        field("beta", &Self::beta, "", non_negative, "Rise of the threshold per unit of adaptation; 0: none."),
        field("width", &Self::width, "threshold units", positive, "Softness of the threshold."),
    };
  }
};

template <class Real>
struct SoftAlifDerived {
  Real alpha, zeta, v_threshold, rho, beta, scale;

  static constexpr auto columns() {
    using Self = SoftAlifDerived;
    return std::tuple{
        column("alpha", &Self::alpha, "", "exp(-dt/tau_m)"),
        column("zeta", &Self::zeta, "", "Gain of the input current."),
        column("v_threshold", &Self::v_threshold, "", "Threshold at rest."),
        column("rho", &Self::rho, "", "exp(-dt/tau_adaptation)"),
        column("beta", &Self::beta, "", "Rise of the threshold per unit of adaptation."),
        column("scale", &Self::scale, "", "1/width"),
    };
  }
};

template <class Real>
struct SoftAlifState {
  Real v = 0;  // membrane potential
  Real z = 0;  // what was sent in the last step
  Real a = 0;

  static constexpr auto columns() {
    using Self = SoftAlifState;
    return std::tuple{
        column("v", &Self::v, "threshold units", "Membrane potential after the step's input and reset."),
        column("z", &Self::z, "", "What is sent, between 0 and 1."),
        column("a", &Self::a, "", "Adaptation: low-passed sum of what was sent."),
    };
  }
};

template <class Real>
struct SoftAlif {
  using Value = Real;
  using Params = SoftAlifParams<Distribution>;
  using NeuronParams = SoftAlifParams<double>;
  using Derived = SoftAlifDerived<Real>;
  using State = SoftAlifState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = true;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    const double alpha = std::exp(-dt / p.tau_m);
    return {Real(alpha),         Real(p.input_gain == InputGain::unit ? 1.0 : 1.0 - alpha),
            Real(p.v_threshold), Real(std::exp(-dt / p.tau_adaptation)),
            Real(p.beta),        Real(1.0 / p.width)};
  }

  SW_HD static State initial_state(const Derived&) { return {}; }

  SW_HD static EligibilityConstants<Real> eligibility(const Derived& d) {
    return {d.alpha, d.zeta, d.rho, d.beta, d.v_threshold};
  }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real current = in.is_clamped ? in.clamp : in.current;
    s.v = flush(d.alpha * s.v + d.zeta * current - d.v_threshold * s.z);
    s.a = flush(d.rho * s.a + s.z);
    const Real excess = s.v - (d.v_threshold + d.beta * s.a);
    s.z = Real(1) / (Real(1) + portable_exp(-excess * d.scale));
    return {s.z, s.z * (Real(1) - s.z) * d.scale};
  }
};

}  // namespace spikeweave
