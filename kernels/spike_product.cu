// Sum over batch and steps of post factor times spike, on tensor cores. Spikes are exact in bf16; the post factor is
// split into two bf16 pieces, h = high + low + O(2^-16 h), so that two products give 2.5e-6 of the exact sum. Partial
// sums end after 512 rows of K = batch * steps, are added in fp32, and the parts of K in ascending order. Floor: 4 B T
// P Q flops of bf16 (two products), B T (P + 4 Q) bytes.
#include "kernels/spike_product.cuh"

#include "kernels/launch.cuh"
#include "kernels/pre_cells.cuh"
#include "kernels/sum_parts.cuh"
#include "kernels/tile_product.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned tile_pre = 64, tile_post = 128;
constexpr unsigned warp_tiles = 2;                                        // tiles of a warp along each side: 32 x 32
constexpr unsigned warps_post = tile_post / (warp_tiles * product_tile);  // 4
constexpr unsigned spike_block = 32 * warps_post * tile_pre / (warp_tiles * product_tile);  // 256
constexpr unsigned depth = 32;          // rows of K staged at a time
constexpr unsigned rows_per_sum = 512;  // rows of K that one sum of a tensor core takes
constexpr unsigned padding = 8;         // bf16 numbers: rows of 16 bytes more, against bank conflicts

struct Stage {
  alignas(32) Bf16 pre[depth][tile_pre + padding];
  alignas(32) Bf16 high[depth][tile_post + padding];
  alignas(32) Bf16 low[depth][tile_post + padding];
};

// The stage, and after the last step the sums of the block.
union Memory {
  Stage stage;
  float total[tile_pre * tile_post];
};

// A row of K: step t of a trial.
struct Row {
  std::size_t trial, t;

  // The row so many further on.
  __device__ __forceinline__ Row operator+(std::size_t rows) const { return {trial, t + rows}; }
  __device__ __forceinline__ Row within(const StepWindow& window) const {
    Row row = *this;
    for (; row.t >= window.end; ++row.trial) row.t -= window.end - window.begin;
    return row;
  }
};

// Fills the stage with `count` rows from `first` on, and 0 behind them and where the trial has no such pair.
__device__ __forceinline__ void load_stage(const OuterProductArgs<float>& args, const PreCells<std::uint8_t>& cells,
                                           const Row& first, std::size_t count, std::size_t pre_begin,
                                           std::size_t post_begin, Stage& stage) {
  const ProjectionView<float>& p = args.projection;
  const std::size_t pre_delay = p.delay - args.post_delay;
  const auto is_pair = [&](unsigned k, const Row& row) {
    return k < count && row.t >= pre_delay && row.t >= args.post_delay &&
           static_cast<std::int64_t>(row.t) < args.length[row.trial];
  };
  const unsigned pre = threadIdx.x % tile_pre, post = threadIdx.x % tile_post;
  for (unsigned k = threadIdx.x / tile_pre; k < depth; k += spike_block / tile_pre) {
    const Row row = (first + k).within(args.window);
    const bool is_there = pre_begin + pre < p.pre_count && is_pair(k, row);
    stage.pre[k][pre] = to_bf16(
        is_there ? cells.at(row.trial, static_cast<unsigned>(row.t - pre_delay)).at(p.pre_begin + pre_begin + pre)
                 : 0.0f);
  }
  for (unsigned k = threadIdx.x / tile_post; k < depth; k += spike_block / tile_post) {
    const Row row = (first + k).within(args.window);
    const bool is_there = post_begin + post < p.post_count && is_pair(k, row);
    const float h = is_there ? args.post(row.trial, row.t - args.post_delay, p.post_begin + post_begin + post) : 0.0f;
    const Bf16 high = to_bf16(h);
    stage.high[k][post] = high;
    stage.low[k][post] = to_bf16(h - from_bf16(high));
  }
}

