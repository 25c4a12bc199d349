// Memory: allocation on the device with an error that names the array, a block that operations use as scratch, and
// page-locked memory for what is on its way there.
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

// Page-locked memory of the host, in which uploads wait for their turn in the stream: the caller does not.
class Staging {
 public:
  static constexpr std::size_t capacity = std::size_t{8} << 20;

  Staging() = default;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() { static_cast<void>(cudaFreeHost(memory_)); }

  // Room for `bytes` <= capacity; waits for the stream where what it holds leaves none.
  void* take(std::size_t bytes, cudaStream_t stream) {
    constexpr std::size_t alignment = 256;
    SW_EXPECTS(bytes <= capacity, "an upload is larger than the memory that it is to wait in");
    if (memory_ == nullptr) SW_CUDA_CHECK(cudaMallocHost(&memory_, capacity));
    if (used_ + bytes > capacity) {
      SW_CUDA_CHECK(cudaStreamSynchronize(stream));
      clear();
    }
    void* const room = static_cast<unsigned char*>(memory_) + used_;
    used_ = (used_ + bytes + alignment - 1) / alignment * alignment;
    return room;
  }
  // The stream has done all that it was given.
  void clear() { used_ = 0; }

 private:
  void* memory_ = nullptr;
  std::size_t used_ = 0;
};

}  // namespace spikeweave::SW_DEVICE
