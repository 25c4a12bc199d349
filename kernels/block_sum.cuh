// Sum over the threads of a block in a fixed tree, in double precision.
#pragma once

#include "kernels/launch.cuh"

namespace spikeweave::SW_DEVICE {

inline constexpr unsigned sum_block = 256;  // threads of a block that calls block_sum

// All threads of the block call it, and all get the sum. `partial` is shared memory, for one call in a kernel.
__device__ __forceinline__ double block_sum(double value, double (&partial)[sum_block]) {
  partial[threadIdx.x] = value;
  for (unsigned stride = sum_block / 2; stride > 0; stride /= 2) {
    __syncthreads();  // the level below is complete
    if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
  }
  __syncthreads();  // the sum is there, for all threads
  return partial[0];
}

}  // namespace spikeweave::SW_DEVICE
