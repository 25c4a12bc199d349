// Unit of a predictive-coding network: a value x and the error e of its prediction by the layer below.
//
// Source: Whittington & Bogacz (2017), Neural Comput. 29:1229-1262, eqs. 2.9 and 2.13-2.16. mu: what arrives within
// the step from the layer below, sum_i W[i,j] f(x_i) + b_j; feedback: what arrives from the errors above,
// sum_k W[j,k] e_k of the last step. With the values of the last step on the right,
//   x[t] = x[t-1] + epsilon (-e[t-1] + f'(x[t-1]) feedback[t]),    e[t] = (x[t] - mu[t]) / variance
// f(x) is sent to the layer above, e to the one below. In the first step x = mu: the feed-forward pass. A clamped unit
// has x at the clamp.
#pragma once

#include "spikeweave/core/flush.hpp"
#include "spikeweave/models/activation.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

template <class Value>
struct PredictiveUnitParams {
  static constexpr std::string_view name = "predictive_unit";
  static constexpr std::string_view summary = "A value and the error of its prediction by the layer below.";
  static constexpr std::string_view source = "Whittington & Bogacz 2017, Neural Comput. 29:1229-1262, eqs. 2.9-2.16";

  Activation activation = Activation::tanh;
  Value epsilon = 0.1;
  Value variance = 1.0;

  static constexpr auto fields() {
    using Self = PredictiveUnitParams;
    return std::tuple{
        field("activation", &Self::activation, "f, from the value to what is sent to the layer above."),
        field("epsilon", &Self::epsilon, "1/step", Range{0.0, 1.0, true, false},
              "How far a value moves along what its errors say in a step."),
        field("variance", &Self::variance, "", positive,
              "Divides the error. The larger that of the outputs is, the nearer learning is to back-propagation."),
    };
  }
};

template <class Real>
struct PredictiveUnitDerived {
  std::uint32_t activation;
  Real epsilon, precision;

  static constexpr auto columns() {
    using Self = PredictiveUnitDerived;
    return std::tuple{column("activation", &Self::activation, "", "Index of the function."),
                      column("epsilon", &Self::epsilon, "1/step", "Rate of the values."),
                      column("precision", &Self::precision, "", "1 / variance.")};
  }
};

template <class Real>
struct PredictiveUnitState {
  Real x = 0;
  Real e = 0;
  Real has_started = 0;

  static constexpr auto columns() {
    using Self = PredictiveUnitState;
    return std::tuple{column("x", &Self::x, "", "Value."), column("e", &Self::e, "", "Error of its prediction."),
                      column("has_started", &Self::has_started, "", "0 before the first step of a trial, then 1.")};
  }
};

template <class Real>
struct PredictiveUnit {
  using Value = Real;
  using Params = PredictiveUnitParams<Distribution>;
  using NeuronParams = PredictiveUnitParams<double>;
  using Derived = PredictiveUnitDerived<Real>;
  using State = PredictiveUnitState<Real>;
  static constexpr bool uses_random = false;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;
  static constexpr bool carries_error = true;
  static constexpr std::string_view second_input = "feedback";
  static constexpr std::string_view second_output = "error";

  // epsilon is per step, whatever dt.
  static Derived derive(const NeuronParams& p, double) {
    return {static_cast<std::uint32_t>(p.activation), Real(p.epsilon), Real(1.0 / p.variance)};
  }

  SW_HD static State initial_state(const Derived&) { return {}; }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    if (in.is_clamped) {
      s.x = in.clamp;
    } else if (s.has_started > Real(0)) {
      s.x = flush(s.x + d.epsilon * (activate(d.activation, s.x).slope * in.second - s.e));
    } else {
      s.x = in.current;
    }
    s.has_started = Real(1);
    s.e = flush(d.precision * (s.x - in.current));
    return {.spike = activate(d.activation, s.x).value, .psi = s.e, .second = s.e};
  }
};

}  // namespace spikeweave
