// Currents from active cells and from values, through dense and sparse projections.
#pragma once

#include <algorithm>
#include <vector>

#include "host/cpu/active_list.hpp"
#include "host/cpu/spike_lists.hpp"
#include "spikeweave/ops/projection.hpp"

namespace spikeweave::cpu {

// The longest delay of a list of projections [steps].
template <class Real>
std::size_t longest_delay(const ProjectionList<Real>& projections) {
  std::size_t longest = 0;
  for (std::size_t p = 0; p < projections.count; ++p) longest = std::max(longest, projections.at[p].delay);
  return longest;
}

// Calls visit(synapse index begin, end) for the synapses of (class, pre cell).
template <class Visitor>
inline void visit_row(const SparseView& sparse, std::size_t pre_count, std::size_t delay_class, std::size_t i,
                      Visitor&& visit) {
  const std::uint32_t* start = sparse.row_start.data + delay_class * pre_count + i;
  visit(start[0], start[1]);
}

// current[target] += factor * weight over the synapses of (class, pre cell i).
template <class Real>
inline void add_sparse_row(const ProjectionView<Real>& projection, std::size_t delay_class, std::size_t i, Real factor,
                           Real* current) {
  const std::uint32_t* const target = projection.sparse->target.data;
  const Real* const weights = projection.weights;
  visit_row(*projection.sparse, projection.pre_count, delay_class, i, [&](std::uint32_t begin, std::uint32_t end) {
    for (std::uint32_t w = begin; w < end; ++w) current[target[w]] += factor * weights[w];
  });
}

// Weight rows of active cells, and what the cells sent.
template <class Real>
struct ActiveRows {
  std::vector<const Real*> rows;
  std::vector<Real> values;  // empty: all 1
};

// Adds what was sent in earlier steps and arrives in step t. has_values: of cells that send other numbers than 1.
template <class Real>
void propagate_spikes(const ProjectionList<Real>& projections, const SpikeLists<Real>& sent, bool has_values,
                      std::int64_t t, ActiveRows<Real>& active, Real* current) {
  for (std::size_t p = 0; p < projections.count; ++p) {
    const ProjectionView<Real>& projection = projections.at[p];
    Real* const to = current + projection.post_begin;
    if (projection.sparse != nullptr) {
      for (std::size_t c = 0; c < projection.class_count(); ++c) {
        sent.for_each(t - static_cast<std::int64_t>(projection.delay_of(c)), [&](std::size_t i, Real value) {
          const std::size_t pre = i - projection.pre_begin;  // wraps below pre_begin
          if (pre < projection.pre_count) add_sparse_row(projection, c, pre, value, to);
        });
      }
      continue;
    }
    active.rows.clear();
    active.values.clear();
    sent.for_each(t - static_cast<std::int64_t>(projection.delay), [&](std::size_t i, Real value) {
      const std::size_t pre = i - projection.pre_begin;
      if (pre >= projection.pre_count) return;
      active.rows.push_back(projection.weights + pre * projection.post_count);
      if (has_values) active.values.push_back(value);
    });
    if (has_values) {
      add_scaled_rows(active.rows.data(), active.values.data(), active.rows.size(), to, projection.post_count);
    } else {
      add_rows(active.rows.data(), active.rows.size(), to, projection.post_count);
    }
  }
}

}  // namespace spikeweave::cpu
