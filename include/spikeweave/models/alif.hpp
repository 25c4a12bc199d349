// Leaky integrate-and-fire neuron whose threshold rises with its own spikes.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, eqs. 8-9; order as NEST's eprop_iaf_adapt_bsshslm_2020.
// a[t] = rho a[t-1] + z[t-1];  threshold A[t] = v_th + beta a[t];  the reset still subtracts v_th.
// With beta = 0 it equals lif bit for bit.
#pragma once

#include "spikeweave/models/lif.hpp"

namespace spikeweave {

template <class Value>
struct AlifParams : LifParams<Value> {
  static constexpr std::string_view name = "alif";
  static constexpr std::string_view summary = "Leaky integrate-and-fire with an adaptive threshold.";
  static constexpr std::string_view source = "Bellec et al. 2020, Nat. Commun. 11:3625, eqs. 8-9";

  Value tau_adaptation = 2000.0;
  Value beta = 0.0174;

  static constexpr auto fields() {
    using Self = AlifParams;
    return std::tuple_cat(
        LifParams<Value>::fields(),
        std::tuple{
            field("tau_adaptation", &Self::tau_adaptation, "ms", positive, "Time constant of the adaptation."),
            field("beta", &Self::beta, "", non_negative, "Rise of the threshold per unit of adaptation."),
        });
  }
};

template <class Real>
struct AlifDerived : LifDerived<Real> {
  Real rho, beta;

  static constexpr auto columns() {
    using Self = AlifDerived;
    return std::tuple_cat(LifDerived<Real>::columns(),
                          std::tuple{
                              column("rho", &Self::rho, "", "exp(-dt/tau_adaptation)"),
                              column("beta", &Self::beta, "", "Rise of the threshold per unit of adaptation."),
                          });
  }
};

template <class Real>
struct AlifState : MembraneState<Real> {
  Real a = 0;

  static constexpr auto columns() {
    return std::tuple_cat(MembraneState<Real>::columns(),
                          std::tuple{
                              column("a", &AlifState::a, "spikes", "Adaptation: low-passed count of own spikes."),
                          });
  }
};

template <class Real>
struct Alif {
  using Value = Real;
  using Params = AlifParams<Distribution>;
  using NeuronParams = AlifParams<double>;
  using Derived = AlifDerived<Real>;
  using State = AlifState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = true;
  static constexpr bool is_rate = false;
  static constexpr bool predicts = false;

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    return {derive_lif<Real>(p, dt), Real(std::exp(-dt / p.tau_adaptation)), Real(p.beta)};
  }

  SW_HD static State initial_state(const Derived&) { return {}; }

  SW_HD static EligibilityConstants<Real> eligibility(const Derived& d) {
    return {d.alpha, d.zeta, d.rho, d.beta, d.v_threshold};
  }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real last_spike = s.z;
    const Real ready = integrate(d, s, in.current, d.v_threshold);
    s.a = flush(d.rho * s.a + last_spike);
    return fire_at_threshold<Shape>(d, s, s.v - (d.v_threshold + d.beta * s.a), ready, in.forced);
  }
};

}  // namespace spikeweave
