// Decaying traces reach denormal numbers, on which a CPU is some 15 times slower. They are set to zero in the shared
// arithmetic instead of by a processor mode, so that both backends do the same.
#pragma once

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

// 0 where |value| < 1e-30, else the value; NaN stays NaN.
template <class Real>
SW_HD Real flush(Real value) {
  constexpr Real threshold = Real(1e-30);
  return (value < threshold && value > -threshold) ? Real(0) : value;
}

}  // namespace spikeweave
