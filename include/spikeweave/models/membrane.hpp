// The leaky membrane that the integrate-and-fire models share: reset by subtraction, refractory counter.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, eqs. 6-7; order of operations as NEST's eprop_iaf_bsshslm_2020.
// v[t] = alpha v[t-1] + zeta I[t] - v_th z[t-1]. The membrane integrates during refractoriness too.
#pragma once

#include "spikeweave/models/model.hpp"

namespace spikeweave {

enum class InputGain { unit, one_minus_alpha };
template <>
struct EnumNames<InputGain> {
  static constexpr std::array<std::string_view, 2> names{"unit", "one_minus_alpha"};
};

template <class Value>
struct MembraneParams {
  Value tau_m = 20.0;
  Value v_threshold = 0.6;
  int refractory_steps = 5;
  InputGain input_gain = InputGain::unit;

  static constexpr auto fields() {
    using Self = MembraneParams;
    return std::tuple{
        field("tau_m", &Self::tau_m, "ms", positive, "Membrane time constant."),
        field("v_threshold", &Self::v_threshold, "", positive, "Spike threshold; also what a spike subtracts."),
        field("refractory_steps", &Self::refractory_steps, "steps", closed(0, 1e6),
              "Shortest interval between two spikes of a neuron; 0 and 1 are the same."),
        field("input_gain", &Self::input_gain, "Factor of the input current: 1, or 1 - exp(-dt/tau_m)."),
    };
  }
};

template <class Real>
struct MembraneDerived {
  Real alpha, zeta, v_threshold, refractory_steps;

  static constexpr auto columns() {
    using Self = MembraneDerived;
    return std::tuple{
        column("alpha", &Self::alpha, "", "exp(-dt/tau_m)"),
        column("zeta", &Self::zeta, "", "Gain of the input current."),
        column("v_threshold", &Self::v_threshold, "", "Spike threshold."),
        column("refractory_steps", &Self::refractory_steps, "steps", "Refractory steps."),
    };
  }
};

template <class Real>
struct MembraneState {
  Real v = 0;  // membrane potential
  Real z = 0;  // spike of the last step
  Real r = 0;  // refractory steps left

  static constexpr auto columns() {
    using Self = MembraneState;
    return std::tuple{
        column("v", &Self::v, "threshold units", "Membrane potential after the step's input and reset."),
        column("z", &Self::z, "", "1 where the neuron fired in the step."),
        column("r", &Self::r, "steps", "Refractory steps left."),
    };
  }
};

// dt [ms]
template <class Real>
MembraneDerived<Real> derive_membrane(const MembraneParams<double>& p, double dt) {
  const double alpha = std::exp(-dt / p.tau_m);
  return {Real(alpha), Real(p.input_gain == InputGain::unit ? 1.0 : 1.0 - alpha), Real(p.v_threshold),
          Real(p.refractory_steps)};
}

// Refractory counter and voltage of one step. Returns 1 if the neuron may fire, 0 while it is refractory: conditions
// are numbers here, so that the neuron loop has no branches and vectorises. reset: what the last spike subtracts.
template <class Real>
SW_HD Real integrate(const MembraneDerived<Real>& d, MembraneState<Real>& s, Real current, Real reset) {
  s.r = s.r > Real(0) ? s.r - Real(1) : Real(0);
  s.v = flush(d.alpha * s.v + d.zeta * current - reset * s.z);
  return s.r == Real(0) ? Real(1) : Real(0);
}

// spike: 1 or 0; the counter starts anew at a spike.
template <class Real>
SW_HD void set_spike(const MembraneDerived<Real>& d, MembraneState<Real>& s, Real spike) {
  s.z = spike;
  s.r += spike * (d.refractory_steps - s.r);
}

}  // namespace spikeweave
