// The cells that are active in a row of events, in ascending order, and sums of their weight rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace spikeweave::cpu {

// Calls visit(i) for every i in [begin, end) with row[i] != 0, ascending.
template <class Visitor>
inline void for_each_active(const std::uint8_t* row, std::size_t begin, std::size_t end, Visitor&& visit) {
  std::size_t i = begin;
  for (; i + 8 <= end; i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, row + i, 8);
    while (eight != 0) {
      const auto byte = static_cast<std::size_t>(__builtin_ctzll(eight)) / 8;
      visit(i + byte);
      eight &= ~(std::uint64_t{0xFF} << (8 * byte));
    }
  }
  for (; i < end; ++i) {
    if (row[i] != 0) visit(i);
  }
}

// Likewise for values.
template <class Real, class Visitor>
inline void for_each_active(const Real* row, std::size_t begin, std::size_t end, Visitor&& visit) {
  constexpr std::size_t group = 32;  // enough for a loop on vector registers; 16 are unrolled instead
  std::size_t i = begin;
  for (; i + group <= end; i += group) {
    std::uint32_t is_any = 0;
    for (std::size_t k = 0; k < group; ++k) is_any |= row[i + k] != Real(0) ? 1u : 0u;
    if (is_any == 0) continue;
    for (std::size_t k = i; k < i + group; ++k) {
      if (row[k] != Real(0)) visit(k);
    }
  }
  for (; i < end; ++i) {
    if (row[i] != Real(0)) visit(i);
  }
}

// sum[j] += row_0[j], then row_1[j], ...: the order of the rows is kept for every j, four rows per pass over the sum.
template <class Real>
inline void add_rows(const Real* const* rows, std::size_t row_count, Real* __restrict sum, std::size_t count) {
  std::size_t r = 0;
  for (; r + 4 <= row_count; r += 4) {
    const Real* const a = rows[r];
    const Real* const b = rows[r + 1];
    const Real* const c = rows[r + 2];
    const Real* const d = rows[r + 3];
#pragma GCC ivdep
    for (std::size_t j = 0; j < count; ++j) sum[j] = (((sum[j] + a[j]) + b[j]) + c[j]) + d[j];
  }
  for (; r < row_count; ++r) {
    const Real* const a = rows[r];
#pragma GCC ivdep
    for (std::size_t j = 0; j < count; ++j) sum[j] += a[j];
  }
}

// sum[j] += factor * row[j]
template <class Real>
inline void add_scaled_row(Real factor, const Real* row, Real* __restrict sum, std::size_t count) {
#pragma GCC ivdep
  for (std::size_t j = 0; j < count; ++j) sum[j] += factor * row[j];
}

// sum[j] += factor_0 * row_0[j], then factor_1 * row_1[j], ...: as add_rows.
template <class Real>
inline void add_scaled_rows(const Real* const* rows, const Real* factors, std::size_t row_count, Real* __restrict sum,
                            std::size_t count) {
  std::size_t r = 0;
  for (; r + 4 <= row_count; r += 4) {
    const Real* const a = rows[r];
    const Real* const b = rows[r + 1];
    const Real* const c = rows[r + 2];
    const Real* const d = rows[r + 3];
    const Real p = factors[r], q = factors[r + 1], v = factors[r + 2], w = factors[r + 3];
#pragma GCC ivdep
    for (std::size_t j = 0; j < count; ++j) sum[j] = (((sum[j] + p * a[j]) + q * b[j]) + v * c[j]) + w * d[j];
  }
  for (; r < row_count; ++r) add_scaled_row(factors[r], rows[r], sum, count);
}

}  // namespace spikeweave::cpu
