// What models in mV share that are reset to a fixed voltage and held there: settings, refractory counter, threshold.
//
// Convention: NEST's iaf_psc_delta and iaf_cond_exp. A neuron that fires in step t has v = v_reset in that same step
// and in the N = round(tau_refractory/dt) steps after it; step t+N+1 is the first that integrates, so the shortest
// interval is N+1 steps. What arrives at the membrane in between is lost.
#pragma once

#include "spikeweave/models/model.hpp"

namespace spikeweave {

// No defaults: each model gives its own.
template <class Value>
struct HardResetParams {
  Value e_leak;
  Value tau_m;
  Value v_threshold;
  Value v_reset;
  Value tau_refractory;
  Value v_initial;

  static constexpr auto fields() {
    using Self = HardResetParams;
    return std::tuple{
        field("e_leak", &Self::e_leak, "mV", any_value, "Resting voltage."),
        field("tau_m", &Self::tau_m, "ms", positive, "Membrane time constant."),
        field("v_threshold", &Self::v_threshold, "mV", any_value, "Fires at and above this voltage."),
        field("v_reset", &Self::v_reset, "mV", any_value, "Voltage after a spike; below v_threshold."),
        field("tau_refractory", &Self::tau_refractory, "ms", non_negative,
              "How long the voltage is held at v_reset after a spike; rounded to whole steps."),
        field("v_initial", &Self::v_initial, "mV", any_value, "Voltage at which a trial starts."),
    };
  }

  // Also called for each neuron whose parameters are drawn.
  void validate(const std::string& place) const {
    if (!is_known(v_reset) || !is_known(v_threshold) || number(v_reset) < number(v_threshold)) return;
    throw InputError(place + "/v_reset", std::to_string(number(v_reset)) + " is not below v_threshold, " +
                                             std::to_string(number(v_threshold)));
  }

 private:
  static bool is_known(double) { return true; }
  static bool is_known(const Distribution& value) { return value.is_constant(); }
  static double number(double value) { return value; }
  static double number(const Distribution& value) { return value.value; }
};

template <class Real>
struct HardResetDerived {
  Real e_leak, v_threshold, v_reset, refractory_steps;
  Real v_initial = 0;

  static constexpr auto columns() {
    using Self = HardResetDerived;
    return std::tuple{
        column("e_leak", &Self::e_leak, "mV", "Resting voltage."),
        column("v_threshold", &Self::v_threshold, "mV", "Spike threshold."),
        column("v_reset", &Self::v_reset, "mV", "Voltage after a spike."),
        column("refractory_steps", &Self::refractory_steps, "steps", "round(tau_refractory/dt)"),
        column("v_initial", &Self::v_initial, "mV", "Voltage at which a trial starts."),
    };
  }
};

template <class Real>
struct HardResetState {
  Real v = 0;
  Real r = 0;

  static constexpr auto columns() {
    using Self = HardResetState;
    return std::tuple{
        column("v", &Self::v, "mV", "Voltage at the end of the step, after the reset."),
        column("r", &Self::r, "steps", "Steps left in which the voltage is held at the reset."),
    };
  }
};

// dt [ms]
template <class Real>
HardResetDerived<Real> derive_hard_reset(const HardResetParams<double>& p, double dt) {
  return {Real(p.e_leak), Real(p.v_threshold), Real(p.v_reset), Real(std::round(p.tau_refractory / dt)),
          Real(p.v_initial)};
}

// free: the voltage [mV] that the step ends with if the neuron is not refractory. forced: 1 fires, refractory or not.
template <class Real>
SW_HD StepOutput<Real> hold_or_fire(const HardResetDerived<Real>& d, HardResetState<Real>& s, Real free, Real forced) {
  const bool is_held = s.r > Real(0);
  const bool fires = forced > Real(0) || (!is_held && free >= d.v_threshold);
  s.v = is_held || fires ? d.v_reset : free;
  s.r = fires ? d.refractory_steps : is_held ? s.r - Real(1) : Real(0);
  return {fires ? Real(1) : Real(0), Real(0)};
}

}  // namespace spikeweave
