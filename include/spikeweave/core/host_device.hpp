// Marks functions that both the host and the device compile.
#pragma once

#if defined(__CUDACC__)
#define SW_HD __host__ __device__ __forceinline__
#else
#define SW_HD inline
#endif
