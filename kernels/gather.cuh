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
  static_assert(list_capacity <= 1024, "a lane of a warp holds the bits of 32 cells");
  static constexpr unsigned capacity = list_capacity;

  unsigned index[capacity];
  Value value[capacity];
  unsigned bits[32];  // which cells are active: of cells 32 n ... 32 n + 31 in word n
};
using ActiveCells = ActiveList<float, 1024>;

// Sum of `value` over the lanes up to the own one.
__device__ __forceinline__ unsigned sum_up_to_lane(unsigned value) {
  const unsigned lane = threadIdx.x % 32;
  for (unsigned delta = 1; delta < 32; delta *= 2) {
    const unsigned other = __shfl_up_sync(0xffffffffu, value, delta);
    if (lane >= delta) value += other;
  }
  return value;
}

// Lists the active ones among `count` <= capacity cells; value_of(i): of cell i < count. Returns how many.
// All threads of the block call it; their number is a multiple of 32. The list is ready on return.
template <class ValueOf, class List>
__device__ __forceinline__ unsigned find_active(const ValueOf& value_of, unsigned count, List& active) {
  const unsigned lane = threadIdx.x % 32;
  const unsigned warp_begin = threadIdx.x - lane;

  for (unsigned begin = warp_begin; begin < count; begin += blockDim.x) {
    const unsigned i = begin + lane;
    const unsigned bits = __ballot_sync(0xffffffffu, i < count && is_active(value_of(i)));
    if (lane == 0) active.bits[begin / 32] = bits;
  }
  __syncthreads();  // the bits are written; nobody reads the previous list any more

  const unsigned lane_bits = 32 * lane < count ? active.bits[lane] : 0u;
  const unsigned lane_count = static_cast<unsigned>(__popc(lane_bits));
  const unsigned up_to_lane = sum_up_to_lane(lane_count);
  for (unsigned begin = warp_begin; begin < count; begin += blockDim.x) {
    const unsigned bits = __shfl_sync(0xffffffffu, lane_bits, static_cast<int>(begin / 32));
    const unsigned before = __shfl_sync(0xffffffffu, up_to_lane - lane_count, static_cast<int>(begin / 32));
    if ((bits >> lane & 1u) != 0) {
      const unsigned position = before + static_cast<unsigned>(__popc(bits & ((1u << lane) - 1u)));
      active.index[position] = begin + lane;
      active.value[position] = value_of(begin + lane);
    }
  }
  const unsigned total = __shfl_sync(0xffffffffu, up_to_lane, 31);
  __syncthreads();  // the list is complete, the bits are free
  return total;
}

// Adds term_of(0), term_of(1), ... to `sum` in order. The terms of a batch are read before the first of them is added,
// so that their loads are under way at once.
template <unsigned batch, class TermOf>
__device__ __forceinline__ float add_in_order(float sum, unsigned count, const TermOf& term_of) {
  unsigned first = 0;
  for (; first + batch <= count; first += batch) {
    float term[batch];
    SW_UNROLL(32)
    for (unsigned n = 0; n < batch; ++n) term[n] = term_of(first + n);
    SW_UNROLL(32)
    for (unsigned n = 0; n < batch; ++n) sum = sum + term[n];
  }
  if (first == count) return sum;
  float term[batch];
  SW_UNROLL(32)
  for (unsigned n = 0; n < batch; ++n) term[n] = first + n < count ? term_of(first + n) : 0.0f;
  SW_UNROLL(32)
  for (unsigned n = 0; n < batch; ++n) sum = first + n < count ? sum + term[n] : sum;
  return sum;
}

// Which post cells a block works on.
struct PostTile {
  std::size_t begin;
  std::size_t end;

  // Whether a projection reaches one of them: the same for the whole block.
  __host__ __device__ __forceinline__ bool meets(const ProjectionView<float>& p) const {
    return p.post_begin < end && p.post_begin + p.post_count > begin;
  }
  // Whether it reaches this one, and the tile has it.
  __device__ __forceinline__ bool has_target(const ProjectionView<float>& p, std::size_t post) const {
    return post >= p.post_begin && post < p.post_begin + p.post_count && post < end;
  }
  // The column of weights of post cell begin + threadIdx.x; nullptr where the projection does not reach it.
  __device__ __forceinline__ const float* column(const ProjectionView<float>& p) const {
    const std::size_t post = begin + threadIdx.x;
    return has_target(p, post) ? p.weights + (post - p.post_begin) : nullptr;
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
    constexpr unsigned loads = 8;  // under way at once; more take the registers of blocks that hide the waiting too
    const std::size_t stride = projection.post_count;
    const float* const weights = column + first * stride;
    sum = add_in_order<loads>(sum, active_count,
                              [&](unsigned k) { return active.value[k] * weights[active.index[k] * stride]; });
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
