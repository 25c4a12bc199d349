// A gradient that is summed in parts, each over its own share of trials and steps; the parts are added in order.
#pragma once

#include <algorithm>

#include "kernels/launch.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {

// K = batch * steps, split so that small blocks of weights use the whole GPU too.
struct Part {
  std::size_t row_count;  // K
  std::size_t rows;       // of one part
  unsigned count;         // 0: nothing to sum
  unsigned pre_tiles, post_tiles;
  float* sums;  // [count, pre_count, post_count]; not used where count is 1

  // The rows of part blockIdx.z.
  __device__ __forceinline__ std::size_t begin() const { return blockIdx.z * rows; }
  __device__ __forceinline__ std::size_t end() const { return begin() + rows < row_count ? begin() + rows : row_count; }
  dim3 grid() const { return dim3(post_tiles, pre_tiles, count); }
  std::size_t scratch(const OuterProductArgs<float>& args) const {  // elements
    return count > 1 ? count * args.projection.synapse_count() : 0;
  }
};

// Depends on the shape alone, not on the device, so that every GPU gives the same bits.
inline Part choose_parts(const OuterProductArgs<float>& args, std::size_t tile_pre, std::size_t tile_post) {
  constexpr std::size_t wanted_blocks = 528;                      // four for each multiprocessor of an H200
  constexpr std::size_t least_rows = 256;                         // less is not worth the second pass
  constexpr std::size_t largest_scratch = std::size_t{64} << 20;  // elements: 256 MiB
  const std::size_t end = args.window.end_or(args.post.shape[1]);
  const std::size_t row_count = end > args.window.begin ? args.post.shape[0] * (end - args.window.begin) : 0;
  const std::size_t synapses = args.projection.synapse_count();
  const std::size_t pre_tiles = (args.projection.pre_count + tile_pre - 1) / tile_pre;
  const std::size_t post_tiles = (args.projection.post_count + tile_post - 1) / tile_post;
  if (row_count == 0 || synapses == 0) return {};
  std::size_t count = std::max<std::size_t>(1, wanted_blocks / (pre_tiles * post_tiles));
  count = std::min(count, std::max<std::size_t>(1, row_count / least_rows));
  count = std::min(count, std::max<std::size_t>(1, largest_scratch / synapses));
  return {.row_count = row_count,
          .rows = (row_count + count - 1) / count,
          .count = static_cast<unsigned>(count),
          .pre_tiles = static_cast<unsigned>(pre_tiles),
          .post_tiles = static_cast<unsigned>(post_tiles),
          .sums = nullptr};
}

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
