// The events of some cells in a block of steps, sorted by cell: what a sum over a cell's events wants, where the arrays
// are sorted by step.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "host/cpu/active_list.hpp"

namespace spikeweave::cpu {

class EventTimes {
 public:
  // cells: [begin, end).
  EventTimes(std::size_t begin, std::size_t end) : begin_(begin), start_(end - begin + 1) {}

  void clear() { events_.clear(); }
  // Takes the cells' events of the next step of the block. mask: 0 hides a cell; or nullptr.
  void add(std::uint32_t step, const std::uint8_t* row, const std::uint8_t* mask) {
    for_each_active(row, begin_, begin_ + start_.size() - 1, [&](std::size_t i) {
      if (mask != nullptr && mask[i] == 0) return;
      events_.push_back({static_cast<std::uint32_t>(i - begin_), step, row[i]});
    });
  }
  // Sorts what was taken: by cell, then by step.
  void sort() {
    std::fill(start_.begin(), start_.end(), 0u);
    for (const Event& event : events_) ++start_[event.cell + 1];
    for (std::size_t i = 1; i < start_.size(); ++i) start_[i] += start_[i - 1];
    next_.assign(start_.begin(), start_.end() - 1);
    sorted_.resize(events_.size());
    for (const Event& event : events_) sorted_[next_[event.cell]++] = event;
  }
  std::size_t size() const { return events_.size(); }
  std::size_t cell_count() const { return start_.size() - 1; }
  // Calls visit(cell, first event, one behind its last) for every cell that has one, ascending.
  template <class Visitor>
  void for_each_cell(Visitor&& visit) const {
    for (std::size_t i = 0; i + 1 < start_.size(); ++i) {
      if (start_[i] < start_[i + 1]) visit(begin_ + i, sorted_.data() + start_[i], sorted_.data() + start_[i + 1]);
    }
  }

  struct Event {
    std::uint32_t cell;  // from the first one on
    std::uint32_t step;
    std::uint8_t count;
  };

 private:
  std::size_t begin_;
  std::vector<Event> events_, sorted_;
  std::vector<std::uint32_t> start_, next_;  // per cell
};

}  // namespace spikeweave::cpu
