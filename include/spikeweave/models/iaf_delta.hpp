// Leaky integrate-and-fire neuron with delta synapses: a spike that arrives moves the voltage by its weight [mV].
//
// Source: Brunel (2000), J. Comput. Neurosci. 8:183-208, eqs. 1-2; order of operations as NEST's iaf_psc_delta.
// v[t] = e_leak + alpha (v[t-1] - e_leak) + I[t]; input arrives at the end of the step, after the decay.
#pragma once

#include "spikeweave/models/hard_reset.hpp"

namespace spikeweave {

template <class Value>
struct IafDeltaParams : HardResetParams<Value> {
  static constexpr std::string_view name = "iaf_delta";
  static constexpr std::string_view summary = "Leaky integrate-and-fire with delta synapses, in mV; fixed reset.";
  static constexpr std::string_view source = "Brunel 2000, J. Comput. Neurosci. 8:183-208, eqs. 1-2";

  constexpr IafDeltaParams()
      : HardResetParams<Value>{.e_leak = 0.0,
                               .tau_m = 20.0,
                               .v_threshold = 20.0,
                               .v_reset = 10.0,
                               .tau_refractory = 2.0,
                               .v_initial = 0.0} {}
};

template <class Real>
struct IafDeltaDerived : HardResetDerived<Real> {
  Real alpha;

  static constexpr auto columns() {
    return std::tuple_cat(HardResetDerived<Real>::columns(),
                          std::tuple{column("alpha", &IafDeltaDerived::alpha, "", "exp(-dt/tau_m)")});
  }
};

template <class Real>
struct IafDelta {
  using Value = Real;
  using Params = IafDeltaParams<Distribution>;
  using NeuronParams = IafDeltaParams<double>;
  using Derived = IafDeltaDerived<Real>;
  using State = HardResetState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = false;
  static constexpr bool predicts = false;

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    return {derive_hard_reset<Real>(p, dt), Real(std::exp(-dt / p.tau_m))};
  }

  SW_HD static State initial_state(const Derived& d) { return {d.v_initial, Real(0)}; }

  // in.current: sum of the weights that arrive [mV]
  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real free = d.e_leak + flush(d.alpha * (s.v - d.e_leak)) + in.current;
    return hold_or_fire(d, s, free, in.forced);
  }
};

}  // namespace spikeweave
