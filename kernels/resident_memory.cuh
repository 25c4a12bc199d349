// Shared memory of a block that keeps weights on the chip, and which neurons are its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cooperative.cuh"
#include "kernels/gather.cuh"
#include "kernels/launch.cuh"
#include "kernels/resident.cuh"

namespace spikeweave::SW_DEVICE {

constexpr unsigned resident_block = 512;  // threads at most: 128 registers each

__host__ __device__ __forceinline__ PostTile tile_of(const ResidentShape& shape, unsigned rank, std::size_t neurons) {
  const std::size_t begin = std::size_t{rank} * shape.tile;
  const std::size_t end = begin + shape.tile;
  return {begin < neurons ? begin : neurons, end < neurons ? end : neurons};
}

// Of the listed spikes of a trial: the weights of the first ones are in shared memory.
struct ListCounts {
  std::uint16_t resident;
  std::uint16_t all;
};

struct ResidentMemory {
  Inbox* inboxes;       // [2]  of a cluster: for the spikes of the last step and of this one
  std::uint16_t* list;  // [trials][listed]  aligned to 16 bytes
  float* weights;       // [1 + rows of the projections that meet the tile, in order][tile]; 0 where there is no synapse
  unsigned* words;      // [2][trials][words]  spikes of the last step and of this one; of a grid in global memory
  unsigned* ends;       // [trials]  one behind the last step of each trial in the window
  ListCounts* counts;   // [trials]

  __device__ __forceinline__ unsigned* words_of(unsigned t, const ResidentShape& shape) const {
    return words + t % 2 * shape.trials() * shape.words();
  }
};

__device__ __forceinline__ ResidentMemory place_memory(const ResidentShape& shape, unsigned* grid_words,
                                                       unsigned group) {
  ResidentMemory memory;
  memory.inboxes = dynamic_shared<Inbox>();
  memory.list = reinterpret_cast<std::uint16_t*>(memory.inboxes + 2);
  memory.weights = reinterpret_cast<float*>(memory.list + shape.trials() * shape.listed);
  unsigned* next = reinterpret_cast<unsigned*>(memory.weights + shape.weights());
  const unsigned words = 2 * shape.trials() * shape.words();
  const bool is_grid = shape.exchange == Exchange::grid;
  memory.words = is_grid ? grid_words + std::size_t{group} * words : next;
  if (!is_grid) next += words;
  memory.ends = next;
  memory.counts = reinterpret_cast<ListCounts*>(next + shape.trials());
  return memory;
}

// Of the projection's rows, so many are in shared memory where there is room for `rows_left` from it on.
__device__ __forceinline__ unsigned resident_rows(const ProjectionView<float>& p, unsigned rows_left) {
  return min(static_cast<unsigned>(p.pre_count), rows_left);
}

__device__ __forceinline__ void load_weights(const ProjectionList<float>& projections, const ResidentShape& shape,
                                             const PostTile& tile, float* weights) {
  // Row 0 changes no sum, whatever its sign.
  for (unsigned n = threadIdx.x; n < shape.tile; n += blockDim.x) weights[n] = -0.0f;
  weights += shape.tile;
  unsigned rows_left = shape.rows;
  for (std::size_t index = 0; index < projections.count; ++index) {
    const ProjectionView<float>& p = projections.at[index];
    if (!tile.meets(p)) continue;
    const unsigned rows = resident_rows(p, rows_left);
    const unsigned count = rows * shape.tile;
    for (unsigned n = threadIdx.x; n < count; n += blockDim.x) {
      const std::size_t post = tile.begin + n % shape.tile;
      const bool is_synapse = post >= p.post_begin && post < p.post_begin + p.post_count;
      weights[n] = is_synapse ? p.weights[n / shape.tile * p.post_count + (post - p.post_begin)] : 0.0f;
    }
    weights += count;
    rows_left -= rows;
  }
}

}  // namespace spikeweave::SW_DEVICE
