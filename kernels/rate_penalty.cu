// Factor of the firing-rate penalty; one thread per trial and neuron.
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "spikeweave/learning/rate_penalty.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

// Spikes per step up to the end of the window; 0 for a trial without steps.
__device__ float rate_of(const RatePenaltyArgs<float>& args, std::size_t trial, std::size_t neuron) {
  const std::int32_t steps = args.length[trial];
  if (steps <= 0) return 0.0f;
  return static_cast<float>(args.spike_count(trial, neuron)) /
         static_cast<float>(args.window.end_in(static_cast<std::size_t>(steps)));
}

__global__ void rate_penalty_kernel(RatePenaltyArgs<float> args) {
  const std::size_t batch = args.factor.shape[0];
  const std::size_t neurons = args.factor.shape[1];
  const std::size_t index = global_index_1d();
  if (index >= batch * neurons) return;
  const std::size_t trial = index / neurons;
  const std::size_t neuron = index % neurons;

  float rate = 0.0f;
  if (args.average == RateAverage::trial) {
    rate = rate_of(args, trial, neuron);
  } else {
    for (std::size_t b = 0; b < batch; ++b) rate += rate_of(args, b, neuron);
    rate /= static_cast<float>(batch);
  }
  const std::int32_t steps = args.length[trial];
  args.factor[index] =
      steps > 0 ? rate_penalty_factor(args.coefficient, args.target, rate, static_cast<float>(steps), args.scale[trial])
                : 0.0f;
}

}  // namespace

void rate_penalty(Context& context, const RatePenaltyArgs<float>& args) {
  launch_1d(context.stream, args.factor.size(), rate_penalty_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
