// Rate form of the neuron that tells events from bursts, in time: potentials are leaky, and the error is how far the
// burst probability is from its own recent mean, so that what a teacher changes is told from what was before it.
//
// Source: Payeur, Guerguiev, Zenke, Richards & Naud (2021), Nat. Neurosci. 24:1010-1019, coarse-grained model of the
// Supplement and its code. I: what arrives from the events below; B: what arrives at the dendrite ("dendrite"); e:
// event rate, p: burst probability, b = p e: burst rate, E and B': running means of e and b.
//   z += dt/tau (I - z)
//   hidden: e = s(z),     u += dt/tau (-u + (1 - e[t-1]) B),   p = s(u),   s(x) = 1/(1 + exp(-x))
//   output: e = s(z + B), p = base (1 + nudge f),   f = tanh((target - E)/E), or (target - e)(1 - e)
//   error (p - B'/E) e;   then   E += dt/tau_average (e - E), B' likewise
// b is sent as "bursts". A hidden cell sends e; an output sends z, of which the readout's softmax is taken, and to
// which weights of -1 from rivals at the dendrite make s(z + B) the softmax of two. Differs from the source: there
// outputs are a softmax in one step, here a rival is heard a step later; f takes the mean of one step later.
#pragma once

#include <algorithm>

#include "spikeweave/core/flush.hpp"
#include "spikeweave/models/activation.hpp"
#include "spikeweave/models/burst_unit.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

enum class BurstTeaching { relative, slope };
template <>
struct EnumNames<BurstTeaching> {
  static constexpr std::array<std::string_view, 2> names{"relative", "slope"};
};

template <class Value>
struct LeakyBurstUnitParams {
  static constexpr std::string_view name = "leaky_burst_unit";
  static constexpr std::string_view summary = "Learns from how its burst probability differs from its recent mean.";
  static constexpr std::string_view source =
      "Payeur et al. 2021, Nat. Neurosci. 24:1010-1019, coarse-grained model of the Supplement";

  BurstCell cell = BurstCell::hidden;
  Value tau = 100.0;
  Value tau_average = 5000.0;
  Value base = 0.5;
  BurstTeaching teaching = BurstTeaching::relative;

  static constexpr auto fields() {
    using Self = LeakyBurstUnitParams;
    return std::tuple{
        field("cell", &Self::cell,
              "hidden: the dendrite sets the burst probability; output: the teacher does, and the dendrite takes what "
              "rivals send."),
        field("tau", &Self::tau, "ms", positive, "Time constant of soma and dendrite; not below dt in effect."),
        field("tau_average", &Self::tau_average, "ms", positive, "Time constant of the running means."),
        field("base", &Self::base, "", Range{0.0, 1.0, true, false}, "output: burst probability without a teacher."),
        field(
            "teaching", &Self::teaching,
            "output: burst probability under a teacher; relative: base (1 + tanh((target - mean)/mean)), mean that of "
            "the event rate; slope: base (1 + (target - e)(1 - e)), e the event rate."),
    };
  }
};

template <class Real>
struct LeakyBurstUnitDerived {
  Real is_output, epsilon, average, base, is_relative;

  static constexpr auto columns() {
    using Self = LeakyBurstUnitDerived;
    return std::tuple{column("is_output", &Self::is_output, "", "1: the teacher sets the burst probability."),
                      column("epsilon", &Self::epsilon, "1/step", "Share of the way that potentials go in a step."),
                      column("average", &Self::average, "1/step", "Share of the way that the means go in a step."),
                      column("base", &Self::base, "", "Burst probability of an output without a teacher."),
                      column("is_relative", &Self::is_relative, "", "1: the teacher looks at the mean event rate.")};
  }
};

template <class Real>
struct LeakyBurstUnitState {
  Real z = 0;
  Real e = 0;
  Real u = 0;
  Real p = 0;
  Real mean_e = 0;
  Real mean_b = 0;

  static constexpr auto columns() {
    using Self = LeakyBurstUnitState;
    return std::tuple{column("z", &Self::z, "", "Potential of the soma."),
                      column("e", &Self::e, "", "Event rate."),
                      column("u", &Self::u, "", "Potential of the dendrite."),
                      column("p", &Self::p, "", "Burst probability."),
                      column("mean_e", &Self::mean_e, "", "Running mean of the event rate."),
                      column("mean_b", &Self::mean_b, "", "Running mean of the burst rate.")};
  }
};

template <class Real>
struct LeakyBurstUnit {
  using Value = Real;
  using Params = LeakyBurstUnitParams<Distribution>;
  using NeuronParams = LeakyBurstUnitParams<double>;
  using Derived = LeakyBurstUnitDerived<Real>;
  using State = LeakyBurstUnitState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;
  static constexpr bool takes_nudge = true;
  static constexpr bool carries_error = true;
  static constexpr std::string_view second_input = "dendrite";
  static constexpr std::string_view second_output = "bursts";

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    return {Real(p.cell == BurstCell::output ? 1.0 : 0.0), Real(std::min(1.0, dt / p.tau)),
            Real(std::min(1.0, dt / p.tau_average)), Real(p.base),
            Real(p.teaching == BurstTeaching::relative ? 1.0 : 0.0)};
  }

  SW_HD static State initial_state(const Derived&) { return {}; }

  // What a teacher of strength 1 adds to the burst probability, in units of its base. A mean of 0 counts as 1e-8.
  SW_HD static Real lesson(const Derived& d, const State& s, Real target) {
    if (d.is_relative == Real(0)) return (target - s.e) * (Real(1) - s.e);
    const Real mean = s.mean_e > Real(1e-8) ? s.mean_e : Real(1e-8);
    return activate(static_cast<std::uint32_t>(Activation::tanh), (target - mean) / mean).value;
  }

  // A clamped unit has the clamp as its event rate. Before the first step its means are 0, and there is no error.
  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    constexpr auto logistic = static_cast<std::uint32_t>(Activation::logistic);
    const bool is_output = d.is_output > Real(0);
    const Real last = s.e;
    s.z = flush(s.z + d.epsilon * (in.current - s.z));
    s.e = in.is_clamped ? in.clamp : activate(logistic, is_output ? s.z + in.second : s.z).value;
    if (is_output) {
      s.p = d.base * (Real(1) + in.nudge * lesson(d, s, in.target));
    } else {
      s.u = flush(s.u + d.epsilon * ((Real(1) - last) * in.second - s.u));
      s.p = activate(logistic, s.u).value;
    }
    const Real b = s.p * s.e;
    const Real usual = s.mean_e > Real(0) ? s.mean_b / s.mean_e : s.p;
    s.mean_e = flush(s.mean_e + d.average * (s.e - s.mean_e));
    s.mean_b = flush(s.mean_b + d.average * (b - s.mean_b));
    return {.spike = is_output ? s.z : s.e, .psi = (s.p - usual) * s.e, .second = b, .second_psi = -s.u};
  }
};

}  // namespace spikeweave
