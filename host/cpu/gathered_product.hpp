// Sums of weight rows of the cells that are active, for many rows of the result at once: a block of the weights stays
// in the first cache while all rows take what they need of it. Each sum runs over the cells in ascending order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "host/cpu/active_list.hpp"
#include "host/cpu/dense_product.hpp"

namespace spikeweave::cpu {

// What is active in one row: counts [cells]; mask [cells]: 0 hides a cell, or nullptr. counts may be nullptr: nothing.
struct ActiveRow {
  const std::uint8_t* counts;
  const std::uint8_t* mask;
};

template <class Real>
class GatheredProduct {
 public:
  // The next sums are [row_count, count], each row `stride` numbers behind the one before it, from 0.
  void start(std::size_t row_count, std::size_t count, Real* to, std::size_t stride) {
    rows_ = row_count;
    count_ = count;
    to_ = to;
    stride_ = stride;
    terms_.clear();
  }

  // to[m][begin + j] += sum over i of counts_m[i] w[i * stride + j], i in [0, cells), j in [0, count). counts: one for
  // each row. Of several, the sums of the first come first.
  void add(const std::vector<ActiveRow>& rows, std::size_t cells, const Real* w, std::size_t stride, std::size_t begin,
           std::size_t count) {
    terms_.emplace_back();
    Term& term = terms_.back();
    term.cells = cells;
    term.w = w;
    term.stride = stride;
    term.begin = begin;
    term.end = begin + count;
    list(rows, term);
  }

  void finish() {
    packed_.resize(0);
    sums_.resize(rows_ * width);
    for (std::size_t j = 0; j < count_; j += width) {
      const std::size_t columns = std::min(width, count_ - j);
      std::fill(sums_.begin(), sums_.end(), Real(0));
      for (const Term& term : terms_) add_strip(term, j, columns);
      for (std::size_t m = 0; m < rows_; ++m) std::copy_n(sums_.data() + m * width, columns, to_ + m * stride_ + j);
    }
  }

 private:
  using L = Lanes<Real>;
  static constexpr std::size_t registers = 12;
  static constexpr std::size_t width = registers * L::count;
  static constexpr std::size_t least_block = 64;  // cells: their strip is 24 KiB, in the first cache
  static constexpr std::size_t most_block = 512;  // in the second one
  static constexpr double wanted = 24;            // active cells of a block, for each of which a row loads its sums

  struct Term {
    std::size_t cells, block;
    const Real* w;
    std::size_t stride, begin, end;
    bool has_counts = false;
    std::vector<std::uint32_t> start;  // [blocks, rows + 1]
    std::vector<std::uint16_t> at;     // places of the active cells within their block, block by block, row by row
    std::vector<std::uint8_t> count;   // of each
  };

  static void list(const std::vector<ActiveRow>& rows, Term& term) {
    std::size_t active = 0;
    for (const ActiveRow& row : rows) {
      if (row.counts == nullptr) continue;
      const auto [some, several] = census(row.counts, term.cells);
      active += some;
      term.has_counts |= several;
    }
    const auto all = static_cast<double>(std::max<std::size_t>(1, rows.size() * term.cells));
    term.block = least_block;
    while (term.block < most_block && static_cast<double>(term.block * active) < wanted * all) term.block *= 2;
    term.at.resize(active);
    term.count.resize(term.has_counts ? active : 0);
    std::size_t n = 0;
    for (std::size_t first = 0; first < term.cells; first += term.block) {
      const std::size_t end = std::min(first + term.block, term.cells);
      for (const ActiveRow& row : rows) {
        term.start.push_back(static_cast<std::uint32_t>(n));
        if (row.counts == nullptr) continue;
        std::uint16_t* const at = term.at.data();
        for_each_active(row.counts, first, end, [&](std::size_t i) {
          if (row.mask != nullptr && row.mask[i] == 0) return;
          at[n] = static_cast<std::uint16_t>(i - first);
          if (term.has_counts) term.count[n] = row.counts[i];
          ++n;
        });
      }
      term.start.push_back(static_cast<std::uint32_t>(n));
    }
  }

  // How many cells are active, and whether one of them more than once.
  static std::pair<std::size_t, bool> census(const std::uint8_t* row, std::size_t cells) {
    std::size_t silent = 0;
    std::uint8_t bits = 0;
    for (std::size_t i = 0; i < cells; ++i) {
      silent += row[i] == 0;
      bits |= row[i];
    }
    return {cells - silent, bits > 1};
  }

  // Columns [j, j + columns) of the sums.
  void add_strip(const Term& term, std::size_t j, std::size_t columns) {
    const std::size_t low = std::max(j, term.begin), high = std::min(j + columns, term.end);
    if (low >= high) return;
    packed_.assign(term.block * width, Real(0));
    for (std::size_t first = 0, block = 0; first < term.cells; first += term.block, ++block) {
      const std::size_t cells = std::min(term.block, term.cells - first);
      for (std::size_t i = 0; i < cells; ++i) {
        std::copy_n(term.w + (first + i) * term.stride + (low - term.begin), high - low,
                    packed_.data() + i * width + (low - j));
      }
      const std::uint32_t* const start = term.start.data() + block * (rows_ + 1);
      const auto add = [&]<bool has_counts>(std::bool_constant<has_counts>) {
        const std::size_t used = (columns + L::count - 1) / L::count;
        add_rows_of<has_counts>(term, start, used, std::make_index_sequence<registers>{});
      };
      term.has_counts ? add(std::true_type{}) : add(std::false_type{});
    }
  }

  // Picks the number of registers that the columns of the strip fill.
  template <bool has_counts, std::size_t... n>
  void add_rows_of(const Term& term, const std::uint32_t* start, std::size_t used, std::index_sequence<n...>) {
    (void)((used == n + 1 && (gather<has_counts, n + 1>(term, start), true)) || ...);
  }

  template <bool has_counts, std::size_t used>
  void gather(const Term& term, const std::uint32_t* start) {
    const Real* const packed = packed_.data();
    Real* to = sums_.data();
    for (std::size_t m = 0; m < rows_; ++m, to += width) {
      typename L::Vector sum[used];
      for (std::size_t n = 0; n < used; ++n) sum[n] = L::load(to + n * L::count);
      for (std::uint32_t k = start[m]; k < start[m + 1]; ++k) {
        const Real* const from = packed + std::size_t{term.at[k]} * width;
        if constexpr (has_counts) {
          const auto factor = static_cast<Real>(term.count[k]);
          for (std::size_t n = 0; n < used; ++n) sum[n] += factor * L::load(from + n * L::count);
        } else {
          for (std::size_t n = 0; n < used; ++n) sum[n] += L::load(from + n * L::count);
        }
      }
      for (std::size_t n = 0; n < used; ++n) L::store(to + n * L::count, sum[n]);
    }
  }

  std::size_t rows_ = 0, count_ = 0, stride_ = 0;
  Real* to_ = nullptr;
  std::vector<Term> terms_;
  std::vector<Real> packed_;  // [block, width]
  std::vector<Real> sums_;    // [rows, width]
};

}  // namespace spikeweave::cpu
