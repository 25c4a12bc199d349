// With AVX2 eight counters go side by side, each 32-bit word in a lane of 64 bits, as vpmuludq wants it: it reads the
// lower half of a lane alone, so what is left in the upper half of a product does no harm. g++ 12 makes shifts and
// additions of the multiplications by constants: 2.5 us for 250 counters, 0.7 us like this (AMD EPYC, -O3).
#include "host/cpu/philox_run.hpp"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace spikeweave::cpu {
namespace {

#ifdef __AVX2__
constexpr std::size_t group = 8;

// Four counters.
struct Lanes {
  __m256i x, y, z, w;

  void round(__m256i a_factor, __m256i b_factor, __m256i k0, __m256i k1) {
    const __m256i a = _mm256_mul_epu32(a_factor, x);
    const __m256i b = _mm256_mul_epu32(b_factor, z);
    x = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(b, 32), y), k0);
    y = b;
    z = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(a, 32), w), k1);
    w = a;
  }
  // The lower halves, counter by counter.
  void store(std::uint32_t* out) const {
    const __m256i xy = _mm256_blend_epi32(x, _mm256_slli_epi64(y, 32), 0xAA);
    const __m256i zw = _mm256_blend_epi32(z, _mm256_slli_epi64(w, 32), 0xAA);
    const __m256i even = _mm256_unpacklo_epi64(xy, zw);  // counters 0 and 2
    const __m256i odd = _mm256_unpackhi_epi64(xy, zw);   // counters 1 and 3
    auto* const to = reinterpret_cast<__m256i*>(out);
    _mm256_storeu_si256(to, _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256(to + 1, _mm256_permute2x128_si256(even, odd, 0x31));
  }
};

__m256i all(std::uint32_t word) {
  return _mm256_set1_epi64x(static_cast<long long>(word));
}

void philox_group(const PhiloxCounter& first, Advance advance, PhiloxKey key, std::uint32_t* out) {
  const __m256i four = _mm256_set_epi64x(3, 2, 1, 0);
  Lanes low{all(first.x), all(first.y), all(first.z), all(first.w)};
  (advance == Advance::step ? low.x : low.z) = _mm256_add_epi64(advance == Advance::step ? low.x : low.z, four);
  Lanes high = low;
  (advance == Advance::step ? high.x : high.z) = _mm256_add_epi64(advance == Advance::step ? high.x : high.z, all(4));
  for (int round = 0; round < 10; ++round) {
    low.round(all(philox_factor_a), all(philox_factor_b), all(key.x), all(key.y));
    high.round(all(philox_factor_a), all(philox_factor_b), all(key.x), all(key.y));
    key.x += philox_key_step_x;
    key.y += philox_key_step_y;
  }
  low.store(out);
  high.store(out + 16);
}
#endif

}  // namespace

void philox_run(PhiloxCounter first, Advance advance, std::size_t count, PhiloxKey key, std::uint32_t* out) {
  std::uint32_t& word = advance == Advance::step ? first.x : first.z;
  std::size_t n = 0;
#ifdef __AVX2__
  for (; n + group <= count; n += group, word += group) philox_group(first, advance, key, out + 4 * n);
#endif
  for (; n < count; ++n, ++word) {
    const PhiloxCounter w = philox4x32_10(first, key);
    out[4 * n] = w.x;
    out[4 * n + 1] = w.y;
    out[4 * n + 2] = w.z;
    out[4 * n + 3] = w.w;
  }
}

}  // namespace spikeweave::cpu
