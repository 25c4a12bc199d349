// Leaky readout: y[t,k] = kappa y[t-1,k] + gain sum_j W[j,k] z[t,j]; the output is y + bias.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, eq. 11.
// Differs from the source: gain 1-kappa and the bias after the filter, as both public codes have it (gain "unit" gives
// the text's form of the filter).
#pragma once

#include "spikeweave/models/model.hpp"

namespace spikeweave {

enum class ReadoutGain { one_minus_kappa, unit };
template <>
struct EnumNames<ReadoutGain> {
  static constexpr std::array<std::string_view, 2> names{"one_minus_kappa", "unit"};
};

struct LeakyReadoutParams {
  double tau = 20.0;
  ReadoutGain gain = ReadoutGain::one_minus_kappa;
  bool bias = false;
  double dropout = 0.0;

  static constexpr auto fields() {
    using Self = LeakyReadoutParams;
    return std::tuple{
        field("tau", &Self::tau, "ms", non_negative, "Time constant of the output filter; 0: no filter."),
        field("gain", &Self::gain, "Factor of the filter's input: 1 - exp(-dt/tau), or 1."),
        field("bias", &Self::bias, "Whether every output has a bias, learned with the readout weights."),
        field("dropout", &Self::dropout, "", below_one,
              "Probability that a neuron is hidden from the readout for a frame during training."),
    };
  }
};

template <class Real>
struct LeakyReadoutDerived {
  Real kappa = 0;
  Real gain = 1;
};

// dt [ms]
template <class Real>
LeakyReadoutDerived<Real> derive(const LeakyReadoutParams& p, double dt) {
  const double kappa = p.tau > 0.0 ? std::exp(-dt / p.tau) : 0.0;
  return {Real(kappa), Real(p.gain == ReadoutGain::unit ? 1.0 : 1.0 - kappa)};
}

// One output's step; `drive` is the sum of the weights of the neurons that fired.
template <class Real>
SW_HD Real readout_step(const LeakyReadoutDerived<Real>& d, Real y, Real drive) {
  return flush(d.kappa * y + d.gain * drive);
}

}  // namespace spikeweave
