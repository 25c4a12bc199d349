// A dense projection as the operations see it: one block of weights between two ranges of cells.
#pragma once

#include <cstddef>

#include "spikeweave/core/view.hpp"

namespace spikeweave {

enum class ProjectionKind { input, recurrent, readout };

template <class Real>
struct ProjectionView {
  std::size_t pre_begin = 0;  // first presynaptic cell within its index space (inputs or neurons)
  std::size_t pre_count = 0;
  std::size_t post_begin = 0;  // first postsynaptic cell within its index space (neurons or outputs)
  std::size_t post_count = 0;
  const Real* weights = nullptr;  // [pre_count, post_count], row = presynaptic cell
};

// The projections of one kind, few enough to be passed to a kernel by value.
template <class Real>
struct ProjectionList {
  static constexpr std::size_t capacity = 16;
  std::size_t count = 0;
  ProjectionView<Real> at[capacity];
};

}  // namespace spikeweave
