// One optimiser step; one thread per parameter.
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "spikeweave/optim/constraints.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

__global__ void apply_kernel(ApplyArgs<float> args) {
  const std::size_t i = global_index_1d();
  if (i >= args.parameter.size()) return;
  const std::size_t row = i / args.parameter.shape[1];
  const std::size_t column = i % args.parameter.shape[1];

  const bool has_moments = !args.first_moment.empty();
  Moments<float> moments;
  if (has_moments) moments = {args.first_moment[i], args.second_moment[i]};
  const float increment = optimizer_increment(args.step, moments, args.gradient[i]);
  if (has_moments) {
    args.first_moment[i] = moments.first;
    args.second_moment[i] = moments.second;
  }
  const float parameter = constrain(args.feedback.decay * (args.parameter[i] + increment), args.low, args.high);
  args.parameter[i] = parameter;
  if (!args.average.empty()) args.average[i] = running_average(args.average[i], parameter, args.average_decay);
  args.feedback.update(row, column, increment, parameter);
}

}  // namespace

void apply(Context& context, const ApplyArgs<float>& args) {
  SW_EXPECTS(args.step.adaptive == 0.0f || args.parameter.empty() || !args.first_moment.empty(),
             "apply: an adaptive step needs moments");
  launch_1d(context.stream, args.parameter.size(), apply_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
