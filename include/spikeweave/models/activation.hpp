// Functions from what drives a rate unit to what it sends, with their derivatives.
//
// tanh(u) = 2 / (1 + exp(-2 u)) - 1, the logistic function and log(1 + exp(u)) are made of portable_exp, so that
// backends agree.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "spikeweave/core/exponential.hpp"
#include "spikeweave/core/field.hpp"
#include "spikeweave/core/host_device.hpp"
#include "spikeweave/core/softplus.hpp"

namespace spikeweave {

enum class Activation { identity, rectifier, logistic, tanh, softplus };
template <>
struct EnumNames<Activation> {
  static constexpr std::array<std::string_view, 5> names{"identity", "rectifier", "logistic", "tanh", "softplus"};
};

template <class Real>
struct Activated {
  Real value, slope;
};

// index: of the Activation.
template <class Real>
SW_HD Activated<Real> activate(std::uint32_t index, Real u) {
  switch (static_cast<Activation>(index)) {
    case Activation::rectifier:
      return u > Real(0) ? Activated<Real>{u, Real(1)} : Activated<Real>{Real(0), Real(0)};
    case Activation::logistic: {
      const Real y = Real(1) / (Real(1) + portable_exp(-u));
      return {y, y * (Real(1) - y)};
    }
    case Activation::tanh: {
      const Real y = Real(2) / (Real(1) + portable_exp(Real(-2) * u)) - Real(1);
      return {y, Real(1) - y * y};
    }
    case Activation::softplus:
      return {softplus(u), Real(1) / (Real(1) + portable_exp(-u))};
    case Activation::identity:
      break;
  }
  return {u, Real(1)};
}

}  // namespace spikeweave
