// Loss and error of every step, and the mean output of every segment.
#include "kernels/block_sum.cuh"
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "kernels/unroll.cuh"
#include "spikeweave/learning/loss.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned tile_steps = 16;  // steps whose segments and outputs are under way at once

// Calls give(k, OutputLoss) for every output of a step, in ascending order.
template <class Give>
__device__ void for_each_output(const LossArgs<float>& args, const float* output, std::size_t trial,
                                std::size_t segment, const Give& give) {
  const std::size_t outputs = args.output.shape[2];
  if (args.kind == LossKind::softmax) {
    const auto target = static_cast<std::size_t>(args.target_class(trial, segment));
    float largest = output[0];
    for (std::size_t k = 1; k < outputs; ++k) largest = output[k] > largest ? output[k] : largest;
    float total = 0.0f;
    for (std::size_t k = 0; k < outputs; ++k) total += expf(output[k] - largest);
    for (std::size_t k = 0; k < outputs; ++k) give(k, softmax_cross_entropy(output[k], largest, total, k == target));
    return;
  }
  const float* target = args.target.row(trial, segment);
  for (std::size_t k = 0; k < outputs; ++k) {
    give(k, args.kind == LossKind::squared_error ? squared_error(output[k], target[k])
                                                 : bernoulli_cross_entropy(output[k], target[k]));
  }
}

// Block: one trial; thread: every 256th step.
__global__ void __launch_bounds__(sum_block) loss_kernel(LossArgs<float> args) {
  SW_SHARED(double, partial, sum_block);
  const std::size_t trial = blockIdx.x;
  const std::size_t end = args.window.end_or(args.output.shape[1]);
  const std::size_t outputs = args.output.shape[2];
  double own = 0.0;
  for (std::size_t t = args.window.begin + threadIdx.x; t < end; t += sum_block) {
    const bool is_running = static_cast<std::int64_t>(t) < args.length[trial];
    const std::int32_t segment = is_running ? args.segment(trial, t) : -1;
    float* error = args.error.empty() ? nullptr : args.error.row(trial, t);
    if (segment < 0) {
      for (std::size_t k = 0; error != nullptr && k < outputs; ++k) error[k] = 0.0f;
      continue;
    }
    const float scale = args.scale[trial];
    for_each_output(args, args.output.row(trial, t), trial, static_cast<std::size_t>(segment),
                    [&](std::size_t k, const OutputLoss<float>& one) {
                      own += static_cast<double>(one.loss);
                      if (error != nullptr) error[k] = scale * one.error;
                    });
  }
  const double sum = block_sum(own, partial);
  if (threadIdx.x == 0 && !args.loss.empty()) args.loss[trial] = args.window.begin > 0 ? args.loss[trial] + sum : sum;
}

// Segments of the steps from `begin` on and of the one behind them; -1 where there is none.
__device__ __forceinline__ void load_segments(const LossArgs<float>& args, std::size_t trial, std::size_t begin,
                                              std::size_t end, std::int32_t (&segment)[tile_steps + 1]) {
  const std::int32_t* const row = args.segment.row(trial) + begin;
  SW_UNROLL(17)
  for (unsigned r = 0; r <= tile_steps; ++r) segment[r] = begin + r < end ? row[r] : -1;
}

// First step of a segment that goes on in step t: where a window begins inside a segment.
__device__ __forceinline__ std::size_t first_step_before(const LossArgs<float>& args, std::size_t trial, std::size_t t,
                                                         std::int32_t segment) {
  while (t > 0 && args.segment(trial, t - 1) == segment) --t;
  return t;
}

// Thread: one trial and output. The steps of a segment follow one another.
__global__ void segment_mean_kernel(LossArgs<float> args) {
  const std::size_t outputs = args.output.shape[2];
  const std::size_t index = global_index_1d();
  if (index >= args.output.shape[0] * outputs) return;
  const std::size_t trial = index / outputs;
  const std::size_t k = index % outputs;
  const std::size_t length = static_cast<std::size_t>(max(args.length[trial], 0));
  const std::size_t window_end = args.window.end_or(args.output.shape[1]);
  const std::size_t end = window_end < length ? window_end : length;
  const std::size_t seen_end = end < length ? end + 1 : end;  // the step behind the window ends a segment, or not

  double sum = args.window.begin > 0 ? args.segment_sum[index] : 0.0;
  std::size_t first = args.window.begin;  // first step of the present segment in the window
  std::int32_t before = -1;
  for (std::size_t begin = args.window.begin; begin < end; begin += tile_steps) {
    std::int32_t segment[tile_steps + 1];
    float output[tile_steps];
    load_segments(args, trial, begin, seen_end, segment);
    const float* const row = args.output.row(trial, begin) + k;
    SW_UNROLL(16)
    for (unsigned r = 0; r < tile_steps; ++r) output[r] = begin + r < end ? row[r * outputs] : 0.0f;
    SW_UNROLL(16)
    for (unsigned r = 0; r < tile_steps; ++r) {
      const std::size_t t = begin + r;
      if (t >= end) continue;
      if (segment[r] != before) first = t;
      before = segment[r];
      if (segment[r] < 0) continue;
      sum += static_cast<double>(output[r]);
      if (segment[r + 1] == segment[r]) continue;
      if (first == args.window.begin) first = first_step_before(args, trial, first, segment[r]);
      args.segment_output(trial, static_cast<std::size_t>(segment[r]), k) =
          static_cast<float>(sum / static_cast<double>(t + 1 - first));
      sum = 0.0;
    }
  }
  if (!args.segment_sum.empty()) args.segment_sum[index] = sum;
}

}  // namespace

void loss(Context& context, const LossArgs<float>& args) {
  if (args.output.shape[0] == 0) return;
  launch(
      {.grid = dim3(static_cast<unsigned>(args.output.shape[0])), .block = dim3(sum_block), .stream = context.stream},
      loss_kernel, args);
  if (args.segment_output.empty()) return;
  if (args.window.begin == 0) {
    SW_CUDA_CHECK(
        cudaMemsetAsync(args.segment_output.data, 0, args.segment_output.size() * sizeof(float), context.stream));
  }
  launch_1d(context.stream, args.output.shape[0] * args.output.shape[2], segment_mean_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
