// exp(x) in single precision from + and * only, so that host and device give the same bits.
//
// Cody-Waite reduction to |r| <= ln(2)/2 and the Taylor polynomial of degree 7 of exp(r): at most 2 ulp off for
// x in [-87, 88]; clamped outside. In double precision (host only) it is std::exp.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

template <class Real>
SW_HD Real portable_exp(Real x) {
  if constexpr (std::is_same_v<Real, double>) {
    return std::exp(x);
  } else {
    x = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    constexpr float round_magic = 12582912.0f;  // 1.5 * 2^23: adding and subtracting it rounds to an integer
    const float n = (x * 1.44269504f + round_magic) - round_magic;
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.98412698e-4f;
    p = p * r + 1.38888889e-3f;
    p = p * r + 8.33333377e-3f;
    p = p * r + 4.16666679e-2f;
    p = p * r + 1.66666672e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const std::int32_t bits = (static_cast<std::int32_t>(n) + 127) << 23;  // 2^n; n in [-126, 127]
    float scale;
    std::memcpy(&scale, &bits, sizeof(scale));
    return p * scale;
  }
}

}  // namespace spikeweave
