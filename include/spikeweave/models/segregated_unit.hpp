// Spiking neuron whose apical dendrite is segregated from its soma: plateaus of two phases are its error.
//
// Source: Guerguiev, Lillicrap & Richards (2017), eLife 6:e22901, eqs. 1-13 and its code. v: what arrives at the basal
// dendrite, a: at the apical one ("apical"), c: somatic potential,
//   dc/dt = -leak c + basal (v - c) + nudge (target - c),   rate(c) = largest_rate / (1 + exp(-c))
// by Euler steps. A step has a spike with probability rate dt. What the spikes of the last ten steps leave,
//   sum over n = 1..10 of z[t + 1 - n] k(n dt),
//   k(s) = (exp(-s/tau_long) - exp(-s/tau_short)) / (tau_long - tau_short),
// is sent as "psp"; the rate itself is what the neuron sends else. A source fires at largest_rate times what arrives.
// In two phases averages are taken, without a teacher (f) and with one (t). Behind them psp is that of f, and the error
//   hidden: k rate'(c_f) (sigmoid(a_t) - sigmoid(a_f)),   output: k rate'(c_f) (rate_t - rate(c_f)),
// with k = basal / (leak + basal); before, it is 0.
// Differs from the source: at most one spike a step, where it draws a Poisson number.
#pragma once

#include <cmath>

#include "spikeweave/core/flush.hpp"
#include "spikeweave/models/activation.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

enum class SegregatedCell { source, hidden, output };
template <>
struct EnumNames<SegregatedCell> {
  static constexpr std::array<std::string_view, 3> names{"source", "hidden", "output"};
};

template <class Value>
struct SegregatedUnitParams {
  static constexpr std::string_view name = "segregated_unit";
  static constexpr std::string_view summary =
      "Spikes; the plateaus of its apical dendrite in two phases are its error.";
  static constexpr std::string_view source = "Guerguiev et al. 2017, eLife 6:e22901, eqs. 1-13";

  SegregatedCell cell = SegregatedCell::hidden;
  Value leak = 0.1;
  Value basal = 0.6;
  Value largest_rate = 0.2;
  Value tau_long = 10.0;
  Value tau_short = 3.0;

  static constexpr auto fields() {
    using Self = SegregatedUnitParams;
    return std::tuple{
        field("cell", &Self::cell,
              "source: fires at the rate that arrives; hidden: learns from its plateaus; output: from its rates."),
        field("leak", &Self::leak, "1/ms", non_negative, "Conductance of the leak."),
        field("basal", &Self::basal, "1/ms", positive, "Conductance to the basal dendrite."),
        field("largest_rate", &Self::largest_rate, "1/ms", positive, "Firing rate at most."),
        field("tau_long", &Self::tau_long, "ms", positive, "Decay of what a spike leaves; above tau_short."),
        field("tau_short", &Self::tau_short, "ms", positive, "Rise of what a spike leaves."),
    };
  }

  // Also called for each neuron whose parameters are drawn.
  void validate(const std::string& place) const {
    if (!is_known(tau_short) || !is_known(tau_long) || number(tau_short) < number(tau_long)) return;
    throw InputError(place + "/tau_short",
                     std::to_string(number(tau_short)) + " is not below tau_long, " + std::to_string(number(tau_long)));
  }

 private:
  static bool is_known(double) { return true; }
  static bool is_known(const Distribution& value) { return value.is_constant(); }
  static double number(double value) { return value; }
  static double number(const Distribution& value) { return value.value; }
};

template <class Real>
struct SegregatedUnitDerived {
  Real kind;  // index of the SegregatedCell
  Real dt, leak, basal, attenuation, largest_rate, long_decay, short_decay, psp_scale;

  static constexpr auto columns() {
    using Self = SegregatedUnitDerived;
    return std::tuple{column("cell", &Self::kind, "", "0 source, 1 hidden, 2 output"),
                      column("dt", &Self::dt, "ms", "Step."),
                      column("leak", &Self::leak, "1/ms", "Conductance of the leak."),
                      column("basal", &Self::basal, "1/ms", "Conductance to the basal dendrite."),
                      column("attenuation", &Self::attenuation, "", "Steady potential per basal potential."),
                      column("largest_rate", &Self::largest_rate, "1/ms", "Firing rate at most."),
                      column("long_decay", &Self::long_decay, "", "Per step."),
                      column("short_decay", &Self::short_decay, "", "Per step."),
                      column("psp_scale", &Self::psp_scale, "1/ms", "Of the difference of both.")};
  }
};

