// Rate form of the neuron that tells events from bursts: its event rate goes up, its burst rate comes down.
//
// Source: Payeur, Guerguiev, Zenke, Richards & Naud (2021), Nat. Neurosci. 24:1010-1019, Methods (deep networks), and
// the code of that section. I: what arrives within the step from the events below; B: what arrives at the dendrite
// ("dendrite") from the bursts above; e: event rate, p: burst probability, b = p e: burst rate.
//   e = 1/(1 + exp(-I)),   hidden: p = 1/(1 + exp(-u)), u = (1 - e) B;   output: p = base (1 + nudge (target - e)(1 -
//   e))
// e is sent, and b as "bursts". The error is b: what it is with a teacher minus what it is without is learned, by
// phases of weights 1 and -1. That of the dendrite is -u, so that a plastic projection to it takes out what is the same
// in both.
#pragma once

#include "spikeweave/models/activation.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

enum class BurstCell { hidden, output };
template <>
struct EnumNames<BurstCell> {
  static constexpr std::array<std::string_view, 2> names{"hidden", "output"};
};

template <class Value>
struct BurstUnitParams {
  static constexpr std::string_view name = "burst_unit";
  static constexpr std::string_view summary = "Sends an event rate upwards and a burst rate downwards.";
  static constexpr std::string_view source = "Payeur et al. 2021, Nat. Neurosci. 24:1010-1019, Methods";

  BurstCell cell = BurstCell::hidden;
  Value base = 0.2;

  static constexpr auto fields() {
    using Self = BurstUnitParams;
    return std::tuple{
        field("cell", &Self::cell, "hidden: the dendrite sets the burst probability; output: the teacher does."),
        field("base", &Self::base, "", Range{0.0, 1.0, true, false}, "output: burst probability without a teacher."),
    };
  }
};

template <class Real>
struct BurstUnitDerived {
  Real is_output, base;

  static constexpr auto columns() {
    using Self = BurstUnitDerived;
    return std::tuple{column("is_output", &Self::is_output, "", "1: the teacher sets the burst probability."),
                      column("base", &Self::base, "", "Burst probability of an output without a teacher.")};
  }
};

template <class Real>
struct BurstUnitState {
  Real e = 0;
  Real p = 0;
  Real u = 0;

  static constexpr auto columns() {
    using Self = BurstUnitState;
    return std::tuple{column("e", &Self::e, "", "Event rate."), column("p", &Self::p, "", "Burst probability."),
                      column("u", &Self::u, "", "Potential of the dendrite.")};
  }
};

template <class Real>
struct BurstUnit {
  using Value = Real;
  using Params = BurstUnitParams<Distribution>;
  using NeuronParams = BurstUnitParams<double>;
  using Derived = BurstUnitDerived<Real>;
  using State = BurstUnitState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;
  static constexpr bool takes_nudge = true;
  static constexpr bool carries_error = true;
  static constexpr std::string_view second_input = "dendrite";
  static constexpr std::string_view second_output = "bursts";

  static Derived derive(const NeuronParams& p, double) {
    return {Real(p.cell == BurstCell::output ? 1.0 : 0.0), Real(p.base)};
  }

  SW_HD static State initial_state(const Derived&) { return {}; }

  // A clamped unit has the clamp as its event rate.
  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    constexpr auto logistic = static_cast<std::uint32_t>(Activation::logistic);
    s.e = in.is_clamped ? in.clamp : activate(logistic, in.current).value;
    s.u = (Real(1) - s.e) * in.second;
    s.p = d.is_output > Real(0) ? d.base * (Real(1) + in.nudge * ((in.target - s.e) * (Real(1) - s.e)))
                                : activate(logistic, s.u).value;
    const Real b = s.p * s.e;
    return {.spike = s.e, .psi = b, .second = b, .second_psi = -s.u};
  }
};

}  // namespace spikeweave
