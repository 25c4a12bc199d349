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

// Adds what the spikes of earlier steps bring in step t.
template <class Real>
void propagate_spikes(const ProjectionList<Real>& projections, const SpikeLists& spikes, std::int64_t t,
                      std::vector<const Real*>& rows, Real* current) {
  for (std::size_t p = 0; p < projections.count; ++p) {
    const ProjectionView<Real>& projection = projections.at[p];
    Real* const to = current + projection.post_begin;
    if (projection.sparse != nullptr) {
      for (std::size_t c = 0; c < projection.sparse->class_count; ++c) {
        for (const std::size_t i : spikes.at(t - projection.sparse->delays[c])) {
          const std::size_t pre = i - projection.pre_begin;  // wraps below pre_begin
          if (pre < projection.pre_count) add_sparse_row(projection, c, pre, Real(1), to);
        }
      }
      continue;
    }
    rows.clear();
    for (const std::size_t i : spikes.at(t - static_cast<std::int64_t>(projection.delay))) {
      const std::size_t pre = i - projection.pre_begin;
      if (pre < projection.pre_count) rows.push_back(projection.weights + pre * projection.post_count);
    }
    add_rows(rows.data(), rows.size(), to, projection.post_count);
  }
}

}  // namespace spikeweave::cpu
