// Input currents of a block of steps at once, where events are many: a product instead of a gather, with its bits.
#pragma once

#include <algorithm>
#include <vector>

#include "host/cpu/dense_product.hpp"
#include "host/cpu/propagation.hpp"
#include "spikeweave/ops/forward.hpp"

namespace spikeweave::cpu {

template <class Real>
class InputBlock {
 public:
  explicit InputBlock(const ForwardArgs<Real>& args) : args_(args) {
    can_ = !args.events.empty() && args.plasticity.empty();
    for (std::size_t p = 0; p < args.input.count; ++p) {
      can_ = can_ && args.input.at[p].sparse == nullptr && args.input.at[p].delay == 0;
    }
  }

  // The currents of step t [cells], before input_scale; nullptr: to be gathered. Steps ascend within a trial.
  const Real* row(std::size_t b, std::size_t t) {
    if (!can_) return nullptr;
    if (t >= end_) start(b, t);
    return is_dense_ ? currents_.data() + (t - begin_) * args_.cell_count : nullptr;
  }

 private:
  static constexpr std::size_t steps = 16 * product_rows;

  void start(std::size_t b, std::size_t t) {
    begin_ = t;
    end_ = std::min(t + steps, args_.window.end_in(static_cast<std::size_t>(args_.length[b])));
    const std::size_t inputs = args_.events.shape[2];
    std::size_t active = 0;
    for (std::size_t s = begin_; s < end_; ++s) {
      const std::uint8_t* const row = args_.events.row(b, s);
      active += inputs - static_cast<std::size_t>(std::count(row, row + inputs, std::uint8_t{0}));
    }
    is_dense_ = static_cast<double>(active) > dense_share * static_cast<double>(inputs * (end_ - begin_));
    if (!is_dense_) return;
    currents_.assign(steps * args_.cell_count, Real(0));
    for (std::size_t p = 0; p < args_.input.count; ++p) add(args_.input.at[p], b);
  }

  // Adds what one projection brings; beyond the end of the block nothing arrives.
  void add(const ProjectionView<Real>& projection, std::size_t b) {
    const std::size_t inputs = projection.pre_count;
    factors_.assign(inputs * steps, Real(0));
    groups_.clear();
    for (std::size_t first = begin_; first < end_; first += product_rows) {
      auto* const x = reinterpret_cast<Real(*)[product_rows]>(factors_.data() + (first - begin_) * inputs);
      groups_.push_back({x, {}});
      for (std::size_t c = 0; c < product_rows; ++c) {
        const std::size_t t = first + c;
        groups_.back().out[c] = currents_.data() + (t - begin_) * args_.cell_count + projection.post_begin;
        if (t >= end_) continue;
        const std::uint8_t* const mask =
            args_.input_mask.empty() ? nullptr : args_.input_mask.row(b, t / args_.frame_steps);
        for_each_active(args_.events.row(b, t), projection.pre_begin, projection.pre_begin + inputs,
                        [&](std::size_t i) {
                          if (mask == nullptr || mask[i] != 0) {
                            x[i - projection.pre_begin][c] = static_cast<Real>(args_.events(b, t, i));
                          }
                        });
      }
    }
    add_products(groups_, projection.weights, projection.post_count, inputs, projection.post_count, packed_);
  }

  const ForwardArgs<Real>& args_;
  bool can_ = false;
  bool is_dense_ = false;
  std::size_t begin_ = 0, end_ = 0;
  std::vector<Real> currents_;  // [steps, cells]
  std::vector<Real> factors_;   // [steps / 4, inputs, 4]
  std::vector<Real> packed_;
  std::vector<RowGroup<Real>> groups_;
};

}  // namespace spikeweave::cpu
