// One optimiser step.
#include <cstdint>

#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "kernels/unroll.cuh"
#include "spikeweave/optim/constraints.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned parameters_per_thread = 4;  // on their way from memory at once

__global__ void apply_kernel(ApplyArgs<float> args) {
  const std::size_t first = blockIdx.x * std::size_t{parameters_per_thread} * blockDim.x + threadIdx.x;
  const auto index = [&](unsigned n) { return first + n * blockDim.x; };
  const auto is_there = [&](unsigned n) { return index(n) < args.parameter.size(); };
  const bool has_moments = !args.first_moment.empty();
  float gradient[parameters_per_thread], parameter[parameters_per_thread];
  Moments<float> moments[parameters_per_thread];
  SW_UNROLL(4)
  for (unsigned n = 0; n < parameters_per_thread; ++n) {
    if (!is_there(n)) continue;
    gradient[n] = args.gradient[index(n)];
    parameter[n] = args.parameter[index(n)];
    if (has_moments) moments[n] = {args.first_moment[index(n)], args.second_moment[index(n)]};
  }
  SW_UNROLL(4)
  for (unsigned n = 0; n < parameters_per_thread; ++n) {
    if (!is_there(n)) continue;
    const std::size_t i = index(n);
    const float increment = optimizer_increment(args.step, moments[n], gradient[n]);
    if (has_moments) {
      args.first_moment[i] = moments[n].first;
      args.second_moment[i] = moments[n].second;
    }
    const float changed = constrain(args.feedback.decay * (parameter[n] + increment), args.low, args.high);
    args.parameter[i] = changed;
    if (!args.average.empty()) args.average[i] = running_average(args.average[i], changed, args.average_decay);
    if (args.feedback.back == nullptr) continue;
    const std::size_t columns = args.parameter.shape[1];
    const bool is_small = args.parameter.size() <= 0xFFFFFFFFu;  // a division of 32 bits is much shorter
    const std::size_t row =
        is_small ? static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(columns) : i / columns;
    args.feedback.update(row, i - row * columns, increment, changed);
  }
}

}  // namespace

void apply(Context& context, const ApplyArgs<float>& args) {
  SW_EXPECTS(args.step.adaptive == 0.0f || args.parameter.empty() || !args.first_moment.empty(),
             "apply: an adaptive step needs moments");
  launch_1d(context.stream, (args.parameter.size() + parameters_per_thread - 1) / parameters_per_thread, apply_kernel,
            args);
}

}  // namespace spikeweave::SW_DEVICE
