// dim3, uint2, uint4, ... of kernels in an emulated build.
//
// With SW_HAS_CUDA_HEADERS they are the toolkit's own types, so that its headers (curand_kernel.h) accept them;
// otherwise stand-ins with the same members. A binary is built with one of the two. A pointer to one of the toolkit's
// types finds the toolkit's runtime calls too (argument-dependent lookup), and cudaFree(uint4*) becomes ambiguous: hand
// it over as void*.
#pragma once

#if defined(SW_HAS_CUDA_HEADERS)

#include <cuda_runtime.h>

namespace spikeweave::emulated {

using ::dim3, ::uint3, ::uint2, ::uint4, ::int2, ::int4, ::float2, ::float4;
using ::make_float2, ::make_float4, ::make_int2, ::make_int4, ::make_uint2, ::make_uint3, ::make_uint4;

}  // namespace spikeweave::emulated

#else

namespace spikeweave::emulated {

struct uint3 {
  unsigned x, y, z;
};
struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned vx = 1, unsigned vy = 1, unsigned vz = 1) : x(vx), y(vy), z(vz) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(8) int2 {
  int x, y;
};
struct alignas(16) int4 {
  int x, y, z, w;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};

inline uint2 make_uint2(unsigned x, unsigned y) {
  return {x, y};
}
inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) {
  return {x, y, z};
}
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) {
  return {x, y, z, w};
}
inline int2 make_int2(int x, int y) {
  return {x, y};
}
inline int4 make_int4(int x, int y, int z, int w) {
  return {x, y, z, w};
}
inline float2 make_float2(float x, float y) {
  return {x, y};
}
inline float4 make_float4(float x, float y, float z, float w) {
  return {x, y, z, w};
}

}  // namespace spikeweave::emulated

#endif
