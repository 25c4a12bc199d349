// Sums of the weights of active cells, by a block: it lists the cells that are not silent in ascending order in shared
// memory, then each thread adds up its own post cell's weights of that list. The sum is that of a plain loop over all
// cells, bit for bit.
#pragma once

#include <cstddef>

#include "kernels/launch.cuh"
#include "kernels/pre_cells.cuh"
#include "kernels/unroll.cuh"
#include "spikeweave/ops/projection.hpp"

namespace spikeweave::SW_DEVICE {

// Lives in shared memory: SW_SHARED(ActiveCells, active, 1).
struct ActiveCells {
  static constexpr unsigned capacity = 1024;

  unsigned index[capacity];
  float value[capacity];
  unsigned warp_count[32];
};

// Lists the active ones among `count` <= capacity cells from `first` on; index counts from `first`. Returns how many.
// All threads of the block call it; their number is a multiple of 32. The list is ready on return.
template <class T>
__device__ unsigned find_active(const StepCells<T>& cells, std::size_t first, unsigned count, ActiveCells& active) {
  const unsigned per_thread = (count + blockDim.x - 1) / blockDim.x;
  const unsigned begin = min(threadIdx.x * per_thread, count);
  const unsigned end = min(begin + per_thread, count);
  const unsigned lane = threadIdx.x % 32;
  const unsigned warp = threadIdx.x / 32;

  unsigned own = 0;
  for (unsigned i = begin; i < end; ++i) own += cells.at(first + i) != 0.0f ? 1u : 0u;
  unsigned up_to_own = own;  // inclusive prefix sum over the warp
  for (unsigned delta = 1; delta < 32; delta *= 2) {
    const unsigned other = __shfl_up_sync(0xffffffffu, up_to_own, delta);
    if (lane >= delta) up_to_own += other;
  }
  if (lane == 31) active.warp_count[warp] = up_to_own;
  __syncthreads();  // warp counts are written; nobody reads the previous list any more

  unsigned position = up_to_own - own;
  unsigned total = 0;
  for (unsigned w = 0; w < blockDim.x / 32; ++w) {
    if (w < warp) position += active.warp_count[w];
    total += active.warp_count[w];
  }
  for (unsigned i = begin; i < end; ++i) {
    const float value = cells.at(first + i);
    if (value == 0.0f) continue;
    active.index[position] = i;
    active.value[position] = value;
    ++position;
  }
  __syncthreads();  // the list is complete, the warp counts are free
  return total;
}

// Which post cells the threads of a block work on: begin + threadIdx.x, as long as below end.
struct PostTile {
  std::size_t begin;
  std::size_t end;
};

// Adds value times weight to `sum`, over the projection's pre cells in ascending order. All threads of the block call
// it; those without a post cell of the projection get `sum` back.
template <class T>
__device__ __forceinline__ float gather_onto(float sum, const StepCells<T>& cells,
                                             const ProjectionView<float>& projection, const PostTile& tile,
                                             ActiveCells& active) {
  const std::size_t post = tile.begin + threadIdx.x;
  const std::size_t post_end = projection.post_begin + projection.post_count;
  if (projection.post_begin >= tile.end || post_end <= tile.begin) return sum;  // the same for the whole block
  const bool is_target = post >= projection.post_begin && post < post_end && post < tile.end;
  for (std::size_t first = 0; first < projection.pre_count; first += ActiveCells::capacity) {
    const std::size_t left = projection.pre_count - first;
    const unsigned count = left < ActiveCells::capacity ? static_cast<unsigned>(left) : ActiveCells::capacity;
    const unsigned active_count = find_active(cells, projection.pre_begin + first, count, active);
    if (!is_target) continue;
    const float* weights = projection.weights + first * projection.post_count + (post - projection.post_begin);
    SW_UNROLL(4)
    for (unsigned k = 0; k < active_count; ++k) {
      sum = sum + active.value[k] * weights[active.index[k] * projection.post_count];
    }
  }
  return sum;
}

// The same over the projections in order, from 0 on.
template <class T>
__device__ float gather_sum(const StepCells<T>& cells, const ProjectionList<float>& projections, const PostTile& tile,
                            ActiveCells& active) {
  float sum = 0.0f;
  for (std::size_t p = 0; p < projections.count; ++p) sum = gather_onto(sum, cells, projections.at[p], tile, active);
  return sum;
}

}  // namespace spikeweave::SW_DEVICE
