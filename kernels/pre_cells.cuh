// Presynaptic activity as the kernels read it: events of every step or values of every frame, behind a dropout mask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "kernels/cuda_api.cuh"
#include "spikeweave/core/view.hpp"

namespace spikeweave::SW_DEVICE {

// The cells of one trial and step.
template <class T>
struct StepCells {
  const T* row;
  const std::uint8_t* mask;  // or nullptr

  __device__ __forceinline__ float at(std::size_t i) const {
    return mask == nullptr || mask[i] != 0 ? static_cast<float>(row[i]) : 0.0f;
  }
};

// T: std::uint8_t for events (one row per step), float for values (one row per frame).
template <class T>
struct PreCells {
  static constexpr bool is_per_frame = std::is_same_v<T, float>;

  View<const T> cells;            // [batch, steps or frames, cells]
  View<const std::uint8_t> mask;  // [batch, frames, cells] or empty
  unsigned frame_steps;

  __device__ __forceinline__ StepCells<T> at(std::size_t trial, unsigned step) const {
    const unsigned frame = step / frame_steps;
    return {cells.row(trial, is_per_frame ? frame : step), mask.empty() ? nullptr : mask.row(trial, frame)};
  }
};

// Calls visit(PreCells) for whichever of the two is given; an empty events view means values.
template <class Visitor>
void with_pre_cells(View<const std::uint8_t> events, View<const float> values, View<const std::uint8_t> mask,
                    std::size_t frame_steps, Visitor&& visit) {
  const auto steps = static_cast<unsigned>(frame_steps);
  if (values.empty()) {
    visit(PreCells<std::uint8_t>{events, mask, steps});
  } else {
    visit(PreCells<float>{values, mask, steps});
  }
}

}  // namespace spikeweave::SW_DEVICE
