// Input events as kernels draw them: the four words of a Philox block are those of four neighbouring cells in a step.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/device_random.cuh"
#include "kernels/unroll.cuh"
#include "spikeweave/core/sampling.hpp"
#include "spikeweave/ops/encode.hpp"

namespace spikeweave::SW_DEVICE {

static_assert(max_poisson_count <= 255, "a count is stored in a byte");

constexpr unsigned cells_per_draw = 4;

__host__ __device__ __forceinline__ unsigned draw_count(std::size_t cells) {
  return static_cast<unsigned>((cells + cells_per_draw - 1) / cells_per_draw);
}

// What the words of a draw are held against: of its cells, in the steps of one frame.
struct DrawnCells {
  float intensity[cells_per_draw];          // Poisson
  std::uint64_t threshold[cells_per_draw];  // Bernoulli
};

__device__ __forceinline__ DrawnCells load_drawn_cells(const EncodeArgs& args, std::size_t trial, std::size_t frame,
                                                       unsigned draw) {
  const float* const intensity = args.intensity.row(trial, frame);
  DrawnCells cells;
  SW_UNROLL(4)
  for (unsigned n = 0; n < cells_per_draw; ++n) {
    const std::size_t cell = std::size_t{cells_per_draw} * draw + n;
    cells.intensity[n] = cell < args.events.shape[2] ? intensity[cell] : 0.0f;
    cells.threshold[n] = bernoulli_threshold(cells.intensity[n]);
  }
  return cells;
}

// Calls give(n, events) for the cells of one draw in a step before the trial's end, n from 0 on.
template <class Give>
__device__ __forceinline__ void draw_events(const EncodeArgs& args, const DrawnCells& cells, std::size_t trial,
                                            std::size_t step, unsigned draw, Give&& give) {
  const PhiloxCounter words = random_words(
      random_counter(Purpose::input_spikes, 0, draw, args.keys.trial[trial], static_cast<std::uint32_t>(step)),
      random_key(args.keys.seed));
  SW_UNROLL(4)
  for (unsigned n = 0; n < cells_per_draw; ++n) {
    const std::uint32_t word = word_of(words, n);
    give(n, args.encoding == Encoding::bernoulli ? (word < cells.threshold[n] ? 1u : 0u)
                                                 : poisson_count(cells.intensity[n], word));
  }
}

// Writes the events of a draw's cells in a step; byte n is that of its n-th cell.
__device__ __forceinline__ void store_events(const EncodeArgs& args, std::size_t trial, std::size_t step, unsigned draw,
                                             std::uint32_t bytes) {
  const std::size_t first = std::size_t{cells_per_draw} * draw;
  const std::size_t left = args.events.shape[2] - first;
  std::uint8_t* const events = args.events.row(trial, step) + first;
  if (left >= cells_per_draw && reinterpret_cast<std::uintptr_t>(events) % sizeof bytes == 0) {
    *reinterpret_cast<std::uint32_t*>(events) = bytes;
    return;
  }
  for (unsigned n = 0; n < cells_per_draw && n < left; ++n) events[n] = static_cast<std::uint8_t>(bytes >> (8 * n));
}

}  // namespace spikeweave::SW_DEVICE
