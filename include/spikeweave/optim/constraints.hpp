// What a parameter must obey after each change, and its running average.
#pragma once

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

// NaN passes through, so that the health check sees it.
template <class Real>
SW_HD Real constrain(Real value, Real low, Real high) {
  return value < low ? low : value > high ? high : value;
}

template <class Real>
SW_HD Real running_average(Real average, Real value, Real decay) {
  return average + (Real(1) - decay) * (value - average);
}

}  // namespace spikeweave
