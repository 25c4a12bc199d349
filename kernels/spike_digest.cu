// Digest of each trial's spikes. Integer sums do not depend on their order, so atomics are exact.
#include <algorithm>

#include "kernels/launch.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned digest_block = 256;
constexpr unsigned digest_blocks = 64;  // of a trial, at most

// Row of the grid: one trial; its blocks share the spikes.
__global__ void __launch_bounds__(digest_block) spike_digest_kernel(SpikeDigestArgs args) {
  const std::size_t trial = blockIdx.y;
  const std::size_t neurons = args.spikes.shape[2];
  const std::int32_t length = args.length[trial];
  const std::size_t begin = args.window.begin;
  const std::size_t end = length <= 0 ? 0 : args.window.end_in(static_cast<std::size_t>(length));
  const std::size_t count = end > begin ? (end - begin) * neurons : 0;
  const std::uint8_t* spikes = args.spikes.row(trial, begin);
  unsigned long long sum = 0;
  for (std::size_t i = global_index_1d(); i < count; i += std::size_t{gridDim.x} * digest_block) {
    if (spikes[i] != 0) sum += spike_hash(begin + i / neurons, i % neurons);
  }
  for (unsigned delta = 16; delta > 0; delta /= 2) sum += __shfl_down_sync(0xffffffffu, sum, delta);
  if (threadIdx.x % 32 == 0 && sum != 0) {
    static_assert(sizeof(unsigned long long) == sizeof(std::uint64_t));
    atomicAdd(reinterpret_cast<unsigned long long*>(&args.digest[trial]), sum);
  }
}

}  // namespace

void spike_digest(Context& context, const SpikeDigestArgs& args) {
  if (args.digest.empty()) return;
  if (args.window.begin == 0) {
    SW_CUDA_CHECK(cudaMemsetAsync(args.digest.data, 0, args.digest.size() * sizeof(std::uint64_t), context.stream));
  }
  const std::size_t per_trial = args.spikes.shape[1] * args.spikes.shape[2];
  const std::size_t blocks = std::min<std::size_t>(digest_blocks, (per_trial + digest_block - 1) / digest_block);
  launch({.grid = dim3(static_cast<unsigned>(blocks), static_cast<unsigned>(args.digest.size())),
          .block = dim3(digest_block),
          .stream = context.stream},
         spike_digest_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
