// Sum over batch and steps of post factor times spike, on tensor cores. Spikes are exact in bf16; the post factor is
// split into two bf16 pieces, h = high + low + O(2^-16 h), so that two products give 2.5e-6 of the exact sum. Partial
// sums end after 512 rows of K = batch * steps, are added in fp32, and the parts of K in ascending order. Floor: 4 B T
// P Q flops of bf16 (two products), B T (P + 4 Q) bytes.
#include "kernels/spike_product.cuh"

#include "kernels/launch.cuh"
#include "kernels/product_rows.cuh"
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

// A thread's share of a stage on its way from memory.
struct Fetched {
  std::uint8_t pre[depth * tile_pre / spike_block];
  float post[depth * tile_post / spike_block];
};

// `count` rows from `first` on, and 0 behind them and where the trial has no such pair.
__device__ __forceinline__ void fetch(const OuterProductArgs<float>& args, const PreCells<std::uint8_t>& cells,
                                      const Row& first, std::size_t count, std::size_t pre_begin,
                                      std::size_t post_begin, Fetched& fetched) {
  const std::size_t pre = pre_begin + threadIdx.x % tile_pre, post = post_begin + threadIdx.x % tile_post;
  SW_UNROLL(8)
  for (unsigned n = 0; n < depth * tile_pre / spike_block; ++n) {
    const unsigned k = threadIdx.x / tile_pre + n * (spike_block / tile_pre);
    const Row row = (first + k).within(args.window);
    const bool is_there = k < count && pre < args.projection.pre_count && row.is_pair(args);
    fetched.pre[n] = is_there ? static_cast<std::uint8_t>(pre_value(args, cells, row, pre)) : std::uint8_t{0};
  }
  SW_UNROLL(16)
  for (unsigned n = 0; n < depth * tile_post / spike_block; ++n) {
    const unsigned k = threadIdx.x / tile_post + n * (spike_block / tile_post);
    const Row row = (first + k).within(args.window);
    const bool is_there = k < count && post < args.projection.post_count && row.is_pair(args);
    fetched.post[n] = is_there ? post_value(args, row, post) : 0.0f;
  }
}

// Events are exact in bf16, a count up to 256 too.
__device__ __forceinline__ void put(const Fetched& fetched, Stage& stage) {
  SW_UNROLL(8)
  for (unsigned n = 0; n < depth * tile_pre / spike_block; ++n) {
    const unsigned k = threadIdx.x / tile_pre + n * (spike_block / tile_pre);
    stage.pre[k][threadIdx.x % tile_pre] = to_bf16(static_cast<float>(fetched.pre[n]));
  }
  SW_UNROLL(16)
  for (unsigned n = 0; n < depth * tile_post / spike_block; ++n) {
    const unsigned k = threadIdx.x / tile_post + n * (spike_block / tile_post);
    const Bf16 high = to_bf16(fetched.post[n]);
    stage.high[k][threadIdx.x % tile_post] = high;
    stage.low[k][threadIdx.x % tile_post] = to_bf16(fetched.post[n] - from_bf16(high));
  }
}

// Block: a tile of the gradient and one part of K. Warp: 32 x 32 of the tile.
__global__ void __launch_bounds__(spike_block, 1)
    spike_product_kernel(OuterProductArgs<float> args, PreCells<std::uint8_t> cells, Part part, SpikeChoice choice) {
  if (!choice.is(SpikeForm::tensor_cores)) return;
  SW_SHARED(Memory, memory, 1);
  Stage& stage = memory[0].stage;
  const std::size_t pre_begin = std::size_t{blockIdx.y} * tile_pre, post_begin = std::size_t{blockIdx.x} * tile_post;
  const std::size_t begin = part.begin(), end = part.end();
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
  Row row = Row::at(begin, args.window);
  Fetched fetched;
  fetch(args, cells, row, end > begin ? end - begin : 0, pre_begin, post_begin, fetched);
  for (std::size_t first = begin; first < end; first += depth) {
    put(fetched, stage);
    __syncthreads();  // the stage is filled
    row = (row + depth).within(args.window);
    const std::size_t next = first + depth;  // under way while this stage is multiplied
    fetch(args, cells, row, end > next ? end - next : 0, pre_begin, post_begin, fetched);
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
  write_tile(args, part, total, pre_begin, post_begin, tile_pre, tile_post);
}

}  // namespace

Part spike_parts(const OuterProductArgs<float>& args) {
  return choose_parts(args, tile_pre, tile_post);
}

void spike_product(Context& context, const OuterProductArgs<float>& args) {
  Part part = spike_parts(args);
  if (part.count == 0) return;
  if (part.count > 1) part.sums = context.scratch.get<float>(part.scratch(args), "parts of a gradient");
  const PreCells<std::uint8_t> cells{args.events, args.mask, static_cast<unsigned>(args.frame_steps)};
  SpikeChoice choice{context.options.spike_form, nullptr, part.row_count * args.projection.pre_count};
  if (choice.form == SpikeForm::automatic) {
    choice.form = SpikeForm::tensor_cores;
    const bool is_large = choice.cells * args.projection.post_count >= context.options.counted_products;
    if (is_large && can_gather_spikes(context)) {
      auto* const events = context.tables.get<unsigned long long>(1, "number of events");
      count_events(context, args, cells, part.row_count, events);
      choice.events = events;
    }
  }
  const bool is_counted = choice.events != nullptr;
  if (is_counted || choice.form == SpikeForm::gather) spike_gather(context, args, cells, part, choice);
  if (is_counted || choice.form == SpikeForm::tensor_cores) {
    launch({.grid = part.grid(), .block = dim3(spike_block), .stream = context.stream}, spike_product_kernel, args,
           cells, part, choice);
  }
  if (part.count > 1) add_parts(context, part.sums, part.count, args);
}

}  // namespace spikeweave::SW_DEVICE
