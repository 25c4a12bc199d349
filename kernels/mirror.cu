// A phase of noise for feedback weights: draw, receive, correlate; one launch each, a thread per number.
#include "kernels/device_random.cuh"
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "spikeweave/core/gaussian.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

// noise: [samples, pre]
__global__ void draw_noise_kernel(MirrorArgs<float> args, float* noise) {
  const std::size_t index = global_index_1d();
  const std::size_t pre = args.projection.pre_count;
  if (index >= args.samples * pre) return;
  const std::size_t i = index % pre;
  const PhiloxCounter words = random_words(args.counter(index / pre, i), random_key(args.seed));
  noise[index] = args.noise * standard_normal<float>(word_of(words, static_cast<std::uint32_t>(i % 4)));
}

// received: [samples, post]
__global__ void receive_kernel(MirrorArgs<float> args, SparseView synapses, bool is_sparse, const float* noise,
                               float* received) {
  const std::size_t index = global_index_1d();
  const std::size_t pre = args.projection.pre_count, post = args.projection.post_count;
  if (index >= args.samples * post) return;
  const float* const own = noise + index / post * pre;
  const std::size_t j = index % post;
  float sum = 0.0f;
  if (is_sparse) {
    for (std::uint32_t k = synapses.column_start[j]; k < synapses.column_start[j + 1]; ++k) {
      sum = sum + own[synapses.column_source[k]] * args.projection.weights[synapses.column_synapse[k]];
    }
  } else {
    for (std::size_t i = 0; i < pre; ++i) sum = sum + own[i] * args.projection.weights[i * post + j];
  }
  received[index] = sum;
}

// Thread: one synapse.
__global__ void correlate_kernel(MirrorArgs<float> args, SparseView synapses, bool is_sparse, const float* noise,
                                 const float* received, float rate) {
  const std::size_t w = global_index_1d();
  const std::size_t pre = args.projection.pre_count, post = args.projection.post_count;
  if (w >= (is_sparse ? synapses.target.size() : pre * post)) return;
  const std::size_t i = is_sparse ? synapses.source[w] : w / post;
  const std::size_t j = is_sparse ? synapses.target[w] : w % post;
  float sum = 0.0f;
  for (std::size_t s = 0; s < args.samples; ++s) sum = sum + noise[s * pre + i] * received[s * post + j];
  const FeedbackArgs<float>& to = args.feedback;
  float& back = is_sparse ? to.back[w] : to.back[i * to.row_stride + j * to.column_stride];
  back = args.decay * back + rate * sum;
}

}  // namespace

void mirror(Context& context, const MirrorArgs<float>& args) {
  const std::size_t synapse_count = args.projection.synapse_count();
  if (synapse_count == 0) return;
  const std::size_t sent = args.samples * args.projection.pre_count;
  const std::size_t arriving = args.samples * args.projection.post_count;
  float* const noise = context.scratch.get<float>(sent + arriving, "noise of the weight mirror");
  float* const received = noise + sent;
  const bool is_sparse = args.projection.sparse != nullptr;
  const SparseView synapses = is_sparse ? *args.projection.sparse : SparseView{};
  launch_1d(context.stream, sent, draw_noise_kernel, args, noise);
  launch_1d(context.stream, arriving, receive_kernel, args, synapses, is_sparse, noise, received);
  launch_1d(context.stream, synapse_count, correlate_kernel, args, synapses, is_sparse, noise, received,
            args.rate / static_cast<float>(args.samples));
}

}  // namespace spikeweave::SW_DEVICE
