// Stands in for <cuda_runtime.h> where kernels/ is compiled as plain C++ (-DSW_EMULATED) to run on a CPU.
//
// namespace spikeweave::emulated: CUDA's names, found by the kernels that live in that namespace before the toolkit's
// global ones. namespace spikeweave::emulation: the machine, and what a test sets on it (execution.hpp,
// runtime_api.hpp). See README.md for what is modelled and what is not.
#pragma once

#include "emulation/vector_types.hpp"  // first: may include the toolkit, whose attribute macros are replaced below

// Attributes mean nothing to a host compiler, except __shared__, which would quietly become a local variable: undefined
// here, so that it does not compile. Use SW_SHARED.
#undef __global__
#undef __device__
#undef __host__
#undef __forceinline__
#undef __launch_bounds__
#undef __shared__
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

#include "emulation/device_functions.hpp"
#include "emulation/execution.hpp"
#include "emulation/runtime_api.hpp"
