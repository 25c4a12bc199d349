// Leaky readout: the drive of every step by a gather over the spikes, then the filter over the steps, in place.
#include "kernels/gather.cuh"
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned drive_block = 128;  // outputs of a tile, and threads
constexpr unsigned tile_steps = 16;  // steps whose drives are under way at once: a filter waits for memory once for all

// Block: one trial and step of the window, and one tile of outputs.
template <class T>
__global__ void __launch_bounds__(drive_block)
    readout_drive_kernel(ReadoutArgs<float> args, View<const T> sent, unsigned tile_count) {
  SW_SHARED(ActiveCells, active, 1);
  const std::size_t steps = args.window.end - args.window.begin;
  const std::size_t outputs = args.output.shape[2];
  const std::size_t trial = blockIdx.x / tile_count / steps;
  const auto t = static_cast<unsigned>(args.window.begin + blockIdx.x / tile_count % steps);
  const std::size_t begin = blockIdx.x % tile_count * std::size_t{drive_block};
  if (static_cast<std::int64_t>(t) >= args.length[trial]) {
    if (begin + threadIdx.x < outputs) args.output(trial, t, begin + threadIdx.x) = 0.0f;
    return;
  }
  const std::size_t end = begin + drive_block < outputs ? begin + drive_block : outputs;

  const std::uint8_t* mask = args.mask.empty() ? nullptr : args.mask.row(trial, t / args.frame_steps);
  const StepCells<T> cells{sent.row(trial, t), mask};
  const float drive = gather_sum(cells, args.projections, PostTile{begin, end}, active[0]);
  const std::size_t k = begin + threadIdx.x;
  if (k < end) args.output(trial, t, k) = drive * args.mask_scale;
}

// Thread: one trial and output.
__global__ void readout_filter_kernel(ReadoutArgs<float> args) {
  const std::size_t outputs = args.output.shape[2];
  const std::size_t index = global_index_1d();
  if (index >= args.output.shape[0] * outputs) return;
  const std::size_t trial = index / outputs;
  const std::size_t k = index % outputs;

  const float bias = args.bias.empty() ? 0.0f : args.bias[k];
  const std::size_t end = args.window.end_in(static_cast<std::size_t>(max(args.length[trial], 0)));
  float y = args.window.begin > 0 ? args.filtered[index] : 0.0f;
  for (std::size_t begin = args.window.begin; begin < end; begin += tile_steps) {
    float* const output = args.output.row(trial, begin) + k;
    float drive[tile_steps];
    SW_UNROLL(16)
    for (unsigned r = 0; r < tile_steps; ++r) drive[r] = begin + r < end ? output[r * outputs] : 0.0f;
    SW_UNROLL(16)
    for (unsigned r = 0; r < tile_steps; ++r) {
      if (begin + r >= end) continue;
      y = readout_step(args.derived, y, drive[r]);
      output[r * outputs] = y + bias;
    }
  }
  if (!args.filtered.empty()) args.filtered[index] = y;
}

}  // namespace

void readout(Context& context, const ReadoutArgs<float>& of) {
  ReadoutArgs<float> args = of;
  args.window.end = args.window.end_or(args.output.shape[1]);
  if (args.output.empty() || args.window.begin >= args.window.end) return;
  const std::size_t tile_count = (args.output.shape[2] + drive_block - 1) / drive_block;
  const LaunchConfig config{
      .grid = dim3(static_cast<unsigned>(args.output.shape[0] * (args.window.end - args.window.begin) * tile_count)),
      .block = dim3(drive_block),
      .stream = context.stream};
  if (args.outputs.empty()) {
    launch(config, readout_drive_kernel<std::uint8_t>, args, args.spikes, static_cast<unsigned>(tile_count));
  } else {
    launch(config, readout_drive_kernel<float>, args, args.outputs, static_cast<unsigned>(tile_count));
  }
  launch_1d(context.stream, args.output.shape[0] * args.output.shape[2], readout_filter_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