// Block: a tile of the gradient and one part of K. Warp: 32 x 32 of the tile.
__global__ void __launch_bounds__(spike_block, 1)
    spike_product_kernel(OuterProductArgs<float> args, PreCells<std::uint8_t> cells, Part part) {
  SW_SHARED(Memory, memory, 1);
  Stage& stage = memory[0].stage;
  const std::size_t pre_begin = std::size_t{blockIdx.y} * tile_pre, post_begin = std::size_t{blockIdx.x} * tile_post;
  const std::size_t begin = blockIdx.z * part.rows;
  const std::size_t end = begin + part.rows < part.row_count ? begin + part.rows : part.row_count;
  const unsigned warp = threadIdx.x / 32;
  const unsigned own_pre = warp / warps_post * warp_tiles * product_tile;
  const unsigned own_post = warp % warps_post * warp_tiles * product_tile;

  TileSum sums[warp_tiles][warp_tiles], totals[warp_tiles][warp_tiles];
  const auto for_each_tile = [](auto&& visit) {
    SW_UNROLL(2)
    for (unsigned i = 0; i < warp_tiles; ++i) {
      SW_UNROLL(2)
      for (unsigned j = 0; j < warp_tiles; ++j) visit(i, j);
    }
  };
  for_each_tile([&](unsigned i, unsigned j) {
    sums[i][j].clear();
    totals[i][j].clear();
  });
  const std::size_t steps = args.window.end - args.window.begin;
  Row row{begin / steps, args.window.begin + begin % steps};
  for (std::size_t first = begin; first < end; first += depth) {
    load_stage(args, cells, row, end - first, pre_begin, post_begin, stage);
    row = (row + depth).within(args.window);
    __syncthreads();  // the stage is filled
    for (unsigned k = 0; k < depth; k += product_tile) {
      for_each_tile([&](unsigned i, unsigned j) {
        const Bf16* const pre = &stage.pre[k][own_pre + i * product_tile];
        const unsigned column = own_post + j * product_tile;
        sums[i][j].add_product(pre, tile_pre + padding, &stage.low[k][column], tile_post + padding);
        sums[i][j].add_product(pre, tile_pre + padding, &stage.high[k][column], tile_post + padding);
      });
    }
    if ((first - begin + depth) % rows_per_sum == 0) {
      for_each_tile([&](unsigned i, unsigned j) { sums[i][j].move_to(totals[i][j]); });
    }
    __syncthreads();  // the stage has been read
  }
  float* const total = memory[0].total;
  for_each_tile([&](unsigned i, unsigned j) {
    sums[i][j].move_to(totals[i][j]);
    totals[i][j].store(&total[(own_pre + i * product_tile) * tile_post + own_post + j * product_tile], tile_post);
  });
  __syncthreads();  // all tiles are there: threads write them in rows
  const ProjectionView<float>& p = args.projection;
  const std::size_t synapses = p.pre_count * p.post_count;
  for (unsigned n = threadIdx.x; n < tile_pre * tile_post; n += spike_block) {
    const std::size_t pre = pre_begin + n / tile_post, post = post_begin + n % tile_post;
    if (pre >= p.pre_count || post >= p.post_count) continue;
    const bool is_self = args.zero_diagonal && p.pre_begin + pre == p.post_begin + post;
    const float sum = is_self ? 0.0f : total[n];
    const std::size_t synapse = pre * p.post_count + post;
    if (part.count == 1) {
      args.gradient[synapse] += args.scale * sum;
    } else {
      part.sums[blockIdx.z * synapses + synapse] = sum;
    }
  }
}

}  // namespace

void spike_product(Context& context, const OuterProductArgs<float>& args) {
  const ProjectionView<float>& p = args.projection;
  const std::size_t synapses = p.pre_count * p.post_count;
  const std::size_t row_count = args.post.shape[0] * (args.window.end - args.window.begin);
  if (synapses == 0 || row_count == 0) return;
  const std::size_t pre_tiles = (p.pre_count + tile_pre - 1) / tile_pre;
  const std::size_t post_tiles = (p.post_count + tile_post - 1) / tile_post;
  Part part = choose_parts(row_count, pre_tiles * post_tiles, synapses);
  if (part.count > 1) part.sums = context.scratch.get<float>(part.count * synapses, "parts of a gradient");
  launch({.grid = dim3(static_cast<unsigned>(post_tiles), static_cast<unsigned>(pre_tiles), part.count),
          .block = dim3(spike_block),
          .stream = context.stream},
         spike_product_kernel, args,
         PreCells<std::uint8_t>{args.events, args.mask, static_cast<unsigned>(args.frame_steps)}, part);
  if (part.count > 1) add_parts(context, part.sums, part.count, args);
}

}  // namespace spikeweave::SW_DEVICE
