// Factor with which the firing-rate penalty enters a neuron's eligibility.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, Methods. E_reg = coefficient/2 * sum_j (f_j - target)^2 with f_j
// in spikes per step; dE_reg/dz[t,j] = coefficient * (f_j - target) / T.
#pragma once

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

// rate, target [spikes/step]; steps: length of the trial; scale: averaging factor of the trial.
template <class Real>
SW_HD Real rate_penalty_factor(Real coefficient, Real target, Real rate, Real steps, Real scale) {
  return scale * (coefficient * (rate - target) / steps);
}

}  // namespace spikeweave
