// Input events of a window of steps; one thread per draw.
#include "kernels/draw_events.cuh"
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

__global__ void encode_kernel(EncodeArgs args) {
  const std::size_t steps = args.window.end - args.window.begin;
  const unsigned draws = draw_count(args.events.shape[2]);
  const std::size_t index = global_index_1d();
  if (index >= args.events.shape[0] * steps * draws) return;
  const std::size_t step = args.window.begin + index / draws % steps;
  const std::size_t trial = index / draws / steps;
  const auto draw = static_cast<unsigned>(index % draws);
  std::uint32_t bytes = 0;
  if (static_cast<std::int64_t>(step) < args.length[trial]) {
    draw_events(args, load_drawn_cells(args, trial, step / args.frame_steps, draw), trial, step, draw,
                [&](unsigned n, std::uint32_t events) { bytes |= events << (8 * n); });
  }
  store_events(args, trial, step, draw, bytes);
}

}  // namespace

void encode(Context& context, const EncodeArgs& of) {
  EncodeArgs args = of;
  args.window.end = args.window.end_or(args.events.shape[1]);
  SW_EXPECTS(args.encoding == Encoding::bernoulli || args.encoding == Encoding::poisson,
             "encode: expected bernoulli or poisson");
  if (args.events.empty() || args.window.begin >= args.window.end) return;
  const std::size_t draws = draw_count(args.events.shape[2]);
  launch_1d(context.stream, args.events.shape[0] * (args.window.end - args.window.begin) * draws, encode_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
