// Leaky integrate-and-fire neuron with an excitatory conductance that jumps at a spike and decays exponentially.
//
// Source: Song, Miller & Abbott (2000), Nat. Neurosci. 3:919-926, Methods:
// tau_m dv/dt = e_leak - v + g_ex (e_excitatory - v), tau_excitatory dg_ex/dt = -g_ex; g_ex in units of the leak.
// As in NEST's iaf_cond_exp, what arrives adds to g_ex at the end of the step and acts from the next one on, and g_ex
// goes on while the neuron is refractory.
// Differs from the source: no inhibitory conductance. A negative sum of weights lowers g_ex, never below 0.
// Scheme: exponential Euler with the exact mean of the decaying g_ex over the step. The local error is of third order
// in dt, and v stays between e_leak and e_excitatory for every dt and g_ex; backward Euler, which needs no exponential,
// is of second order. The exponential of the step is portable_exp: the same bits on both backends.
#pragma once

#include "spikeweave/core/exponential.hpp"
#include "spikeweave/models/hard_reset.hpp"

namespace spikeweave {

template <class Value>
struct IafCondExpParams : HardResetParams<Value> {
  static constexpr std::string_view name = "iaf_cond_exp";
  static constexpr std::string_view summary =
      "Leaky integrate-and-fire with an exponential excitatory conductance, in mV; fixed reset.";
  static constexpr std::string_view source = "Song, Miller & Abbott 2000, Nat. Neurosci. 3:919-926";

  Value e_excitatory = 0.0;
  Value tau_excitatory = 5.0;

  constexpr IafCondExpParams()
      : HardResetParams<Value>{.e_leak = -70.0,
                               .tau_m = 20.0,
                               .v_threshold = -54.0,
                               .v_reset = -60.0,
                               .tau_refractory = 0.0,
                               .v_initial = -70.0} {}

  static constexpr auto fields() {
    using Self = IafCondExpParams;
    return std::tuple_cat(
        HardResetParams<Value>::fields(),
        std::tuple{
            field("e_excitatory", &Self::e_excitatory, "mV", any_value, "Reversal potential of the conductance."),
            field("tau_excitatory", &Self::tau_excitatory, "ms", positive, "Decay time of the conductance."),
        });
  }
};

template <class Real>
struct IafCondExpDerived : HardResetDerived<Real> {
  Real e_excitatory, decay, mean, rate;

  static constexpr auto columns() {
    using Self = IafCondExpDerived;
    return std::tuple_cat(HardResetDerived<Real>::columns(),
                          std::tuple{
                              column("e_excitatory", &Self::e_excitatory, "mV", "Reversal potential."),
                              column("decay", &Self::decay, "", "exp(-dt/tau_excitatory)"),
                              column("mean", &Self::mean, "", "Mean of exp(-s/tau_excitatory) for s in [0, dt]."),
                              column("rate", &Self::rate, "1/step", "dt/tau_m"),
                          });
  }
};

template <class Real>
struct IafCondExpState : HardResetState<Real> {
  Real g_ex = 0;

  static constexpr auto columns() {
    return std::tuple_cat(
        HardResetState<Real>::columns(),
        std::tuple{column("g_ex", &IafCondExpState::g_ex, "leak conductances", "Conductance at the end of the step.")});
  }
};

template <class Real>
struct IafCondExp {
  using Value = Real;
  using Params = IafCondExpParams<Distribution>;
  using NeuronParams = IafCondExpParams<double>;
  using Derived = IafCondExpDerived<Real>;
  using State = IafCondExpState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = false;
  static constexpr bool predicts = false;

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    const double steps = dt / p.tau_excitatory;
    return {derive_hard_reset<Real>(p, dt), Real(p.e_excitatory), Real(std::exp(-steps)),
            Real(-std::expm1(-steps) / steps), Real(dt / p.tau_m)};
  }

  SW_HD static State initial_state(const Derived& d) { return {{d.v_initial, Real(0)}, Real(0)}; }

  // in.current: sum of the weights that arrive [leak conductances]
  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real g = d.mean * s.g_ex;
    const Real total = Real(1) + g;
    const Real target = (d.e_leak + g * d.e_excitatory) / total;
    const Real free = target + flush((s.v - target) * portable_exp(-d.rate * total));
    const Real arrived = flush(d.decay * s.g_ex + in.current);
    s.g_ex = arrived > Real(0) ? arrived : Real(0);
    return hold_or_fire(d, s, free, in.forced);
  }
};

}  // namespace spikeweave
