// Several trials that go through the steps together, so that a product reads each weight once for all of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <vector>

#include "host/cpu/dense_product.hpp"

namespace spikeweave::cpu {

// How many trials go together through the steps of a network with projections within a step.
inline std::size_t trials_together(std::size_t batch, int threads) {
  constexpr std::size_t most = 32;
  const auto share = static_cast<std::size_t>(std::max(threads, 1));
  return std::clamp<std::size_t>((batch + share - 1) / share, 1, most);
}

// Rows of several trials as the factors of a product, four trials in a group.
template <class Real>
class ProductFactors {
 public:
  // trials: how many; depth: numbers of each.
  void start(std::size_t trials, std::size_t depth, std::size_t columns) {
    depth_ = depth;
    const std::size_t count = (trials + product_rows - 1) / product_rows;
    factors_.assign(count * depth * product_rows, Real(0));
    unused_.resize(columns);
    groups.clear();
    for (std::size_t g = 0; g < count; ++g) {
      groups.push_back({reinterpret_cast<const Real(*)[product_rows]>(factors_.data() + g * depth * product_rows), {}});
      std::fill(std::begin(groups.back().out), std::end(groups.back().out), unused_.data());
    }
  }
  Real& at(std::size_t trial, std::size_t k) {
    return factors_[(trial / product_rows * depth_ + k) * product_rows + trial % product_rows];
  }
  Real*& out(std::size_t trial) { return groups[trial / product_rows].out[trial % product_rows]; }

  std::vector<RowGroup<Real>> groups;
  std::vector<Real> packed;  // working memory of the product

 private:
  std::size_t depth_ = 0;
  std::vector<Real> factors_, unused_;
};

}  // namespace spikeweave::cpu
