// Leaky integrate-and-fire neuron: fires when the voltage reaches a fixed threshold.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, eqs. 6-7; order of operations as NEST's eprop_iaf_bsshslm_2020.
// Differs from the source: fires at equality (v >= v_th), as NEST does.
#pragma once

#include "spikeweave/models/membrane.hpp"

namespace spikeweave {

template <class Value>
struct LifParams : MembraneParams<Value> {
  static constexpr std::string_view name = "lif";
  static constexpr std::string_view summary = "Leaky integrate-and-fire, reset by subtraction, refractory.";
  static constexpr std::string_view source = "Bellec et al. 2020, Nat. Commun. 11:3625, eqs. 6-7";

  PseudoDerivative pseudo_derivative = PseudoDerivative::piecewise_linear;
  Value gamma = 0.3;

  static constexpr auto fields() {
    using Self = LifParams;
    return std::tuple_cat(
        MembraneParams<Value>::fields(),
        std::tuple{
            field("pseudo_derivative", &Self::pseudo_derivative, "Shape of dz/dv that learning uses."),
            field("gamma", &Self::gamma, "", non_negative, "Height of the pseudo-derivative, times 1/v_threshold."),
        });
  }
};

template <class Real>
struct LifDerived : MembraneDerived<Real> {
  Real psi_height, psi_scale;

  static constexpr auto columns() {
    using Self = LifDerived;
    return std::tuple_cat(MembraneDerived<Real>::columns(),
                          std::tuple{
                              column("psi_height", &Self::psi_height, "", "gamma/v_threshold"),
                              column("psi_scale", &Self::psi_scale, "", "1/v_threshold"),
                          });
  }
};

// Fires if the voltage exceeds the threshold by `excess` >= 0. ready: 1, or 0 while refractory.
template <class Shape, class Real>
SW_HD StepOutput<Real> fire_at_threshold(const LifDerived<Real>& d, MembraneState<Real>& s, Real excess, Real ready,
                                         Real forced) {
  const Real psi = ready * (d.psi_height * Shape::at(excess * d.psi_scale));
  set_spike(d, s, forced_or(forced, excess >= Real(0) ? ready : Real(0)));
  return {s.z, psi};
}

template <class Real>
LifDerived<Real> derive_lif(const LifParams<double>& p, double dt) {
  return {derive_membrane<Real>(p, dt), Real(p.gamma / p.v_threshold), Real(1.0 / p.v_threshold)};
}

template <class Real>
struct Lif {
  using Value = Real;
  using Params = LifParams<Distribution>;
  using NeuronParams = LifParams<double>;
  using Derived = LifDerived<Real>;
  using State = MembraneState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = true;
  static constexpr bool is_rate = false;
  static constexpr bool predicts = false;

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) { return derive_lif<Real>(p, dt); }

  SW_HD static State initial_state(const Derived&) { return {}; }

  SW_HD static EligibilityConstants<Real> eligibility(const Derived& d) {
    return {d.alpha, d.zeta, Real(0), Real(0), d.v_threshold};
  }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real ready = integrate(d, s, in.current, d.v_threshold);
    return fire_at_threshold<Shape>(d, s, s.v - d.v_threshold, ready, in.forced);
  }
};

}  // namespace spikeweave
