// A warp's products of 16 x 16 tiles of bf16 numbers with fp32 sums: tensor cores on a GPU, plain loops emulated.
//
// A tensor core rounds its sums toward zero, so a long sum drifts: end it after some hundred terms and add the ends up
// in fp32. Source: Ootomo & Yokota (2022), Int. J. High Perform. Comput. Appl. 36:475-491.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/cuda_api.cuh"

#if !defined(SW_EMULATED)
#include <cuda_bf16.h>
#include <mma.h>
#endif

namespace spikeweave::SW_DEVICE {

constexpr unsigned product_tile = 16;

// The bits of a bf16: the upper half of a float's.
using Bf16 = std::uint16_t;

// Rounds to nearest, ties to even. Of finite numbers.
__device__ __forceinline__ Bf16 to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return static_cast<Bf16>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}
__device__ __forceinline__ float from_bf16(Bf16 x) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
}

// Two bf16 numbers, the first in the lower half.
__device__ __forceinline__ std::uint32_t bf16_pair(float first, float second) {
#if defined(SW_EMULATED)
  return static_cast<std::uint32_t>(to_bf16(first)) | static_cast<std::uint32_t>(to_bf16(second)) << 16;
#else
  std::uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
#endif
}
// A number below 2^23 as a float, by its bits: conversions run at a fraction of the rate of additions.
__device__ __forceinline__ float small_float(std::uint32_t number) {
  constexpr std::uint32_t bits_of_2_to_23 = 0x4B000000u;
  return std::bit_cast<float>(bits_of_2_to_23 | number) - 8388608.0f;
}

#if defined(SW_EMULATED)

// Tiles of shared memory: a[k * stride + m] and b[k * stride + n].
struct LeftTile {
  const Bf16* at = nullptr;
  unsigned stride = 0;
  void load(const Bf16* from, unsigned by) { at = from, stride = by; }
};
struct RightTile : LeftTile {};

// Lane l has row l / 2, columns l % 2 * 8 to + 7.
struct TileSum {
  float at[8] = {};

  void clear() { *this = {}; }
  // Adds the sum to another, in fp32, and clears it.
  void move_to(TileSum& total) {
    for (unsigned n = 0; n < 8; ++n) total.at[n] += at[n];
    clear();
  }
  // sum[m,n] += sum_k a[k,m] b[k,n].
  void add_product(const LeftTile& a, const RightTile& b) {
    const unsigned lane = threadIdx.x % 32;
    for (unsigned n = 0; n < 8; ++n) {
      for (unsigned k = 0; k < product_tile; ++k) {
        at[n] += from_bf16(a.at[k * a.stride + lane / 2]) * from_bf16(b.at[k * b.stride + lane % 2 * 8 + n]);
      }
    }
  }
  // to[m * stride + n], in shared memory.
  void store(float* to, unsigned stride) const {
    const unsigned lane = threadIdx.x % 32;
    for (unsigned n = 0; n < 8; ++n) to[lane / 2 * stride + lane % 2 * 8 + n] = at[n];
  }
};

#else

struct LeftTile {
  nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, 16, __nv_bfloat16, nvcuda::wmma::col_major> tile;
  __device__ __forceinline__ void load(const Bf16* from, unsigned stride) {
    nvcuda::wmma::load_matrix_sync(tile, reinterpret_cast<const __nv_bfloat16*>(from), stride);
  }
};
struct RightTile {
  nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, 16, __nv_bfloat16, nvcuda::wmma::row_major> tile;
  __device__ __forceinline__ void load(const Bf16* from, unsigned stride) {
    nvcuda::wmma::load_matrix_sync(tile, reinterpret_cast<const __nv_bfloat16*>(from), stride);
  }
};

class TileSum {
 public:
  __device__ __forceinline__ void clear() { nvcuda::wmma::fill_fragment(sum_, 0.0f); }
  __device__ __forceinline__ void move_to(TileSum& total) {
    for (int n = 0; n < sum_.num_elements; ++n) total.sum_.x[n] += sum_.x[n];
    clear();
  }
  __device__ __forceinline__ void add_product(const LeftTile& a, const RightTile& b) {
    nvcuda::wmma::mma_sync(sum_, a.tile, b.tile, sum_);
  }
  __device__ __forceinline__ void store(float* to, unsigned stride) const {
    nvcuda::wmma::store_matrix_sync(to, sum_, stride, nvcuda::wmma::mem_row_major);
  }

 private:
  nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 16, float> sum_;
};

#endif

}  // namespace spikeweave::SW_DEVICE
