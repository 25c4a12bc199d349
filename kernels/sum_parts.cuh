// A gradient that is summed in parts, each over its own share of trials and steps; the parts are added in order.
#pragma once

#include "kernels/launch.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {

// Thread: one synapse. sums: [count, synapses]
static __global__ void add_parts_kernel(const float* sums, unsigned count, std::size_t synapses, float scale,
                                        float* gradient) {
  const std::size_t synapse = global_index_1d();
  if (synapse >= synapses) return;
  float sum = 0.0f;
  for (unsigned s = 0; s < count; ++s) sum += sums[s * synapses + synapse];
  gradient[synapse] += scale * sum;
}

inline void add_parts(Context& context, const float* sums, unsigned count, const OuterProductArgs<float>& args) {
  const std::size_t synapses = args.projection.synapse_count();
  launch_1d(context.stream, synapses, add_parts_kernel, sums, count, synapses, args.scale, args.gradient.data);
}

}  // namespace spikeweave::SW_DEVICE
