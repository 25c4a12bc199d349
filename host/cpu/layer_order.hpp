// How networks in which no projection leads back are cut in blocks.
#pragma once

#include <algorithm>
#include <cstddef>

#include "spikeweave/ops/layer_order.hpp"

namespace spikeweave::cpu {

// Trials and steps that go together: few enough for what the product has of each to stay in the second cache.
struct LayerBlock {
  std::size_t trials, steps;

  LayerBlock(std::size_t batch, std::size_t all_steps, int threads) {
    constexpr std::size_t most_trials = 16, most_rows = 512;
    const auto share = static_cast<std::size_t>(std::max(threads, 1));
    trials = std::clamp<std::size_t>((batch + share - 1) / share, 1, most_trials);
    const std::size_t blocks = (all_steps * trials + most_rows - 1) / most_rows;
    steps = std::max<std::size_t>(1, blocks == 0 ? 1 : (all_steps + blocks - 1) / blocks);
  }
  std::size_t rows() const { return trials * steps; }
};

}  // namespace spikeweave::cpu
