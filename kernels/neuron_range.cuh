// Neurons that lie together in the network's index space.
#pragma once

#include <cstddef>

#include "kernels/cuda_api.cuh"

namespace spikeweave::SW_DEVICE {

struct NeuronRange {
  std::size_t begin = 0, count = 0;
};

}  // namespace spikeweave::SW_DEVICE
