// CUDA's device functions for kernels in an emulated build: collectives, atomics, arithmetic.
//
// Float atomics are absent on purpose: their order is not fixed. Atomics need no care here, since one thread runs at a
// time; fences order nothing for the same reason.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "emulation/execution.hpp"

namespace spikeweave::emulated {

// --- block ---

inline void __syncthreads() {
  emulation::block_barrier(emulation::Collective::syncthreads, false);
}
inline int __syncthreads_and(int predicate) {
  return emulation::block_barrier(emulation::Collective::syncthreads_and, predicate != 0);
}
inline int __syncthreads_or(int predicate) {
  return emulation::block_barrier(emulation::Collective::syncthreads_or, predicate != 0);
}
inline int __syncthreads_count(int predicate) {
  return emulation::block_barrier(emulation::Collective::syncthreads_count, predicate != 0);
}
inline void __threadfence_block() {}
inline void __threadfence() {}
inline void __threadfence_system() {}

// --- warp ---

inline void __syncwarp(unsigned mask = 0xffffffffu) {
  emulation::warp_vote(emulation::Collective::syncwarp, mask, false);
}
inline unsigned __ballot_sync(unsigned mask, int predicate) {
  return emulation::warp_vote(emulation::Collective::ballot, mask, predicate != 0);
}
inline int __any_sync(unsigned mask, int predicate) {
  return emulation::warp_vote(emulation::Collective::any, mask, predicate != 0) != 0;
}
inline int __all_sync(unsigned mask, int predicate) {
  return emulation::warp_vote(emulation::Collective::all, mask, predicate != 0) == mask;
}
// Lanes that happen to run together are no promise; here a lane always runs alone.
inline unsigned __activemask() {
  return 1u << emulation::lane();
}

namespace detail {

template <class T>
concept Shuffled = std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, long> ||
    std::same_as<T, unsigned long> || std::same_as<T, long long> || std::same_as<T, unsigned long long> ||
    std::same_as<T, float> || std::same_as<T, double>;

template <Shuffled T>
T shuffle(emulation::Collective kind, unsigned mask, T value, unsigned argument, int width) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = emulation::warp_shuffle(kind, mask, bits, sizeof value, argument, width);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace detail

template <detail::Shuffled T>
T __shfl_sync(unsigned mask, T value, int source_lane, int width = warpSize) {
  return detail::shuffle(emulation::Collective::shfl, mask, value, static_cast<unsigned>(source_lane), width);
}
template <detail::Shuffled T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize) {
  return detail::shuffle(emulation::Collective::shfl_up, mask, value, delta, width);
}
template <detail::Shuffled T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize) {
  return detail::shuffle(emulation::Collective::shfl_down, mask, value, delta, width);
}
template <detail::Shuffled T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = warpSize) {
  return detail::shuffle(emulation::Collective::shfl_xor, mask, value, static_cast<unsigned>(lane_mask), width);
}

// --- atomics ---

namespace detail {

template <class T>
concept Atomic = std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, unsigned long long>;

}  // namespace detail

// The type of an argument that follows the pointed-to type, as with CUDA's overloads.
template <detail::Atomic T>
T atomicExch(T* address, std::type_identity_t<T> value) {
  return std::exchange(*address, value);
}
template <detail::Atomic T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
  using Unsigned = std::make_unsigned_t<T>;  // wraps around, also for int
  return std::exchange(*address, static_cast<T>(static_cast<Unsigned>(*address) + static_cast<Unsigned>(value)));
}
template <detail::Atomic T>
T atomicMax(T* address, std::type_identity_t<T> value) {
  return std::exchange(*address, std::max(*address, value));
}
template <detail::Atomic T>
T atomicMin(T* address, std::type_identity_t<T> value) {
  return std::exchange(*address, std::min(*address, value));
}
template <detail::Atomic T>
T atomicCAS(T* address, std::type_identity_t<T> compare, std::type_identity_t<T> value) {
  return std::exchange(*address, *address == compare ? value : *address);
}

// --- arithmetic ---

inline int __popc(unsigned x) {
  return std::popcount(x);
}
inline int __popcll(unsigned long long x) {
  return std::popcount(x);
}
inline int __clz(int x) {
  return std::countl_zero(static_cast<unsigned>(x));
}
inline int __clzll(long long x) {
  return std::countl_zero(static_cast<unsigned long long>(x));
}
inline int __ffs(int x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1;
}
inline int __ffsll(long long x) {
  return x == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(x)) + 1;
}
inline unsigned __umulhi(unsigned a, unsigned b) {
  return static_cast<unsigned>(std::uint64_t{a} * b >> 32);
}

inline float __fadd_rn(float a, float b) {
  return a + b;
}
inline float __fsub_rn(float a, float b) {
  return a - b;
}
inline float __fmul_rn(float a, float b) {
  return a * b;
}
inline float __fdiv_rn(float a, float b) {
  return a / b;
}
inline float __fsqrt_rn(float a) {
  return std::sqrt(a);
}
inline float __fmaf_rn(float a, float b, float c) {
  return std::fma(a, b, c);
}

inline unsigned __float_as_uint(float x) {
  return std::bit_cast<unsigned>(x);
}
inline int __float_as_int(float x) {
  return std::bit_cast<int>(x);
}
inline float __uint_as_float(unsigned x) {
  return std::bit_cast<float>(x);
}
inline float __int_as_float(int x) {
  return std::bit_cast<float>(x);
}

// Of global memory alone.
template <class T>
T __ldg(const T* address) {
  emulation::require_global(address, "__ldg");
  return *address;
}
template <class T>
T __ldcg(const T* address) {
  emulation::require_global(address, "__ldcg");
  return *address;
}
template <class T>
requires std::is_arithmetic_v<T> T min(T a, T b) {
  return std::min(a, b);
}
template <class T>
requires std::is_arithmetic_v<T> T max(T a, T b) {
  return std::max(a, b);
}

}  // namespace spikeweave::emulated
