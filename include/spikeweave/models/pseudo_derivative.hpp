// Pseudo-derivatives: what learning uses as dz/dv of a spike.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, Methods (piecewise linear); the others as in NEST's e-prop
// models. u = (v - threshold) / v_th; every shape is 1 at u = 0 and is multiplied by gamma / v_th.
#pragma once

#include <array>
#include <cmath>
#include <string_view>

#include "spikeweave/core/field.hpp"
#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

enum class PseudoDerivative { piecewise_linear, exponential, fast_sigmoid, arctan, constant };
template <>
struct EnumNames<PseudoDerivative> {
  static constexpr std::array<std::string_view, 5> names{"piecewise_linear", "exponential", "fast_sigmoid", "arctan",
                                                         "constant"};
};

struct PiecewiseLinear {
  template <class Real>
  SW_HD static Real at(Real u) {
    const Real height = Real(1) - (u < Real(0) ? -u : u);
    return height > Real(0) ? height : Real(0);
  }
};
// Tolerance: exp differs in the last bit between host and device; no spike depends on it within a trial.
struct Exponential {
  template <class Real>
  SW_HD static Real at(Real u) {
    using std::exp;
    return exp(u < Real(0) ? u : -u);
  }
};
struct FastSigmoid {
  template <class Real>
  SW_HD static Real at(Real u) {
    const Real d = Real(1) + (u < Real(0) ? -u : u);
    return Real(1) / (d * d);
  }
};
struct Arctan {
  template <class Real>
  SW_HD static Real at(Real u) {
    return Real(1) / (Real(1) + u * u);
  }
};
// The log-likelihood of a spike under logistic escape noise has such a derivative; docs/stdp-from-eprop.md.
struct Constant {
  template <class Real>
  SW_HD static Real at(Real) {
    return Real(1);
  }
};

// Calls visit(shape) with the struct of the chosen shape, so that the choice is made outside of the neuron loop.
template <class Visitor>
decltype(auto) with_pseudo_derivative(PseudoDerivative shape, Visitor&& visit) {
  switch (shape) {
    case PseudoDerivative::exponential:
      return visit(Exponential{});
    case PseudoDerivative::fast_sigmoid:
      return visit(FastSigmoid{});
    case PseudoDerivative::arctan:
      return visit(Arctan{});
    case PseudoDerivative::constant:
      return visit(Constant{});
    case PseudoDerivative::piecewise_linear:
      break;
  }
  return visit(PiecewiseLinear{});
}

}  // namespace spikeweave
