// Local learning signal; one thread per trial and neuron, forward in time.
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

__global__ void local_signal_kernel(LocalSignalArgs<float> args) {
  const std::size_t end = args.window.end_or(args.signal.shape[1]);
  const std::size_t neurons = args.signal.shape[2];
  const std::size_t index = global_index_1d();
  if (index >= args.signal.shape[0] * neurons) return;
  const std::size_t trial = index / neurons;
  const std::size_t neuron = index % neurons;

  const float scale = args.scale[trial];
  float trace = args.window.begin > 0 ? args.trace[index] : 0.0f;
  for (std::size_t t = args.window.begin; t < end && static_cast<std::int64_t>(t) < args.length[trial]; ++t) {
    const auto spike = static_cast<float>(args.spikes(trial, t, neuron));
    float& signal = args.signal(trial, t, neuron);
    signal = local_signal_value(args.prediction, scale, args.is_given ? signal : trace, spike);
    trace = predicted_spike(args.prediction, trace, spike);
  }
  if (!args.trace.empty()) args.trace[index] = trace;
}

}  // namespace

void local_signal(Context& context, const LocalSignalArgs<float>& args) {
  launch_1d(context.stream, args.signal.shape[0] * args.signal.shape[2], local_signal_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
