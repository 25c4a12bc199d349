// The spikes that the readout has seen, filtered; one thread per trial and neuron, forward in time.
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "spikeweave/core/flush.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

__global__ void sent_trace_kernel(SentTraceArgs<float> args) {
  const std::size_t neurons = args.trace.shape[1];
  const std::size_t index = global_index_1d();
  if (index >= args.trace.shape[0] * neurons) return;
  const std::size_t trial = index / neurons;
  const std::size_t neuron = index % neurons;

  float trace = args.window.begin > 0 ? args.trace[index] : 0.0f;
  for (std::size_t t = args.window.begin; t < args.window.end && static_cast<std::int64_t>(t) < args.length[trial];
       ++t) {
    const float sent =
        args.outputs.empty() ? static_cast<float>(args.spikes(trial, t, neuron)) : args.outputs(trial, t, neuron);
    const bool is_seen = args.mask.empty() || args.mask(trial, t / args.frame_steps, neuron) != 0;
    trace = flush(args.decay * trace + (is_seen ? args.mask_scale * sent : 0.0f));
  }
  args.trace[index] = trace;
}

}  // namespace

void sent_trace(Context& context, const SentTraceArgs<float>& args) {
  launch_1d(context.stream, args.trace.size(), sent_trace_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
