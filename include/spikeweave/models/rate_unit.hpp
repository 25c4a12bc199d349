// Rate unit: sends a function of what arrives in the step. It has no memory.
//
// Source: the unit of the networks of Lillicrap et al. (2016), Nat. Commun. 7:13276: h = f(W x + b).
#pragma once

#include <cstdint>
#include <string_view>

#include "spikeweave/models/activation.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

template <class Value>
struct RateUnitParams {
  static constexpr std::string_view name = "rate_unit";
  static constexpr std::string_view summary = "Sends a function of its input of the step, such as tanh.";
  static constexpr std::string_view source = "Lillicrap et al. 2016, Nat. Commun. 7:13276";

  Activation activation = Activation::tanh;

  static constexpr auto fields() {
    return std::tuple{
        field("activation", &RateUnitParams::activation, "The function."),
    };
  }
};

template <class Real>
struct RateUnitDerived {
  std::uint32_t activation;

  static constexpr auto columns() {
    return std::tuple{column("activation", &RateUnitDerived::activation, "", "Index of the function.")};
  }
};

template <class Real>
struct RateUnitState {
  Real y = 0;

  static constexpr auto columns() { return std::tuple{column("y", &RateUnitState::y, "", "What is sent.")}; }
};

template <class Real>
struct RateUnit {
  using Value = Real;
  using Params = RateUnitParams<Distribution>;
  using NeuronParams = RateUnitParams<double>;
  using Derived = RateUnitDerived<Real>;
  using State = RateUnitState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = true;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;

  static Derived derive(const NeuronParams& p, double) { return {static_cast<std::uint32_t>(p.activation)}; }

  SW_HD static State initial_state(const Derived&) { return {}; }

  // What is sent depends on this step's input alone.
  SW_HD static EligibilityConstants<Real> eligibility(const Derived&) { return {Real(0), Real(1), Real(0), Real(0)}; }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real u = in.is_clamped ? in.clamp : in.current;
    const Activated<Real> sent = activate(d.activation, u);
    s.y = sent.value;
    return {s.y, sent.slope};
  }
};

}  // namespace spikeweave
