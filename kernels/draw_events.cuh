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

__device__ __forceinline__ std::uint8_t draw_event(Encoding encoding, float intensity, std::uint32_t word) {
  if (encoding == Encoding::bernoulli) return word < bernoulli_threshold(intensity) ? 1 : 0;
  return static_cast<std::uint8_t>(poisson_count(intensity, word));
}

// Calls store(cell, events) for the cells of one draw; 0 behind the trial's end.
template <class Store>
__device__ __forceinline__ void draw_events(const EncodeArgs& args, std::size_t trial, std::size_t step, unsigned draw,
                                            Store&& store) {
  const std::size_t cells = args.events.shape[2];
  const bool is_running = static_cast<std::int64_t>(step) < args.length[trial];
  PhiloxCounter words;
  if (is_running) {
    words = random_words(
        random_counter(Purpose::input_spikes, 0, draw, args.keys.trial[trial], static_cast<std::uint32_t>(step)),
        random_key(args.keys.seed));
  }
  const float* intensity = args.intensity.row(trial, step / args.frame_steps);
  SW_UNROLL(4)
  for (unsigned n = 0; n < cells_per_draw; ++n) {
    const std::size_t cell = std::size_t{cells_per_draw} * draw + n;
    if (cell < cells)
      store(cell, is_running ? draw_event(args.encoding, intensity[cell], word_of(words, n)) : std::uint8_t{0});
  }
}

}  // namespace spikeweave::SW_DEVICE
