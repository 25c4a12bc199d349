// A gradient that is summed in parts, each over its own share of trials and steps; the parts are added in order.
#pragma once

#include <algorithm>

#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "kernels/unroll.cuh"

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

// Of the kernel that sums parts: its tile, the fewest rows of a part, how many blocks run at once on an H200, and how
// long a block takes [us].
struct PartRule {
  std::size_t tile_pre, tile_post;
  std::size_t least_rows;
  std::size_t blocks;
  double start, row;  // a block: start + row * rows
};

// The count that should take the least time. Depends on the shape alone, not on the device, so that every GPU gives the
// same bits.
inline Part choose_parts(const OuterProductArgs<float>& args, const PartRule& rule) {
  constexpr std::size_t largest_count = 528;
  constexpr std::size_t largest_scratch = std::size_t{64} << 20;  // elements: 256 MiB
  constexpr double launch = 3, part = 0.07, bytes = 3e6;          // a second pass [us], and what it moves in 1 us
  const std::size_t end = args.window.end_or(args.post.shape[1]);
  const std::size_t row_count = end > args.window.begin ? args.post.shape[0] * (end - args.window.begin) : 0;
  const std::size_t synapses = args.projection.synapse_count();
  const std::size_t pre_tiles = (args.projection.pre_count + rule.tile_pre - 1) / rule.tile_pre;
  const std::size_t post_tiles = (args.projection.post_count + rule.tile_post - 1) / rule.tile_post;
  if (row_count == 0 || synapses == 0) return {};
  const auto rows_of = [&](std::size_t count) { return (row_count + count - 1) / count; };
  const auto time_of = [&](std::size_t count) {
    const std::size_t waves = (pre_tiles * post_tiles * count + rule.blocks - 1) / rule.blocks;
    const double sums = static_cast<double>(waves) * (rule.start + rule.row * static_cast<double>(rows_of(count)));
    const double parts = static_cast<double>(count);
    return count == 1 ? sums : sums + launch + parts * part + 4 * (parts + 1) * static_cast<double>(synapses) / bytes;
  };
  std::size_t best = 1;
  for (std::size_t count = 2; count <= std::min(row_count / rule.least_rows, largest_count); ++count) {
    if (count * synapses <= largest_scratch && time_of(count) < time_of(best)) best = count;
  }
  return {.row_count = row_count,
          .rows = rows_of(best),
          .count = static_cast<unsigned>(best),
          .pre_tiles = static_cast<unsigned>(pre_tiles),
          .post_tiles = static_cast<unsigned>(post_tiles),
          .sums = nullptr};
}

constexpr unsigned sums_per_thread = 4;  // whose parts are on their way at once

// sums: [count, synapses]
static __global__ void add_parts_kernel(const float* sums, unsigned count, std::size_t synapses, float scale,
                                        float* gradient) {
  const std::size_t first = blockIdx.x * std::size_t{sums_per_thread} * blockDim.x + threadIdx.x;
  const auto synapse = [&](unsigned n) { return first + n * blockDim.x; };
  if (first >= synapses) return;
  const float* of[sums_per_thread];  // of what is not there, the first one's, so that no load waits for a comparison
  SW_UNROLL(4)
  for (unsigned n = 0; n < sums_per_thread; ++n) of[n] = sums + (synapse(n) < synapses ? synapse(n) : first);
  float sum[sums_per_thread] = {};
  SW_UNROLL(4)
  for (unsigned s = 0; s < count; ++s) {
    SW_UNROLL(4)
    for (unsigned n = 0; n < sums_per_thread; ++n) sum[n] += of[n][s * synapses];
  }
  SW_UNROLL(4)
  for (unsigned n = 0; n < sums_per_thread; ++n) {
    if (synapse(n) < synapses) gradient[synapse(n)] += scale * sum[n];
  }
}

inline void add_parts(Context& context, const float* sums, unsigned count, const OuterProductArgs<float>& args) {
  const std::size_t synapses = args.projection.synapse_count();
  launch_1d(context.stream, (synapses + sums_per_thread - 1) / sums_per_thread, add_parts_kernel, sums, count, synapses,
            args.scale, args.gradient.data);
}

}  // namespace spikeweave::SW_DEVICE
