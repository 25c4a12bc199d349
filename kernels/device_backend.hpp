// Makes the CUDA backend. Plain C++: may be included without CUDA.
//
// namespace cuda: on a GPU; its functions exist only in builds with CUDA. namespace emulated: the same kernels on the
// emulated device of tests/emulation.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "spikeweave/backend/backend.hpp"

namespace spikeweave {

// How the forward pass adds up input currents; every choice gives the same bits.
// automatic: persistent up to 1024 neurons; beyond, gemm where batch >= 64 and neurons >= 4096, else gather.
enum class Propagation {
  automatic,
  persistent,  // one block per trial runs all steps; at most 1024 neurons
  gather,      // per step: weights of the active cells only
  gemm         // per step: dense tiles, shared by the trials of the batch
};

struct DeviceOptions {
  Propagation propagation = Propagation::automatic;
};

struct DeviceInfo {
  int index = 0;
  std::string name;
  int major = 0;  // compute capability
  int minor = 0;
  int multiprocessor_count = 0;
  std::size_t memory_bytes = 0;
};

namespace cuda {
// Throws Error where there is no driver, no device, or no device of that index.
std::unique_ptr<Backend<float>> make_backend(int device = 0, const DeviceOptions& options = {});
std::vector<DeviceInfo> devices();  // empty where there is no driver or no device
}  // namespace cuda

namespace emulated {
std::unique_ptr<Backend<float>> make_backend(int device = 0, const DeviceOptions& options = {});
std::vector<DeviceInfo> devices();
}  // namespace emulated

}  // namespace spikeweave
