// Dropout masks; one thread draws the four words of a Philox block for four neighbouring cells.
#include "kernels/device_random.cuh"
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "spikeweave/core/sampling.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

__global__ void dropout_kernel(DropoutArgs args, std::uint64_t threshold, std::size_t block_count) {
  const std::size_t frames = args.mask.shape[1];
  const std::size_t cells = args.mask.shape[2];
  const std::size_t index = global_index_1d();
  if (index >= args.mask.shape[0] * frames * block_count) return;
  const std::size_t block = index % block_count;
  const std::size_t frame = args.first_frame + index / block_count % frames;
  const std::size_t trial = index / block_count / frames;

  const PhiloxCounter words = random_words(random_counter(args.purpose, 0, static_cast<std::uint32_t>(block),
                                                          args.keys.trial[trial], static_cast<std::uint32_t>(frame)),
                                           random_key(args.keys.seed));
  std::uint8_t* mask = args.mask.row(trial, frame);
  for (std::uint32_t lane = 0; lane < 4; ++lane) {
    const std::size_t i = 4 * block + lane;
    if (i < cells) mask[i] = word_of(words, lane) < threshold ? 0 : 1;
  }
}

}  // namespace

void dropout(Context& context, const DropoutArgs& args) {
  if (args.mask.empty()) return;
  const std::size_t block_count = (args.mask.shape[2] + 3) / 4;
  launch_1d(context.stream, args.mask.shape[0] * args.mask.shape[1] * block_count, dropout_kernel, args,
            bernoulli_threshold(static_cast<float>(args.drop_probability)), block_count);
}

}  // namespace spikeweave::SW_DEVICE
