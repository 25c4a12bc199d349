// Products in which trials share what is read of the weights: a block has a tile of trials and one of columns. Each sum
// runs over k in ascending order.
#pragma once

#include <cstddef>

#include "kernels/cuda_api.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {

constexpr unsigned trial_tile = 64;         // trials and columns of a block
constexpr unsigned trial_depth = 16;        // numbers k held at a time
constexpr unsigned trials_per_thread = 4;   // trials and columns of a thread
constexpr unsigned trial_tile_block = 256;  // (trial_tile / trials_per_thread)^2

struct TrialTiles {
  float left[trial_depth][trial_tile];   // [k, trial]
  float right[trial_depth][trial_tile];  // [k, column]
};

// value(r, k) of the row r of the tile that the thread loads: for numbers that lie along k.
template <class Value>
__device__ __forceinline__ void load_along_k(float (&tile)[trial_depth][trial_tile], const Value& value) {
  const unsigned row = threadIdx.x / 4;
  for (unsigned k = threadIdx.x % 4 * 4; k < threadIdx.x % 4 * 4 + 4; ++k) tile[k][row] = value(row, k);
}
// The same for numbers that lie along the columns.
template <class Value>
__device__ __forceinline__ void load_along_columns(float (&tile)[trial_depth][trial_tile], const Value& value) {
  const unsigned k = threadIdx.x / 16;
  const unsigned first = threadIdx.x % 16 * 4;
  for (unsigned column = first; column < first + 4; ++column) tile[k][column] = value(column, k);
}

// sum[i][j] += left * right over k in [0, count), for the thread's trials own_trial() + i and columns own_column() + j
// of the tile. load(first, tiles) fills the tiles with the numbers k = first ..., 0 beyond count.
__device__ __forceinline__ unsigned own_trial() {
  return threadIdx.x / 16 * trials_per_thread;
}
__device__ __forceinline__ unsigned own_column() {
  return threadIdx.x % 16 * trials_per_thread;
}
template <class Load>
__device__ __forceinline__ void multiply_tiles(std::size_t count, const Load& load, TrialTiles& tiles,
                                               float (&sum)[trials_per_thread][trials_per_thread]) {
  for (std::size_t first = 0; first < count; first += trial_depth) {
    load(first, tiles);
    __syncthreads();  // the tiles are filled
    SW_UNROLL(16)
    for (unsigned k = 0; k < trial_depth; ++k) {
      SW_UNROLL(4)
      for (unsigned i = 0; i < trials_per_thread; ++i) {
        SW_UNROLL(4)
        for (unsigned j = 0; j < trials_per_thread; ++j) {
          sum[i][j] = sum[i][j] + tiles.left[k][own_trial() + i] * tiles.right[k][own_column() + j];
        }
      }
    }
    __syncthreads();  // the tiles have been read
  }
}

inline dim3 trial_tile_grid(std::size_t trials, std::size_t columns) {
  return dim3(static_cast<unsigned>((columns + trial_tile - 1) / trial_tile),
              static_cast<unsigned>((trials + trial_tile - 1) / trial_tile));
}

}  // namespace spikeweave::SW_DEVICE