template <class Real>
struct SegregatedUnitState {
  Real c = 0;
  Real spikes = 0;
  Real averages = 0;
  Real psp_f = 0;
  Real c_f = 0;
  Real f = 0;
  Real t = 0;

  static constexpr auto columns() {
    using Self = SegregatedUnitState;
    return std::tuple{column("c", &Self::c, "", "Potential of the soma."),
                      column("spikes", &Self::spikes, "", "Of the last ten steps, a bit each, the latest counts 1."),
                      column("averages", &Self::averages, "", "Begun so far."),
                      column("psp_f", &Self::psp_f, "1/ms", "Average of what is sent, of the first phase."),
                      column("c_f", &Self::c_f, "", "Average potential of the soma, of the first phase."),
                      column("f", &Self::f, "", "Average apical potential, or rate of an output, of the first phase."),
                      column("t", &Self::t, "", "Likewise, of the second.")};
  }
};

template <class Real>
struct SegregatedUnit {
  using Value = Real;
  using Params = SegregatedUnitParams<Distribution>;
  using NeuronParams = SegregatedUnitParams<double>;
  using Derived = SegregatedUnitDerived<Real>;
  using State = SegregatedUnitState<Real>;
  static constexpr bool uses_random = true;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;
  static constexpr bool takes_nudge = true;
  static constexpr bool carries_error = true;
  static constexpr int phase_averages = 2;
  static constexpr std::string_view second_input = "apical";
  static constexpr std::string_view second_output = "psp";

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    return {Real(static_cast<int>(p.cell)),
            Real(dt),
            Real(p.leak),
            Real(p.basal),
            Real(p.basal / (p.leak + p.basal)),
            Real(p.largest_rate),
            Real(std::exp(-dt / p.tau_long)),
            Real(std::exp(-dt / p.tau_short)),
            Real(1.0 / (p.tau_long - p.tau_short))};
  }

  SW_HD static State initial_state(const Derived&) { return {}; }

  SW_HD static Activated<Real> sigmoid(Real x) { return activate(static_cast<std::uint32_t>(Activation::logistic), x); }

  // What the spikes leave: both sums from the oldest spike on.
  SW_HD static Real psp(const Derived& d, Real spikes) {
    const auto bits = static_cast<std::int32_t>(spikes);
    Real slow = 0, fast = 0;
    for (int n = 9; n >= 0; --n) {
      const Real z = static_cast<Real>((bits >> n) & 1);
      slow = d.long_decay * (slow + z);
      fast = d.short_decay * (fast + z);
    }
    return (slow - fast) * d.psp_scale;
  }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real drive = d.basal * (in.current - s.c) + in.nudge * (in.target - s.c);
    s.c = in.is_clamped ? in.clamp : flush(s.c + d.dt * (drive - d.leak * s.c));
    const Real rate = d.largest_rate * (d.kind == Real(0) ? in.current : sigmoid(s.c).value);

    // The upper 24 bits of the word against the probability: exact in single precision.
    const bool fires = static_cast<Real>(in.word >> 8) < rate * d.dt * Real(16777216);
    const std::int32_t bits = (static_cast<std::int32_t>(s.spikes) << 1 | (fires ? 1 : 0)) & 1023;
    s.spikes = static_cast<Real>(bits);
    const Real sent = psp(d, s.spikes);

    s.averages += in.starts_average ? Real(1) : Real(0);
    const Real share_f = s.averages == Real(1) ? in.share : Real(0);
    const Real share_t = s.averages == Real(2) ? in.share : Real(0);
    const Real averaged = d.kind == Real(2) ? rate : in.second;
    s.psp_f += share_f * sent;
    s.c_f += share_f * s.c;
    s.f += share_f * averaged;
    s.t += share_t * averaged;

    const bool is_behind = s.averages == Real(2) && in.share == Real(0);
    return {.spike = rate, .psi = is_behind ? error(d, s) : Real(0), .second = is_behind ? s.psp_f : sent};
  }

 private:
  SW_HD static Real error(const Derived& d, const State& s) {
    if (d.kind == Real(0)) return Real(0);
    const Activated<Real> soma = sigmoid(s.c_f);
    const Real change = d.kind == Real(2) ? s.t - d.largest_rate * soma.value : sigmoid(s.t).value - sigmoid(s.f).value;
    return d.attenuation * (d.largest_rate * soma.slope * change);
  }
};

}  // namespace spikeweave
