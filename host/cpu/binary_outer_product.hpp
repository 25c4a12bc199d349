// Sums of outer products whose one factor is 0 or 1. Four rows of the other factor have 16 sums, of which each cell
// needs one: they are made once, in the first cache, and then looked up and added.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/cpu/dense_product.hpp"

namespace spikeweave::cpu {

// Fewest cells for which the sums are worth making.
constexpr std::size_t least_binary_cells = 32;

// One row of the product: bits [cells], of which any number that is not 0 counts as 1; mask [cells]: 0 hides a bit, or
// nullptr; factor [count].
template <class Real>
struct BinaryRow {
  const std::uint8_t* bits;
  const std::uint8_t* mask;
  const Real* factor;
};

template <class Real>
class BinaryOuterProduct {
 public:
  // to[i * stride + j] += scale * sum over the rows of bits[i] factor[j], i in [0, cells), j in [0, count). The order
  // of a sum depends on the number of rows alone.
  void add(const std::vector<BinaryRow<Real>>& rows, std::size_t cells, std::size_t count, Real scale, Real* to,
           std::size_t stride) {
    constexpr std::size_t block = 20 * most_groups * group_rows;  // patterns of 1000 cells: half of the second cache
    for (std::size_t first = 0; first < rows.size(); first += block) {
      add_block(rows.data() + first, std::min(block, rows.size() - first), cells, count, scale, to, stride);
    }
  }

 private:
  using L = Lanes<Real>;
  static constexpr std::size_t group_rows = 4;
  static constexpr std::size_t sums = 16;         // of a group
  static constexpr std::size_t most_groups = 12;  // of a chunk: their sums are 24 KiB
  static constexpr std::size_t registers = 4;
  static constexpr std::size_t width = registers * L::count;

  void add_block(const BinaryRow<Real>* rows, std::size_t row_count, std::size_t cells, std::size_t count, Real scale,
                 Real* to, std::size_t stride) {
    const std::size_t all_groups = (row_count + group_rows - 1) / group_rows;
    const std::size_t chunks = (all_groups + most_groups - 1) / most_groups;
    const std::size_t groups = (all_groups + chunks - 1) / chunks;
    patterns_.resize(chunks * groups * cells);
    pattern_row_.resize(cells);
    for (std::size_t g = 0; g < chunks * groups; ++g) {
      std::uint8_t* const out = patterns_.data() + g / groups * groups * cells + g % groups;
      find_patterns(rows, row_count, g, cells);
      for (std::size_t i = 0; i < cells; ++i) out[i * groups] = pattern_row_[i];
    }
    sums_.resize(most_groups * sums * width);
    accumulated_.resize(cells * width);
    for (std::size_t j = 0; j < count; j += width) {
      const std::size_t columns = std::min(width, count - j);
      std::fill(accumulated_.begin(), accumulated_.end(), Real(0));
      for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
        for (std::size_t g = 0; g < groups; ++g) make_sums(rows, row_count, chunk * groups + g, g, j, columns);
        look_up(patterns_.data() + chunk * groups * cells, groups, cells);
      }
      for (std::size_t i = 0; i < cells; ++i) {
        Real* const out = to + i * stride + j;
        const Real* const from = accumulated_.data() + i * width;
        for (std::size_t c = 0; c < columns; ++c) out[c] += scale * from[c];
      }
    }
  }

  // Which rows of group g have a bit, for every cell.
  void find_patterns(const BinaryRow<Real>* rows, std::size_t row_count, std::size_t g, std::size_t cells) {
    std::fill(pattern_row_.begin(), pattern_row_.end(), std::uint8_t{0});
    for (std::size_t r = 0; r < group_rows && g * group_rows + r < row_count; ++r) {
      const BinaryRow<Real>& row = rows[g * group_rows + r];
      std::uint8_t* const pattern = pattern_row_.data();
      const auto bit = static_cast<std::uint8_t>(1u << r);
      if (row.mask == nullptr) {
        for (std::size_t i = 0; i < cells; ++i) pattern[i] |= row.bits[i] != 0 ? bit : std::uint8_t{0};
      } else {
        for (std::size_t i = 0; i < cells; ++i) {
          pattern[i] |= row.bits[i] != 0 && row.mask[i] != 0 ? bit : std::uint8_t{0};
        }
      }
    }
  }

  // The sums of the factors of group g, columns [j, j + columns), at place `at`.
  void make_sums(const BinaryRow<Real>* rows, std::size_t row_count, std::size_t g, std::size_t at, std::size_t j,
                 std::size_t columns) {
    Real* const sum = sums_.data() + at * sums * width;
    std::fill_n(sum, width, Real(0));
    for (std::size_t r = 0; r < group_rows; ++r) {
      Real* const row = sum + (std::size_t{1} << r) * width;
      const bool is_there = g * group_rows + r < row_count;
      if (is_there) std::copy_n(rows[g * group_rows + r].factor + j, columns, row);
      std::fill(row + (is_there ? columns : 0), row + width, Real(0));
      for (std::size_t k = 1; k < (std::size_t{1} << r); ++k) {
        for (std::size_t c = 0; c < width; ++c) row[k * width + c] = sum[k * width + c] + row[c];
      }
    }
  }

  void look_up(const std::uint8_t* patterns, std::size_t groups, std::size_t cells) {
    const Real* const sum = sums_.data();
    Real* to = accumulated_.data();
    for (std::size_t i = 0; i < cells; ++i, to += width) {
      auto a = L::load(to), b = L::load(to + L::count), c = L::load(to + 2 * L::count), d = L::load(to + 3 * L::count);
      const Real* of_group = sum;
      for (std::size_t g = 0; g < groups; ++g, of_group += sums * width) {
        const Real* const from = of_group + *patterns++ * width;
        a += L::load(from);
        b += L::load(from + L::count);
        c += L::load(from + 2 * L::count);
        d += L::load(from + 3 * L::count);
      }
      L::store(to, a), L::store(to + L::count, b), L::store(to + 2 * L::count, c), L::store(to + 3 * L::count, d);
    }
  }

  std::vector<std::uint8_t> patterns_, pattern_row_;
  std::vector<Real> sums_, accumulated_;
};

}  // namespace spikeweave::cpu
