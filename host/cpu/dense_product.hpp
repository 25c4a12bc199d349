// A product with four rows of the result at a time, in the order in which the events of the rows would be added one by
// one, so that the bits are those of the gather. Faster than it where many factors are not 0.
#pragma once

#include <cstddef>
#include <cstring>
#include <vector>

#ifdef __FMA__
#include <immintrin.h>
#endif

namespace spikeweave::cpu {

constexpr std::size_t product_rows = 4;

// Share of factors that are not 0 from which the product takes less time than a gather; measured, bench/README.md.
constexpr double dense_share = 0.3;

// A vector register.
template <class Real>
struct Lanes {
  using Vector [[gnu::vector_size(32)]] = Real;
  static constexpr std::size_t count = 32 / sizeof(Real);

  static Vector load(const Real* from) {
    Vector vector;
    std::memcpy(&vector, from, sizeof(vector));
    return vector;
  }
  // Keeps the vector in a register: g++ 12 reads it from memory again for each use, and loads are what the loop waits
  // for.
  static void pin([[maybe_unused]] Vector& vector) {
#if defined(__AVX__)
    asm("" : "+x"(vector));
#endif
  }
  static void store(Real* to, Vector vector) {
    std::memcpy(to, &vector, sizeof(vector));
  }
  // sum += factor * vector, rounded once where the machine can; for sums whose bits are free.
  static void multiply_add(Vector& sum, Real factor, Vector vector) {
#if defined(__FMA__)
    if constexpr (sizeof(Real) == sizeof(float)) {
      sum = _mm256_fmadd_ps(_mm256_set1_ps(factor), vector, sum);
    } else {
      sum = _mm256_fmadd_pd(_mm256_set1_pd(factor), vector, sum);
    }
#else
    sum += factor * vector;
#endif
  }
};

// Four rows of a product and what they are multiplied by: x[k][c] is the factor of row w_k in the sum out[c].
template <class Real>
struct RowGroup {
  const Real (*x)[product_rows];  // [depth]
  Real* out[product_rows];
};

// Two registers of the sums of one group from packed rows [depth, 2 * lanes].
template <class Real>
inline void add_strip(const RowGroup<Real>& group, const Real* packed, std::size_t depth, std::size_t j) {
  using L = Lanes<Real>;
  const std::size_t h = j + L::count;
  Real* const* const out = group.out;
  const Real(*const x)[product_rows] = group.x;
  auto a0 = L::load(out[0] + j), a1 = L::load(out[1] + j), a2 = L::load(out[2] + j), a3 = L::load(out[3] + j);
  auto b0 = L::load(out[0] + h), b1 = L::load(out[1] + h), b2 = L::load(out[2] + h), b3 = L::load(out[3] + h);
  for (std::size_t k = 0; k < depth; ++k) {
    auto low = L::load(packed + 2 * L::count * k), high = L::load(packed + 2 * L::count * k + L::count);
    L::pin(low);
    L::pin(high);
    a0 += x[k][0] * low;
    b0 += x[k][0] * high;
    a1 += x[k][1] * low;
    b1 += x[k][1] * high;
    a2 += x[k][2] * low;
    b2 += x[k][2] * high;
    a3 += x[k][3] * low;
    b3 += x[k][3] * high;
  }
  L::store(out[0] + j, a0), L::store(out[1] + j, a1), L::store(out[2] + j, a2), L::store(out[3] + j, a3);
  L::store(out[0] + h, b0), L::store(out[1] + h, b1), L::store(out[2] + h, b2), L::store(out[3] + h, b3);
}

// out[c][j] += x[0][c] w_0[j], then x[1][c] w_1[j], ... in every group, j in [0, count). element(k, j) gives
// w_k[j]; pack(j, to) writes w_k[j ... j + width) of all k to `to`, [depth, width]. packed: working memory.
template <class Real, class Element, class Pack>
void add_packed_products(const std::vector<RowGroup<Real>>& groups, std::size_t depth, std::size_t count,
                         std::vector<Real>& packed, Element&& element, Pack&& pack) {
  constexpr std::size_t width = 2 * Lanes<Real>::count;
  packed.resize(depth * width);
  std::size_t j = 0;
  for (; j + width <= count; j += width) {
    pack(j, packed.data());
    for (const RowGroup<Real>& group : groups) add_strip(group, packed.data(), depth, j);
  }
  for (; j < count; ++j) {
    for (const RowGroup<Real>& group : groups) {
      for (std::size_t c = 0; c < product_rows; ++c) {
        Real sum = group.out[c][j];
        for (std::size_t k = 0; k < depth; ++k) sum += group.x[k][c] * element(k, j);
        group.out[c][j] = sum;
      }
    }
  }
}

// w_k[j] stands at w[k * stride + j].
template <class Real>
void add_products(const std::vector<RowGroup<Real>>& groups, const Real* w, std::size_t stride, std::size_t depth,
                  std::size_t count, std::vector<Real>& packed) {
  constexpr std::size_t width = 2 * Lanes<Real>::count;
  add_packed_products(
      groups, depth, count, packed, [=](std::size_t k, std::size_t j) { return w[k * stride + j]; },
      [=](std::size_t j, Real* to) {
        for (std::size_t k = 0; k < depth; ++k) std::memcpy(to + k * width, w + k * stride + j, width * sizeof(Real));
      });
}

// w_k[j] stands at w[j * stride + k].
template <class Real>
void add_transposed_products(const std::vector<RowGroup<Real>>& groups, const Real* w, std::size_t stride,
                             std::size_t depth, std::size_t count, std::vector<Real>& packed) {
  constexpr std::size_t width = 2 * Lanes<Real>::count;
  add_packed_products(
      groups, depth, count, packed, [=](std::size_t k, std::size_t j) { return w[j * stride + k]; },
      [=](std::size_t j, Real* to) {
        for (std::size_t k = 0; k < depth; ++k) {
          for (std::size_t c = 0; c < width; ++c) to[k * width + c] = w[(j + c) * stride + k];
        }
      });
}

}  // namespace spikeweave::cpu
