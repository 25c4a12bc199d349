// Lists of the cells that were active in each of the last steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/cpu/active_list.hpp"

namespace spikeweave::cpu {

class SpikeLists {
 public:
  // depth: how many steps back can be asked for.
  explicit SpikeLists(std::size_t depth) : lists_(depth + 1) {}

  // The cells of row [count] that are active in step t; t counts up by one from call to call, from any start.
  void add(std::int64_t t, const std::uint8_t* row, std::size_t count) {
    std::vector<std::uint32_t>& list = lists_[slot(t)];
    list.clear();
    for_each_active(row, 0, count, [&](std::size_t i) { list.push_back(static_cast<std::uint32_t>(i)); });
  }
  // Ascending; empty before the first step.
  const std::vector<std::uint32_t>& at(std::int64_t t) const { return lists_[slot(t)]; }

 private:
  std::size_t slot(std::int64_t t) const {
    const auto size = static_cast<std::int64_t>(lists_.size());
    return static_cast<std::size_t>((t % size + size) % size);
  }
  std::vector<std::vector<std::uint32_t>> lists_;
};

}  // namespace spikeweave::cpu
