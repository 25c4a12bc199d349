// Losses per output and their derivative with respect to it.
//
// Tolerance: exp and log differ in the last bits between host and device.
#pragma once

#include <cmath>

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

template <class Real>
struct OutputLoss {
  Real loss;   // the output's part of the loss of a step
  Real error;  // its derivative with respect to the output
};

template <class Real>
SW_HD OutputLoss<Real> squared_error(Real output, Real target) {
  const Real difference = output - target;
  return {Real(0.5) * difference * difference, difference};
}

// Binary cross-entropy of sigmoid(output) [nats]; never overflows.
template <class Real>
SW_HD OutputLoss<Real> bernoulli_cross_entropy(Real output, Real target) {
  using std::exp;
  using std::log1p;
  const Real decay = exp(output < Real(0) ? output : -output);
  const Real rectified = output > Real(0) ? output : Real(0);
  const Real sigmoid = (output < Real(0) ? decay : Real(1)) / (Real(1) + decay);
  return {rectified - output * target + log1p(decay), sigmoid - target};
}

// Softmax over outputs. largest: maximum of all outputs; total: sum of exp(output - largest) over them.
template <class Real>
SW_HD OutputLoss<Real> softmax_cross_entropy(Real output, Real largest, Real total, bool is_target) {
  using std::exp;
  using std::log;
  const Real share = exp(output - largest) / total;
  return {is_target ? log(total) - (output - largest) : Real(0), share - (is_target ? Real(1) : Real(0))};
}

}  // namespace spikeweave
