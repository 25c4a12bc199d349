// Backward recursions: the post factors of the neurons and of the readout.
#include "kernels/block_sum.cuh"
#include "kernels/launch.cuh"
#include "kernels/learning_signal.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// Thread: one trial and neuron, from the last step to the first.
template <class Adjoint>
__global__ void adjoint_kernel(AdjointArgs<float> args) {
  const std::size_t steps = args.psi_to_factor.shape[1];
  const std::size_t neurons = args.psi_to_factor.shape[2];
  const std::size_t index = global_index_1d();
  if (index >= args.psi_to_factor.shape[0] * neurons) return;
  const std::size_t trial = index / neurons;
  const std::size_t neuron = index % neurons;

  const EligibilityConstants<float> constants = args.in.constants.load(neuron);
  const float rate = rate_signal(args.in, trial, neuron);
  EpropSignal<float> signal{0.0f, rate, 1.0f};
  Adjoint state;
  for (std::size_t t = steps; t-- > 0;) {
    float& factor = args.psi_to_factor(trial, t, neuron);
    if (static_cast<std::int64_t>(t) >= args.in.length[trial]) {
      factor = 0.0f;
      continue;
    }
    signal.filtered = filtered_signal(args.in, trial, t, neuron);
    signal.unfiltered = rate + local_signal_at(args.in, trial, t, neuron);
    signal.mask = readout_visibility(args.in, trial, t, neuron);
    factor = Adjoint::step(constants, args.in.readout.kappa, state, factor, signal);
  }
}

// Thread: one trial and output, from the last step to the first.
__global__ void readout_adjoint_kernel(ReadoutAdjointArgs<float> args) {
  const std::size_t steps = args.factor.shape[1];
  const std::size_t outputs = args.factor.shape[2];
  const std::size_t index = global_index_1d();
  if (index >= args.factor.shape[0] * outputs) return;
  const std::size_t trial = index / outputs;
  const std::size_t k = index % outputs;

  float factor = 0.0f;
  for (std::size_t t = steps; t-- > 0;) {
    const bool is_running = static_cast<std::int64_t>(t) < args.length[trial];
    if (is_running) factor = readout_step(args.readout, factor, args.error(trial, t, k));
    args.factor(trial, t, k) = is_running ? factor : 0.0f;
  }
}

// Block: one output; thread: every 256th step of the batch.
__global__ void __launch_bounds__(sum_block) bias_gradient_kernel(ReadoutAdjointArgs<float> args) {
  SW_SHARED(double, partial, sum_block);
  const std::size_t k = blockIdx.x;
  const std::size_t steps = args.error.shape[1];
  double own = 0.0;
  for (std::size_t row = threadIdx.x; row < args.error.shape[0] * steps; row += sum_block) {
    const std::size_t trial = row / steps;
    const std::size_t t = row % steps;
    if (static_cast<std::int64_t>(t) < args.length[trial]) own += static_cast<double>(args.error(trial, t, k));
  }
  const double sum = block_sum(own, partial);
  if (threadIdx.x == 0) args.bias_gradient[k] += static_cast<float>(sum);
}

}  // namespace

void adjoint(Context& context, const AdjointArgs<float>& args) {
  GradientRules::visit(args.in.rule, [&]<class Rule>() {
    launch_1d(context.stream, args.psi_to_factor.shape[0] * args.psi_to_factor.shape[2],
              adjoint_kernel<typename Rule::template Adjoint<float>>, args);
  });
}

void readout_adjoint(Context& context, const ReadoutAdjointArgs<float>& args) {
  launch_1d(context.stream, args.factor.shape[0] * args.factor.shape[2], readout_adjoint_kernel, args);
  launch({.grid = dim3(static_cast<unsigned>(args.bias_gradient.size())),
          .block = dim3(sum_block),
          .stream = context.stream},
         bias_gradient_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
