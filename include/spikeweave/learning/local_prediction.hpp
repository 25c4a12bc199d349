// Local learning signal: every neuron predicts its own spikes, and the spike is the target.
//
// E_j = 1/2 sum_t (z[t,j] - m[t,j])^2, in which only the prediction m depends on the weights: L[t,j] = m[t,j] - z[t,j].
// m is the neuron's firing probability f(v[t]), or, for a Poisson neuron, its unbiased estimate from the neuron's own
// earlier spikes, m[t] = lam m[t-1] + (1 - lam) z[t-1]. Source: own derivation, docs/stdp-from-eprop.md; the first kind
// is the rule of Pfister et al. (2006), Neural Comput. 18, and Urbanczik & Senn (2014), Neuron 81.
#pragma once

#include <array>
#include <cmath>
#include <string_view>

#include "spikeweave/core/field.hpp"
#include "spikeweave/core/flush.hpp"
#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

enum class LearningSignal { global, local };
template <>
struct EnumNames<LearningSignal> {
  static constexpr std::array<std::string_view, 2> names{"global", "local"};
};

enum class Prediction { spike_trace, membrane };
template <>
struct EnumNames<Prediction> {
  static constexpr std::array<std::string_view, 2> names{"spike_trace", "membrane"};
};

enum class PredictionTarget { spike, prediction };
template <>
struct EnumNames<PredictionTarget> {
  static constexpr std::array<std::string_view, 2> names{"spike", "prediction"};
};

// How the signal is made of spikes and predictions.
template <class Real>
struct LocalPrediction {
  Real decay = 0;  // lam
  Real gain = 0;   // 1 - lam
  Real sign = 1;   // 1 where the spike is the target, -1 where the prediction is
};

// tau, dt [ms]
template <class Real>
LocalPrediction<Real> derive_local_prediction(double tau, PredictionTarget target, double dt) {
  const double decay = std::exp(-dt / tau);
  return {Real(decay), Real(1.0 - decay), Real(target == PredictionTarget::spike ? 1.0 : -1.0)};
}

// m[t] from m[t-1] and z[t-1].
template <class Real>
SW_HD Real predicted_spike(const LocalPrediction<Real>& p, Real last_prediction, Real last_spike) {
  return flush(p.decay * last_prediction + p.gain * last_spike);
}

// scale: averaging factor of the trial.
template <class Real>
SW_HD Real local_signal_value(const LocalPrediction<Real>& p, Real scale, Real prediction, Real spike) {
  return scale * (p.sign * (prediction - spike));
}

}  // namespace spikeweave
