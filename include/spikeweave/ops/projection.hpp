// A projection as the operations see it: dense, one block of weights between two ranges of cells, or sparse.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spikeweave/core/view.hpp"

namespace spikeweave {

// bias: from a cell that sends 1 in every step. within_step: between neurons without delay, from lower indices to
// higher.
enum class ProjectionKind { input, recurrent, readout, bias, within_step };
constexpr bool is_between_neurons(ProjectionKind kind) {
  return kind == ProjectionKind::recurrent || kind == ProjectionKind::within_step;
}

// The synapses of a sparse projection in memory of the backend; see Synapses in network/connectivity.hpp.
struct SparseView {
  const std::uint32_t* delays = nullptr;  // [class_count]  ascending [steps]; in host memory
  std::size_t class_count = 0;
  View<const std::uint32_t> row_start;       // [class_count * pre_count + 1]
  View<const std::uint32_t> source;          // [synapses]
  View<const std::uint32_t> target;          // [synapses]
  View<const std::uint32_t> column_start;    // [post_count + 1]
  View<const std::uint32_t> column_synapse;  // [synapses]
  View<const std::uint32_t> column_source;   // [synapses]
  View<const std::uint32_t> column_delay;    // [synapses]
};

template <class Real>
struct ProjectionView {
  std::size_t pre_begin = 0;  // first presynaptic cell within its index space (inputs or cells)
  std::size_t pre_count = 0;
  std::size_t post_begin = 0;  // first postsynaptic cell within its index space (cells or outputs)
  std::size_t post_count = 0;
  const Real* weights = nullptr;       // [pre_count, post_count], row = presynaptic cell; sparse: [synapses]
  std::size_t delay = 0;               // [steps]  of a dense one; of a sparse one the longest. Recurrent: at least 1
  const SparseView* sparse = nullptr;  // in host memory; nullptr: dense
  const Real* backward = nullptr;      // what errors travel back through, laid out as the weights

  // A dense projection is of one delay class.
  std::size_t class_count() const { return sparse != nullptr ? sparse->class_count : 1; }
  std::size_t delay_of(std::size_t delay_class) const {
    return sparse != nullptr ? sparse->delays[delay_class] : delay;
  }
  std::size_t synapse_count() const { return sparse != nullptr ? sparse->target.size() : pre_count * post_count; }
};

// The projections of one kind, few enough to be passed to a kernel by value.
template <class Real>
struct ProjectionList {
  static constexpr std::size_t capacity = 16;
  std::size_t count = 0;
  ProjectionView<Real> at[capacity];
};

}  // namespace spikeweave
