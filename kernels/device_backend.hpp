// Makes the CUDA backend. Plain C++: may be included without CUDA.
//
// namespace cuda: on a GPU; its functions exist only in builds with CUDA. namespace emulated: the same kernels on the
// emulated device of tests/emulation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "spikeweave/backend/backend.hpp"

namespace spikeweave {

// How the forward pass adds up what spikes give; every choice gives the same bits. automatic: the first that fits.
// The resident forms and streamed_grid record no traces.
enum class Propagation {
  automatic,
  resident_block,    // one launch, recurrent weights on the chip: a block runs a slice of the trials
  resident_cluster,  // the same, a cluster of blocks; from sm_90 on
  resident_grid,     // the same, any blocks that run at once
  streamed_grid,     // as resident_grid, weights read through the L2 cache
  trial_block,       // one launch, a block per trial, weights read through the caches; at most 1024 neurons
  gather,            // two launches per step: weights of the active cells only
  gemm               // two launches per step: dense tiles, shared by the trials of the batch
};

struct DeviceOptions {
  Propagation propagation = Propagation::automatic;
  unsigned group = 0;  // blocks that run a slice together; 0: as few as hold the weights
  std::size_t current_bytes = std::size_t{256} << 20;  // at most so much for input currents: of as many steps as fit
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
