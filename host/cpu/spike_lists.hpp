// Lists of the cells that were active in each of the last steps, and what they sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "host/cpu/active_list.hpp"

namespace spikeweave::cpu {

template <class Real>
class SpikeLists {
 public:
  // depth: how many steps back can be asked for.
  explicit SpikeLists(std::size_t depth) : lists_(depth + 1) {}

  // The cells of row [count] that are active in step t; t counts up by one from call to call, from any start.
  void add(std::int64_t t, const std::uint8_t* row, std::size_t count) {
    List& list = lists_[slot(t)];
    list.cells.clear();
    for_each_active(row, 0, count, [&](std::size_t i) { list.cells.push_back(static_cast<std::uint32_t>(i)); });
  }
  // Likewise, with the values of the row.
  void add(std::int64_t t, const Real* row, std::size_t count) {
    List& list = lists_[slot(t)];
    list.cells.clear();
    list.values.clear();
    for_each_active(row, 0, count, [&](std::size_t i) {
      list.cells.push_back(static_cast<std::uint32_t>(i));
      list.values.push_back(row[i]);
    });
  }
  // Ascending; empty before the first step.
  const std::vector<std::uint32_t>& at(std::int64_t t) const { return lists_[slot(t)].cells; }
  // Calls visit(cell, value) in ascending order; the value is 1 where none was given.
  template <class Visitor>
  void for_each(std::int64_t t, Visitor&& visit) const {
    const List& list = lists_[slot(t)];
    for (std::size_t n = 0; n < list.cells.size(); ++n) {
      visit(list.cells[n], list.values.empty() ? Real(1) : list.values[n]);
    }
  }

 private:
  struct List {
    std::vector<std::uint32_t> cells;
    std::vector<Real> values;  // of the cells; or empty
  };
  std::size_t slot(std::int64_t t) const {
    const auto size = static_cast<std::int64_t>(lists_.size());
    return static_cast<std::size_t>((t % size + size) % size);
  }
  std::vector<List> lists_;
};

}  // namespace spikeweave::cpu
