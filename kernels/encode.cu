// Input events of all steps; one thread draws the four words of a Philox block for four neighbouring cells.
#include "kernels/device_random.cuh"
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "spikeweave/core/sampling.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

static_assert(max_poisson_count <= 255, "a count is stored in a byte");

__device__ std::uint8_t draw_event(Encoding encoding, float intensity, std::uint32_t word) {
  if (encoding == Encoding::bernoulli) return word < bernoulli_threshold(intensity) ? 1 : 0;
  return static_cast<std::uint8_t>(poisson_count(intensity, word));
}

__global__ void encode_kernel(EncodeArgs args, std::size_t block_count) {
  const std::size_t steps = args.events.shape[1];
  const std::size_t inputs = args.events.shape[2];
  const std::size_t index = global_index_1d();
  if (index >= args.events.shape[0] * steps * block_count) return;
  const std::size_t block = index % block_count;
  const std::size_t step = index / block_count % steps;
  const std::size_t trial = index / block_count / steps;

  const bool is_running = static_cast<std::int64_t>(step) < args.length[trial];
  PhiloxCounter words;
  if (is_running) {
    words = random_words(random_counter(Purpose::input_spikes, 0, static_cast<std::uint32_t>(block),
                                        args.keys.trial[trial], static_cast<std::uint32_t>(step)),
                         random_key(args.keys.seed));
  }
  const float* intensity = args.intensity.row(trial, step / args.frame_steps);
  std::uint8_t* events = args.events.row(trial, step);
  for (std::uint32_t lane = 0; lane < 4; ++lane) {
    const std::size_t i = 4 * block + lane;
    if (i < inputs) events[i] = is_running ? draw_event(args.encoding, intensity[i], word_of(words, lane)) : 0;
  }
}

}  // namespace

void encode(Context& context, const EncodeArgs& args) {
  SW_EXPECTS(args.encoding == Encoding::bernoulli || args.encoding == Encoding::poisson,
             "encode: expected bernoulli or poisson");
  if (args.events.empty()) return;
  const std::size_t block_count = (args.events.shape[2] + 3) / 4;
  launch_1d(context.stream, args.events.shape[0] * args.events.shape[1] * block_count, encode_kernel, args,
            block_count);
}

}  // namespace spikeweave::SW_DEVICE
