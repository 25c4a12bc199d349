// Philox words on the device: cuRAND's own ten rounds, keyed as core/random.hpp keys them.
//
// Emulated builds compile cuRAND's header for the host where the toolkit is installed, else use core/random.hpp.
#pragma once

#include <cstdint>

#include "kernels/cuda_api.cuh"
#include "spikeweave/core/random.hpp"

#if !defined(SW_EMULATED)
#include <curand_philox4x32_x.h>
#elif defined(SW_HAS_CUDA_HEADERS)
#if !defined(QUALIFIERS)
#define QUALIFIERS static inline  // cuRAND's name for the attributes of its functions
#endif
#include <curand_philox4x32_x.h>
#endif

namespace spikeweave::SW_DEVICE {

__device__ __forceinline__ PhiloxCounter random_words(const PhiloxCounter& counter, const PhiloxKey& key) {
#if defined(SW_EMULATED) && !defined(SW_HAS_CUDA_HEADERS)
  return philox4x32_10(counter, key);
#else
  const uint4 words =
      curand_Philox4x32_10(make_uint4(counter.x, counter.y, counter.z, counter.w), make_uint2(key.x, key.y));
  return {words.x, words.y, words.z, words.w};
#endif
}

}  // namespace spikeweave::SW_DEVICE
