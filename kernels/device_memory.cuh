// Device memory: allocation with an error that names the array, and a block that operations use as scratch.
#pragma once

#include <cstddef>
#include <string>

#include "kernels/cuda_api.cuh"
#include "spikeweave/core/error.hpp"

namespace spikeweave::SW_DEVICE {

inline void* allocate_device_memory(std::size_t bytes, const std::string& what) {
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());  // reported here, so a later check must not find it again
    std::size_t free = 0;
    std::size_t total = 0;
    SW_CUDA_CHECK(cudaMemGetInfo(&free, &total));
    throw Error("GPU out of memory: " + what + ": " + std::to_string(bytes) + " bytes asked, " + std::to_string(free) +
                " free; `spikeweave plan` says what fits");
  }
  SW_CUDA_CHECK(status);
  return memory;
}

// Grows on demand and keeps what it has. Its content does not outlive the operation that asked for it.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { static_cast<void>(cudaFree(memory_)); }

  template <class T>
  T* get(std::size_t count, const std::string& what) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes > capacity_) {
      SW_CUDA_CHECK(cudaFree(memory_));  // first: both might not fit
      memory_ = nullptr;
      capacity_ = 0;
      memory_ = allocate_device_memory(bytes, what);
      capacity_ = bytes;
    }
    return static_cast<T*>(memory_);
  }

 private:
  void* memory_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace spikeweave::SW_DEVICE
