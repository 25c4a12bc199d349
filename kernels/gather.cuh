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

__device__ __forceinline__ bool is_active(float value) {
  return value != 0.0f;
}

// Lives in shared memory: SW_SHARED(ActiveCells, active, 1). Value: what is listed of a cell beside its index.
template <class Value, unsigned list_capacity>
struct ActiveList {
  static constexpr unsigned capacity = list_capacity;

  unsigned index[capacity];
  Value value[capacity];
  unsigned warp_count[32];
};
using ActiveCells = ActiveList<float, 1024>;

// Lists the active ones among `count` <= capacity cells; value_of(i): of cell i < count. Returns how many.
// All threads of the block call it; their number is a multiple of 32. The list is ready on return.
template <class ValueOf, class List>
__device__ __forceinline__ unsigned find_active(const ValueOf& value_of, unsigned count, List& active) {
  const unsigned per_thread = (count + blockDim.x - 1) / blockDim.x;
  const unsigned begin = min(threadIdx.x * per_thread, count);
  const unsigned end = min(begin + per_thread, count);
  const unsigned lane = threadIdx.x % 32;
  const unsigned warp = threadIdx.x / 32;

  unsigned own = 0;
  for (unsigned i = begin; i < end; ++i) own += is_active(value_of(i)) ? 1u : 0u;
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
    const auto value = value_of(i);
    if (!is_active(value)) continue;
    active.index[position] = i;
    active.value[position] = value;
    ++position;
  }
  __syncthreads();  // the list is complete, the warp counts are free
  return total;
}

// Which post cells a block works on.
struct PostTile {
  std::size_t begin;
  std::size_t end;

  // Whether a projection reaches one of them: the same for the whole block.
  __host__ __device__ __forceinline__ bool meets(const ProjectionView<float>& p) const {
    return p.post_begin < end && p.post_begin + p.post_count > begin;
  }
  // The column of weights of post cell begin + threadIdx.x; nullptr where the projection does not reach it.
  __device__ __forceinline__ const float* column(const ProjectionView<float>& p) const {
    const std::size_t post = begin + threadIdx.x;
    const bool is_target = post >= p.post_begin && post < p.post_begin + p.post_count && post < end;
    return is_target ? p.weights + (post - p.post_begin) : nullptr;
  }
};

// Adds value times weight to `sum`, over the projection's pre cells in ascending order. All threads of the block call
// it; those without a post cell of the projection get `sum` back.
template <class T>
__device__ __forceinline__ float gather_onto(float sum, const StepCells<T>& cells,
                                             const ProjectionView<float>& projection, const PostTile& tile,
                                             ActiveCells& active) {
  if (!tile.meets(projection)) return sum;
  const float* const column = tile.column(projection);
  for (std::size_t first = 0; first < projection.pre_count; first += ActiveCells::capacity) {
    const std::size_t left = projection.pre_count - first;
    const unsigned count = left < ActiveCells::capacity ? static_cast<unsigned>(left) : ActiveCells::capacity;
    const unsigned active_count =
        find_active([&](unsigned i) { return cells.at(projection.pre_begin + first + i); }, count, active);
    if (column == nullptr) continue;
    const float* const weights = column + first * projection.post_count;
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
