// A product of two matrices of numbers, for sums whose order is free: six rows of the result and two registers of its
// columns at a time, from packed pieces of both that stay in the caches, with fused multiply-add where there is one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "host/cpu/dense_product.hpp"

namespace spikeweave::cpu {

// The order of a sum depends on the depth alone, so that its bits do not depend on the rows beside it.
template <class Real>
class RealProduct {
 public:
  // out_m[i] += sum over k of rows_m[k] w[i * stride + k], m over the rows, i in [0, count), k in [0, depth). A row
  // that is nullptr holds zeros.
  void add_transposed(const std::vector<const Real*>& rows, const Real* w, std::size_t stride, std::size_t depth,
                      std::size_t count, const std::vector<Real*>& out) {
    const std::size_t tiles = (rows.size() + tile_rows - 1) / tile_rows;
    packed_rows_.resize(tiles * tile_rows * depth);
    for (std::size_t first = 0; first < depth; first += block_depth) {
      pack_rows(rows, first, std::min(block_depth, depth - first));
    }
    strip_.resize(block_depth * width);
    for (std::size_t i = 0; i < count; i += width) {
      const std::size_t columns = std::min(width, count - i);
      sums_.assign(tiles * tile_rows * width, Real(0));
      for (std::size_t first = 0; first < depth; first += block_depth) {
        const std::size_t steps = std::min(block_depth, depth - first);
        pack_strip(w + i * stride + first, stride, steps, columns);
        const Real* const packed = packed_rows_.data() + tiles * tile_rows * first;
        for (std::size_t m = 0; m < tiles * tile_rows; m += tile_rows) {
          multiply(packed + m * steps, steps, sums_.data() + m * width);
        }
      }
      for (std::size_t m = 0; m < rows.size(); ++m) {
        Real* const to = out[m] + i;
        const Real* const from = sums_.data() + m * width;
        for (std::size_t c = 0; c < columns; ++c) to[c] += from[c];
      }
    }
  }

 private:
  using L = Lanes<Real>;
  static constexpr std::size_t tile_rows = 6;  // 12 registers of sums, two of columns, one of a factor
  static constexpr std::size_t width = 2 * L::count;
  static constexpr std::size_t block_depth = 256;  // a strip of 16 KiB: half of the first cache

  void pack_rows(const std::vector<const Real*>& rows, std::size_t first, std::size_t steps) {
    const std::size_t tiles = (rows.size() + tile_rows - 1) / tile_rows;
    Real* const block = packed_rows_.data() + tiles * tile_rows * first;
    for (std::size_t m = 0; m < tiles * tile_rows; ++m) {
      Real* const to = block + m / tile_rows * tile_rows * steps + m % tile_rows;
      const Real* const row = m < rows.size() && rows[m] != nullptr ? rows[m] + first : nullptr;
      for (std::size_t k = 0; k < steps; ++k) to[k * tile_rows] = row == nullptr ? Real(0) : row[k];
    }
  }

  void pack_strip(const Real* w, std::size_t stride, std::size_t steps, std::size_t columns) {
    for (std::size_t c = 0; c < width; ++c) {
      const Real* const row = w + c * stride;
      for (std::size_t k = 0; k < steps; ++k) strip_[k * width + c] = c < columns ? row[k] : Real(0);
    }
  }

  // Adds the product of six packed rows and the packed strip to sums [6, width].
  void multiply(const Real* rows, std::size_t steps, Real* sums) const {
    const auto at = [sums](std::size_t n) { return L::load(sums + n * L::count); };
    auto a0 = at(0), a1 = at(1), b0 = at(2), b1 = at(3), c0 = at(4), c1 = at(5);
    auto d0 = at(6), d1 = at(7), e0 = at(8), e1 = at(9), f0 = at(10), f1 = at(11);
    const Real* strip = strip_.data();
    for (std::size_t k = 0; k < steps; ++k, rows += tile_rows, strip += width) {
      auto low = L::load(strip), high = L::load(strip + L::count);
      L::pin(low), L::pin(high);
      L::multiply_add(a0, rows[0], low), L::multiply_add(a1, rows[0], high);
      L::multiply_add(b0, rows[1], low), L::multiply_add(b1, rows[1], high);
      L::multiply_add(c0, rows[2], low), L::multiply_add(c1, rows[2], high);
      L::multiply_add(d0, rows[3], low), L::multiply_add(d1, rows[3], high);
      L::multiply_add(e0, rows[4], low), L::multiply_add(e1, rows[4], high);
      L::multiply_add(f0, rows[5], low), L::multiply_add(f1, rows[5], high);
    }
    const typename L::Vector all[] = {a0, a1, b0, b1, c0, c1, d0, d1, e0, e1, f0, f1};
    for (std::size_t n = 0; n < 2 * tile_rows; ++n) L::store(sums + n * L::count, all[n]);
  }

  std::vector<Real> packed_rows_;  // [blocks of the depth, tiles, steps, 6]
  std::vector<Real> strip_;        // [steps, width]
  std::vector<Real> sums_;         // [tiles, 6, width]
};

}  // namespace spikeweave::cpu
