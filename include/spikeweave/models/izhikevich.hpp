// Izhikevich's simple model: a quadratic voltage and a recovery variable that together give many firing patterns.
//
// Source: Izhikevich (2003), IEEE Trans. Neural Netw. 14:1569-1572, eqs. 1-3; order of operations as in the code
// published with Izhikevich (2007), Cereb. Cortex 17:2443-2452 (daspnet): reset of the neurons that fired in the last
// step, two half steps of v with the same u, one step of u. v is not cut at v_peak: the step of a spike leaves it where
// the half steps took it. The published numbers are for dt = 1 ms; for another dt the half steps are dt/2.
#pragma once

#include "spikeweave/models/model.hpp"

namespace spikeweave {

template <class Value>
struct IzhikevichParams {
  static constexpr std::string_view name = "izhikevich";
  static constexpr std::string_view summary = "Quadratic voltage with a recovery variable, in mV; made for dt = 1 ms.";
  static constexpr std::string_view source = "Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569-1572, eqs. 1-3";

  Value a = 0.02;
  Value b = 0.2;
  Value c = -65.0;
  Value d = 8.0;
  Value v_peak = 30.0;
  Value noise = 0.0;

  static constexpr auto fields() {
    using Self = IzhikevichParams;
    return std::tuple{
        field("a", &Self::a, "1/ms", non_negative, "Rate of the recovery variable u."),
        field("b", &Self::b, "1/ms", any_value, "Dependence of u on the voltage."),
        field("c", &Self::c, "mV", any_value, "Voltage after a spike."),
        field("d", &Self::d, "mV/ms", any_value, "What a spike adds to u."),
        field("v_peak", &Self::v_peak, "mV", any_value, "Fires at and above this voltage."),
        field("noise", &Self::noise, "mV/ms", non_negative,
              "Width of a current drawn anew in every step, uniform in [-noise/2, noise/2); 0: none."),
    };
  }
};

template <class Real>
struct IzhikevichDerived {
  Real a_dt, b, c, d, v_peak, noise, half_dt;

  static constexpr auto columns() {
    using Self = IzhikevichDerived;
    return std::tuple{
        column("a_dt", &Self::a_dt, "1/step", "a dt"),
        column("b", &Self::b, "1/ms", "Dependence of u on the voltage."),
        column("c", &Self::c, "mV", "Voltage after a spike."),
        column("d", &Self::d, "mV/ms", "What a spike adds to u."),
        column("v_peak", &Self::v_peak, "mV", "Spike threshold."),
        column("noise", &Self::noise, "mV/ms", "Width of the noise current."),
        column("half_dt", &Self::half_dt, "ms", "dt/2"),
    };
  }
};

template <class Real>
struct IzhikevichState {
  Real v = 0;
  Real u = 0;
  Real z = 0;  // spike of the last step

  static constexpr auto columns() {
    using Self = IzhikevichState;
    return std::tuple{
        column("v", &Self::v, "mV", "Voltage at the end of the step, before the reset."),
        column("u", &Self::u, "mV/ms", "Recovery variable, before the reset."),
        column("z", &Self::z, "", "1 where the neuron fired in the step."),
    };
  }
};

template <class Real>
struct Izhikevich {
  using Value = Real;
  using Params = IzhikevichParams<Distribution>;
  using NeuronParams = IzhikevichParams<double>;
  using Derived = IzhikevichDerived<Real>;
  using State = IzhikevichState<Real>;
  static constexpr bool uses_random = true;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = false;
  static constexpr bool predicts = false;

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    return {Real(p.a * dt), Real(p.b), Real(p.c), Real(p.d), Real(p.v_peak), Real(p.noise), Real(0.5 * dt)};
  }

  // As the published code: v = -65 mV whatever c, u = b v. Near the resting point, not at it.
  SW_HD static State initial_state(const Derived& d) { return {Real(-65), d.b * Real(-65), Real(0)}; }

  // in.current: sum of the weights that arrive [mV/ms], held for the step
  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    s.v = s.z > Real(0) ? d.c : s.v;
    s.u += d.d * s.z;
    // The upper 24 bits of the word: uniform in [0, 1), exact in single precision.
    const Real uniform = static_cast<Real>(in.word >> 8) * Real(5.9604644775390625e-8);  // 2^-24
    const Real current = in.current + d.noise * (uniform - Real(0.5));
    s.v += d.half_dt * ((Real(0.04) * s.v + Real(5)) * s.v + Real(140) - s.u + current);
    s.v += d.half_dt * ((Real(0.04) * s.v + Real(5)) * s.v + Real(140) - s.u + current);
    s.u += d.a_dt * (d.b * s.v - s.u);
    s.z = in.forced > Real(0) || s.v >= d.v_peak ? Real(1) : Real(0);
    return {s.z, Real(0)};
  }
};

}  // namespace spikeweave
