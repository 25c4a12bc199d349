// The emulated runtime calls.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kernels/cuda_api.cuh"
#include "kernels/launch.cuh"
#include "spikeweave/core/error.hpp"

#if defined(SW_HAS_CUDA_HEADERS)
#include <curand_kernel.h>
#endif

namespace spikeweave::emulated {
namespace {

TEST(EmulatedRuntime, NewDeviceMemoryReadsAsNaN) {
  float* device = nullptr;
  std::vector<float> host(100, 0.f);
  SW_CUDA_CHECK(cudaMalloc(&device, 400));

  SW_CUDA_CHECK(cudaMemcpy(host.data(), device, 400, cudaMemcpyDeviceToHost));

  for (const float value : host) EXPECT_TRUE(std::isnan(value));
  SW_CUDA_CHECK(cudaFree(device));
}

TEST(EmulatedRuntime, AllocationBeyondTheMemoryLimitFails) {
  void* first = nullptr;
  void* second = nullptr;
  std::size_t free = 0;
  std::size_t total = 0;
  emulation::set_memory_limit(1000);

  EXPECT_EQ(cudaMalloc(&first, 600), cudaSuccess);
  EXPECT_EQ(cudaMemGetInfo(&free, &total), cudaSuccess);
  EXPECT_EQ(cudaMallocAsync(&second, 401, nullptr), cudaErrorMemoryAllocation);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaErrorMemoryAllocation);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(cudaMallocAsync(&second, 400, nullptr), cudaSuccess);
  EXPECT_EQ(emulation::allocated_bytes(), 1000u);
  EXPECT_EQ(free, 400u);
  EXPECT_EQ(total, 1000u);

  EXPECT_EQ(cudaFree(first), cudaSuccess);
  EXPECT_EQ(cudaFreeAsync(second, nullptr), cudaSuccess);
  EXPECT_EQ(emulation::allocated_bytes(), 0u);
  emulation::set_memory_limit();
}

TEST(EmulatedRuntime, CheckThrowsWithPlaceExpressionNameAndText) {
  void* memory = nullptr;
  emulation::set_memory_limit(0);

  try {
    SW_CUDA_CHECK(cudaMalloc(&memory, 1));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("runtime_api_test.cpp:"), std::string::npos) << text;
    EXPECT_NE(text.find(": cudaMalloc(&memory, 1): cudaErrorMemoryAllocation: out of memory"), std::string::npos)
        << text;
  }
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  emulation::set_memory_limit();
}

TEST(EmulatedRuntime, CopyInTheWrongDirectionOrBeyondTheEndIsRefused) {
  int* device = nullptr;
  int* pinned = nullptr;
  int host[4] = {1, 2, 3, 4};
  SW_CUDA_CHECK(cudaMalloc(&device, sizeof host));
  SW_CUDA_CHECK(cudaMallocHost(&pinned, sizeof host));

  EXPECT_EQ(cudaMemcpyAsync(device, host, sizeof host, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(pinned, device, sizeof host, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(pinned[3], 4);
  EXPECT_EQ(cudaMemcpy(device, host, sizeof host, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(pinned, host, sizeof host, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(device + 1, host, sizeof host, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemset(device, 0, sizeof host + 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemsetAsync(device, 0, sizeof host), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(host, device, sizeof host, cudaMemcpyDefault), cudaSuccess);
  EXPECT_EQ(host[3], 0);

  EXPECT_EQ(cudaFree(device + 1), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(device), cudaSuccess);
  EXPECT_EQ(cudaFree(device), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeHost(pinned), cudaSuccess);
  static_cast<void>(cudaGetLastError());
}

TEST(EmulatedRuntime, EventsMeasureTime) {
  cudaStream_t stream = nullptr;
  cudaEvent_t start = nullptr;
  cudaEvent_t stop = nullptr;
  float milliseconds = -1.f;
  SW_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  SW_CUDA_CHECK(cudaEventCreate(&start));
  SW_CUDA_CHECK(cudaEventCreate(&stop));

  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, start, stop), cudaErrorInvalidValue);
  EXPECT_EQ(cudaEventRecord(start, stream), cudaSuccess);
  EXPECT_EQ(cudaEventRecord(stop, stream), cudaSuccess);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(cudaEventSynchronize(stop), cudaSuccess);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, start, stop), cudaSuccess);
  EXPECT_GE(milliseconds, 0.f);

  SW_CUDA_CHECK(cudaEventDestroy(stop));
  SW_CUDA_CHECK(cudaEventDestroy(start));
  SW_CUDA_CHECK(cudaStreamDestroy(stream));
  static_cast<void>(cudaGetLastError());
}

TEST(EmulatedRuntime, OneDeviceDescribesItself) {
  int count = 0;
  int attribute = 0;
  cudaDeviceProp properties;

  EXPECT_EQ(cudaGetDeviceCount(&count), cudaSuccess);
  EXPECT_EQ(cudaGetDeviceProperties(&properties, 0), cudaSuccess);
  EXPECT_EQ(cudaDeviceGetAttribute(&attribute, cudaDevAttrMultiProcessorCount, 0), cudaSuccess);

  EXPECT_EQ(count, 1);
  EXPECT_EQ(properties.warpSize, 32);
  EXPECT_EQ(attribute, properties.multiProcessorCount);
  EXPECT_EQ(cudaSetDevice(1), cudaErrorInvalidDevice);
}

TEST(EmulatedRuntime, IntrinsicsGiveTheValuesOfCudasManual) {
  EXPECT_EQ(__popc(0xf0f0u), 8);
  EXPECT_EQ(__popcll(~0ull), 64);
  EXPECT_EQ(__ffs(0), 0);
  EXPECT_EQ(__ffs(8), 4);
  EXPECT_EQ(__clz(0), 32);
  EXPECT_EQ(__clz(1), 31);
  EXPECT_EQ(__umulhi(0x80000000u, 6u), 3u);
  EXPECT_EQ(__float_as_uint(1.f), 0x3f800000u);
  EXPECT_EQ(__uint_as_float(0x40000000u), 2.f);
  EXPECT_EQ(__fmaf_rn(2.f, 3.f, 4.f), 10.f);
  EXPECT_EQ(min(3, 2), 2);
}

#if defined(SW_HAS_CUDA_HEADERS)
__global__ void philox_kernel(uint4* out) {
  out[threadIdx.x] = curand_Philox4x32_10(make_uint4(0u, 0u, 0u, 0u), make_uint2(0u, 0u));
}

TEST(EmulatedRuntime, CurandsDeviceHeaderRunsInAKernel) {
  void* device = nullptr;
  uint4 words[2];
  SW_CUDA_CHECK(cudaMalloc(&device, sizeof words));

  launch({.block = dim3(2)}, philox_kernel, static_cast<uint4*>(device));
  SW_CUDA_CHECK(cudaMemcpy(words, device, sizeof words, cudaMemcpyDeviceToHost));

  // kat_vectors of Random123 1.09: philox4x32 10, counter 0, key 0
  EXPECT_EQ(words[1].x, 0x6627e8d5u);
  EXPECT_EQ(words[1].y, 0xe169c58du);
  EXPECT_EQ(words[1].z, 0xbc57ac4cu);
  EXPECT_EQ(words[1].w, 0x9b00dbd8u);
  SW_CUDA_CHECK(cudaFree(device));
}
#endif

}  // namespace
}  // namespace spikeweave::emulated
