// The one header through which kernels/ sees CUDA: the toolkit's runtime, or with SW_EMULATED its stand-in on a CPU.
//
// All code of kernels/ lives in `namespace spikeweave::SW_DEVICE { }`, so that both variants link into one test binary.
// In emulated builds that namespace holds the stand-ins too, and hides the toolkit's global names: write cudaMalloc,
// not ::cudaMalloc. Inside it `cuda::std` means spikeweave::cuda::std: write ::cuda::std.
#pragma once

#include <string>

#if defined(SW_EMULATED)
#include "emulation/cuda_emulation.hpp"
#define SW_DEVICE emulated
#else
#include <cuda_runtime.h>
#define SW_DEVICE cuda
#endif

#include "spikeweave/core/error.hpp"

namespace spikeweave::SW_DEVICE {

// Throws Error "file:line: expression: error name: text" unless status is cudaSuccess.
inline void check_cuda(cudaError_t status, const char* expression, const char* file, int line) {
  if (status == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // reported here, so a later check must not find it again
  throw Error(std::string(file) + ":" + std::to_string(line) + ": " + expression + ": " + cudaGetErrorName(status) +
              ": " + cudaGetErrorString(status));
}

}  // namespace spikeweave::SW_DEVICE

// Evaluates the runtime call once.
#define SW_CUDA_CHECK(expression) ::spikeweave::SW_DEVICE::check_cuda((expression), #expression, __FILE__, __LINE__)
