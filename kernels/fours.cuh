// Four neighbouring numbers of an array, read at once where their address allows it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda_api.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {

// T: std::uint8_t, whose four share a register, or float.
template <class T>
struct Four;
template <>
struct Four<std::uint8_t> {
  using Word = std::uint32_t;
  Word word = 0;

  __device__ __forceinline__ float operator[](unsigned n) const { return static_cast<float>(word >> 8 * n & 0xFFu); }
  __device__ __forceinline__ void set(unsigned n, std::uint8_t value) { word |= static_cast<Word>(value) << 8 * n; }
};
template <>
struct Four<float> {
  using Word = float4;
  Word word = {};

  __device__ __forceinline__ float operator[](unsigned n) const {
    return n == 0 ? word.x : n == 1 ? word.y : n == 2 ? word.z : word.w;
  }
  __device__ __forceinline__ void set(unsigned n, float value) {
    (n == 0 ? word.x : n == 1 ? word.y : n == 2 ? word.z : word.w) = value;
  }
};

// All four, at a multiple of their size.
template <class T>
__device__ __forceinline__ Four<T> read_aligned_four(const T* from) {
  return {*reinterpret_cast<const typename Four<T>::Word*>(from)};
}
template <class T, class ValueOf>
__device__ __forceinline__ Four<T> make_four(const ValueOf& value_of) {
  Four<T> four;
  SW_UNROLL(4)
  for (unsigned n = 0; n < 4; ++n) four.set(n, value_of(n));
  return four;
}
// The first `count` of them, at any address, and 0.
template <class T>
__device__ __forceinline__ Four<T> read_four(const T* from, unsigned count) {
  if (count >= 4 && reinterpret_cast<std::size_t>(from) % sizeof(typename Four<T>::Word) == 0) {
    return read_aligned_four(from);
  }
  return make_four<T>([&](unsigned n) { return n < count ? from[n] : T{0}; });
}
// Of a line of `count` numbers, those from number k on; of no line (nullptr): 0.
template <class T>
__device__ __forceinline__ Four<T> read_four_of(const T* line, unsigned k, unsigned count) {
  return line == nullptr || k >= count ? Four<T>{} : read_four(line + k, count - k);
}

}  // namespace spikeweave::SW_DEVICE
