// Leaky rate unit: goes a share of the way to a function of its input in every step, and sends where it is.
//
// Source: the unit of Xie & Seung (2003), Neural Comput. 15:441-454, eq. 2.1, dx/dt = -x + f(I), by Euler steps:
//   x[t] = x[t-1] + epsilon (f(I[t]) - x[t-1] + nudge (target - x[t-1]))
// A clamped unit is at the clamp.
#pragma once

#include "spikeweave/core/flush.hpp"
#include "spikeweave/models/activation.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

template <class Value>
struct LeakyRateUnitParams {
  static constexpr std::string_view name = "leaky_rate_unit";
  static constexpr std::string_view summary = "Goes to a function of its input step by step, and sends where it is.";
  static constexpr std::string_view source = "Xie & Seung 2003, Neural Comput. 15:441-454, eq. 2.1";

  Activation activation = Activation::logistic;
  Value epsilon = 0.3;
  Value initial = 0.0;

  static constexpr auto fields() {
    using Self = LeakyRateUnitParams;
    return std::tuple{
        field("activation", &Self::activation, "The function."),
        field("epsilon", &Self::epsilon, "1/step", Range{0.0, 1.0, true, false}, "Share of the way in a step."),
        field("initial", &Self::initial, "", any_value, "Where it is before the first step of a trial."),
    };
  }
};

template <class Real>
struct LeakyRateUnitDerived {
  std::uint32_t activation;
  Real epsilon, initial;

  static constexpr auto columns() {
    using Self = LeakyRateUnitDerived;
    return std::tuple{column("activation", &Self::activation, "", "Index of the function."),
                      column("epsilon", &Self::epsilon, "1/step", "Share of the way in a step."),
                      column("initial", &Self::initial, "", "Start of a trial.")};
  }
};

template <class Real>
struct LeakyRateUnitState {
  Real x = 0;

  static constexpr auto columns() {
    return std::tuple{column("x", &LeakyRateUnitState::x, "", "Where it is, and what is sent.")};
  }
};

template <class Real>
struct LeakyRateUnit {
  using Value = Real;
  using Params = LeakyRateUnitParams<Distribution>;
  using NeuronParams = LeakyRateUnitParams<double>;
  using Derived = LeakyRateUnitDerived<Real>;
  using State = LeakyRateUnitState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;
  static constexpr bool takes_nudge = true;

  // epsilon is per step, whatever dt.
  static Derived derive(const NeuronParams& p, double) {
    return {static_cast<std::uint32_t>(p.activation), Real(p.epsilon), Real(p.initial)};
  }

  SW_HD static State initial_state(const Derived& d) { return {d.initial}; }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real goal = activate(d.activation, in.current).value;
    const Real pull = in.nudge * (in.target - s.x);
    s.x = in.is_clamped ? in.clamp : flush(s.x + d.epsilon * (goal - s.x + pull));
    return {s.x, Real(0)};
  }
};

}  // namespace spikeweave
