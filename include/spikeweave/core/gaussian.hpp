// A standard normal number from one random word, by arithmetic that gives the same bits on every backend.
//
// The inverse of the normal distribution as rational functions of the word, and of its logarithm in the tails.
// Source: Wichura (1988), Algorithm AS 241, Appl. Stat. 37:477-484, function PPND7: 7 decimal digits.
// The word is rounded to 24 bits, so the numbers lie in [-5.42, 5.42]; in double precision (host only) too.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

// log(x) of a normal x > 0 in single precision from + * / only: x = m 2^n with m in [0.7, 1.4), and the series of
// 2 artanh((m-1)/(m+1)) up to the power 11, at most 2 ulp off away from x = 1. In double precision it is std::log.
template <class Real>
SW_HD Real portable_log(Real x) {
  if constexpr (std::is_same_v<Real, double>) {
    return std::log(x);
  } else {
    std::int32_t bits;
    std::memcpy(&bits, &x, sizeof(bits));
    const std::int32_t exponent = (bits - 0x3F3504F3) >> 23;  // 0x3F3504F3: the bits of sqrt(1/2)
    bits -= exponent * (1 << 23);
    float m;
    std::memcpy(&m, &bits, sizeof(m));
    const float n = static_cast<float>(exponent);
    const float s = (m - 1.0f) / (m + 1.0f);
    const float q = s * s;
    float series = 0.0909090909f;
    series = series * q + 0.111111111f;
    series = series * q + 0.142857143f;
    series = series * q + 0.2f;
    series = series * q + 0.333333333f;
    // ln 2 in two parts, as in portable_exp.
    return n * 0.693359375f + (2.0f * (s + s * q * series) - n * 2.12194440e-4f);
  }
}

template <class Real>
SW_HD Real standard_normal(std::uint32_t word) {
  using std::sqrt;
  // (k + 1/2) 2^-24 with k in [-2^23, 2^23): exact, and as often positive as negative.
  const auto k = static_cast<std::int32_t>(word >> 8) - (1 << 23);
  const Real q = (static_cast<Real>(k) + Real(0.5)) * Real(5.9604644775390625e-8);
  const Real distance = q < Real(0) ? -q : q;
  if (distance <= Real(0.425)) {
    const Real r = Real(0.180625) - q * q;
    return q * (((Real(59.10937472) * r + Real(159.29113202)) * r + Real(50.434271938)) * r + Real(3.3871327179)) /
           (((Real(67.1875636) * r + Real(78.757757664)) * r + Real(17.895169469)) * r + Real(1));
  }
  const Real r = sqrt(-portable_log(Real(0.5) - distance)) - Real(1.6);  // the root is at most 4.17 here
  const Real value =
      (((Real(0.17023821103) * r + Real(1.3067284816)) * r + Real(2.75681539)) * r + Real(1.4234372777)) /
      ((Real(0.12021132975) * r + Real(0.7370016425)) * r + Real(1));
  return q < Real(0) ? -value : value;
}

}  // namespace spikeweave
