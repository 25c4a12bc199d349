// Rectified linear unit: sends what arrives in the step, or 0 where that is negative. It has no memory.
//
// Source: the unit of Bienenstock, Cooper & Munro (1982), J. Neurosci. 2:32-48, y = max(w . x, 0).
#pragma once

#include "spikeweave/models/model.hpp"

namespace spikeweave {

template <class Value>
struct RectifiedLinearParams {
  static constexpr std::string_view name = "rectified_linear";
  static constexpr std::string_view summary = "Sends its input of the step, or 0 where that is negative.";
  static constexpr std::string_view source = "Bienenstock, Cooper & Munro 1982, J. Neurosci. 2:32-48";

  Value bias = 0.0;

  static constexpr auto fields() {
    return std::tuple{
        field("bias", &RectifiedLinearParams::bias, "", any_value, "Added to what arrives."),
    };
  }
};

template <class Real>
struct RectifiedLinearDerived {
  Real bias;

  static constexpr auto columns() {
    return std::tuple{column("bias", &RectifiedLinearDerived::bias, "", "Added to what arrives.")};
  }
};

template <class Real>
struct RectifiedLinearState {
  Real y = 0;

  static constexpr auto columns() { return std::tuple{column("y", &RectifiedLinearState::y, "", "What is sent.")}; }
};

template <class Real>
struct RectifiedLinear {
  using Value = Real;
  using Params = RectifiedLinearParams<Distribution>;
  using NeuronParams = RectifiedLinearParams<double>;
  using Derived = RectifiedLinearDerived<Real>;
  using State = RectifiedLinearState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;

  static Derived derive(const NeuronParams& p, double) { return {Real(p.bias)}; }

  SW_HD static State initial_state(const Derived&) { return {}; }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real drive = in.is_clamped ? in.clamp : d.bias + in.current;
    s.y = drive > Real(0) ? drive : Real(0);
    return {s.y, Real(0)};
  }
};

}  // namespace spikeweave
