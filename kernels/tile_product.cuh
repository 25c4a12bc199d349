// A warp's products of 16 x 16 tiles of bf16 numbers with fp32 sums: tensor cores on a GPU, plain loops emulated.
//
// A tensor core rounds its sums toward zero, so a long sum drifts: end it after some hundred terms and add the ends up
// in fp32. Source: Ootomo & Yokota (2022), Int. J. High Perform. Comput. Appl. 36:475-491.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels/cuda_api.cuh"

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

// Two bytes of four, from number 2 `pair` on, as bf16 numbers times byte_unit. The bits of a byte, read as a bf16, are
// the byte times 2^-133; a product with the largest power of two makes it a normal number.
constexpr float byte_unit = 0x1.0p-6f;
__device__ __forceinline__ std::uint32_t byte_pair(std::uint32_t four, unsigned pair) {
#if defined(SW_EMULATED)
  const std::uint32_t two = four >> 16 * pair;
  return bf16_pair(byte_unit * static_cast<float>(two & 0xFFu), byte_unit * static_cast<float>(two >> 8 & 0xFFu));
#else
  constexpr std::uint32_t two_to_127 = 0x7F007F00u, minus_zero = 0x80008000u;
  std::uint32_t result;
  asm("fma.rn.bf16x2 %0, %1, %2, %3;"
      : "=r"(result)
      : "r"(__byte_perm(four, 0, pair == 0 ? 0x4140 : 0x4342)), "r"(two_to_127), "r"(minus_zero));
  return result;
#endif
}

#if defined(SW_EMULATED)

// A lane's share of tiles of shared memory: a[k * stride + m] and b[k * stride + n]. On a GPU their rows start at
// multiples of 16 bytes. Lane l has row l / 2 of the sum, columns l % 2 * 8 to + 7.
struct LeftTile {
  Bf16 at[product_tile];
  void load(const Bf16* from, unsigned stride) {
    for (unsigned k = 0; k < product_tile; ++k) at[k] = from[k * stride + threadIdx.x % 32 / 2];
  }
};
struct RightTile {
  Bf16 at[product_tile][8];
  void load(const Bf16* from, unsigned stride) {
    for (unsigned k = 0; k < product_tile; ++k) {
      for (unsigned n = 0; n < 8; ++n) at[k][n] = from[k * stride + threadIdx.x % 2 * 8 + n];
    }
  }
};

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
    for (unsigned n = 0; n < 8; ++n) {
      for (unsigned k = 0; k < product_tile; ++k) at[n] += from_bf16(a.at[k]) * from_bf16(b.at[k][n]);
    }
  }
  // Stores factor * sum[m,n] at to[m * stride + n], in shared memory.
  void store(float* to, unsigned stride, float factor) const {
    const unsigned lane = threadIdx.x % 32;
    for (unsigned n = 0; n < 8; ++n) to[lane / 2 * stride + lane % 2 * 8 + n] = factor * at[n];
  }
};

#else

// The lane's shares of four 8 x 8 tiles, transposed, whose rows start at `row` of lanes 0 to 7, 8 to 15 and so on.
__device__ __forceinline__ void load_transposed(const Bf16* row, std::uint32_t (&shares)[4]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(shares[0]), "=r"(shares[1]), "=r"(shares[2]), "=r"(shares[3])
               : "r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(row)))
               : "memory");
}

struct LeftTile {
  std::uint32_t shares[4];  // rows to 7 and from 8 on, for k to 7, then for k from 8 on
  __device__ __forceinline__ void load(const Bf16* from, unsigned stride) {
    const unsigned lane = threadIdx.x % 32;
    load_transposed(from + (lane / 16 * 8 + lane % 8) * stride + lane / 8 % 2 * 8, shares);
  }
};
struct RightTile {
  std::uint32_t shares[4];  // k to 7 and from 8 on, for columns to 7, then for columns from 8 on
  __device__ __forceinline__ void load(const Bf16* from, unsigned stride) {
    const unsigned lane = threadIdx.x % 32;
    load_transposed(from + lane % 16 * stride + lane / 16 * 8, shares);
  }
};

class TileSum {
 public:
  __device__ __forceinline__ void clear() { *this = {}; }
  __device__ __forceinline__ void move_to(TileSum& total) {
    for (unsigned n = 0; n < 8; ++n) total.sums_[n / 4][n % 4] += sums_[n / 4][n % 4];
    clear();
  }
  __device__ __forceinline__ void add_product(const LeftTile& a, const RightTile& b) {
    for (unsigned half = 0; half < 2; ++half) {
      float(&sum)[4] = sums_[half];
      asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
          "{%0, %1, %2, %3};"
          : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
          : "r"(a.shares[0]), "r"(a.shares[1]), "r"(a.shares[2]), "r"(a.shares[3]), "r"(b.shares[2 * half]),
            "r"(b.shares[2 * half + 1]));
    }
  }
  __device__ __forceinline__ void store(float* to, unsigned stride, float factor) const {
    const unsigned row = threadIdx.x % 32 / 4, column = threadIdx.x % 4 * 2;
    for (unsigned n = 0; n < 8; ++n) {
      to[(row + n % 4 / 2 * 8) * stride + n / 4 * 8 + column + n % 2] = factor * sums_[n / 4][n % 4];
    }
  }

 private:
  float sums_[2][4] = {};  // of columns to 7 and from 8 on
};

#endif

}  // namespace spikeweave::SW_DEVICE
