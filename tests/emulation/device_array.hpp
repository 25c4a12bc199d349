// Device memory of a test of the emulator: filled from the host, freed at the end.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/cuda_api.cuh"

namespace spikeweave::emulation {

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values) : size_(values.size()) {
    SW_CUDA_CHECK(emulated::cudaMalloc(&data_, size_ * sizeof(T)));
    SW_CUDA_CHECK(emulated::cudaMemcpy(data_, values.data(), size_ * sizeof(T), emulated::cudaMemcpyHostToDevice));
  }
  DeviceArray(std::size_t size, T value) : DeviceArray(std::vector<T>(size, value)) {}
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() { emulated::cudaFree(data_); }

  T* data() const { return data_; }

  std::vector<T> to_host() const {
    std::vector<T> values(size_);
    SW_CUDA_CHECK(emulated::cudaMemcpy(values.data(), data_, size_ * sizeof(T), emulated::cudaMemcpyDeviceToHost));
    return values;
  }

 private:
  std::size_t size_;
  T* data_ = nullptr;
};

}  // namespace spikeweave::emulation
