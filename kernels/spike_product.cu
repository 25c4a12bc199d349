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

constexpr unsigned tile_pre = 128, tile_post = 64;                        // a pre cell is a byte, a post factor four
constexpr unsigned warp_tiles = 2;                                        // tiles of a warp along each side: 32 x 32
constexpr unsigned warps_post = tile_post / (warp_tiles * product_tile);  // 2
constexpr unsigned spike_block = 32 * warps_post * tile_pre / (warp_tiles * product_tile);  // 256
constexpr unsigned depth = 32;  // rows of K staged at a time
constexpr unsigned threads_of_row = spike_block / depth;
constexpr unsigned own_pre = tile_pre / threads_of_row, own_post = tile_post / threads_of_row;  // staged by a thread
constexpr unsigned rows_per_sum = 512;  // rows of K that one sum of a tensor core takes
constexpr unsigned padding = 8;         // bf16 numbers: rows of 16 bytes more, against bank conflicts

struct Stage {
  alignas(32) Bf16 pre[depth][tile_pre + padding];
  alignas(32) Bf16 high[depth][tile_post + padding];
  alignas(32) Bf16 low[depth][tile_post + padding];
};

// Two stages, one filled while the other is multiplied; after the last step the sums of the block.
union Memory {
  Stage stages[2];
  float total[tile_pre * tile_post];
};

// A thread's share of a stage on its way from memory: cells and post factors of one row.
struct Fetched {
  std::uint32_t pre[own_pre / 4];  // a byte each
  float post[own_post];
};

// The row of K that a thread stages, and what it needs of it.
struct OwnRow {
  unsigned index;  // in the part of K
  unsigned trial, t;
  unsigned length;  // of the trial

  __device__ __forceinline__ static OwnRow at(const OuterProductArgs<float>& args, const Part& part, unsigned index) {
    const Row row = Row::at(part.begin() + index, args.window);
    OwnRow own{index, static_cast<unsigned>(row.trial), static_cast<unsigned>(row.t), 0};
    own.load_length(args);
    return own;
  }
  __device__ __forceinline__ void advance(const OuterProductArgs<float>& args) {
    index += depth;
    t += depth;
    if (t < args.window.end) return;
    for (; t >= args.window.end; ++trial) t -= static_cast<unsigned>(args.window.end - args.window.begin);
    load_length(args);
  }

 private:
  __device__ __forceinline__ void load_length(const OuterProductArgs<float>& args) {
    length = trial < args.post.shape[0] ? static_cast<unsigned>(max(args.length[trial], 0)) : 0u;
  }
};

// Four bytes of a row, of which `left` are there; is_aligned: at a multiple of four bytes.
template <bool is_aligned>
__device__ __forceinline__ std::uint32_t four_bytes(const std::uint8_t* from, std::size_t left) {
  if (is_aligned && left >= 4) return *reinterpret_cast<const std::uint32_t*>(from);
  std::uint32_t word = 0;
  for (unsigned n = 0; n < 4 && n < left; ++n) word |= static_cast<std::uint32_t>(from[n]) << 8 * n;
  return word;
}

// Bytes that are 0 where those of the mask are.
__device__ __forceinline__ std::uint32_t masked(std::uint32_t word, std::uint32_t mask) {
  for (unsigned n = 0; n < 4; ++n) {
    if ((mask >> 8 * n & 0xFFu) == 0) word &= ~(0xFFu << 8 * n);
  }
  return word;
}

// 0 behind the part's rows and where the trial has no such pair.
template <bool is_aligned>
__device__ __forceinline__ Fetched fetch(const OuterProductArgs<float>& args, const PreCells<std::uint8_t>& cells,
                                         const OwnRow& own, unsigned rows, std::size_t pre_begin,
                                         std::size_t post_begin) {
  Fetched fetched{};
  const ProjectionView<float>& p = args.projection;
  const auto post_delay = static_cast<unsigned>(args.post_delay);
  const auto pre_delay = static_cast<unsigned>(p.delay) - post_delay;
  if (own.index >= rows || own.t < pre_delay || own.t < post_delay || own.t >= own.length) return fetched;

  const unsigned thread = threadIdx.x % threads_of_row;
  const std::size_t pre = pre_begin + thread * own_pre;
  const StepCells<std::uint8_t> sent = cells.at(own.trial, own.t - pre_delay);
  SW_UNROLL(4)
  for (unsigned n = 0; n < own_pre; n += 4) {
    if (pre + n >= p.pre_count) continue;
    const std::size_t left = p.pre_count - (pre + n), at = p.pre_begin + pre + n;
    std::uint32_t word = four_bytes<is_aligned>(sent.row + at, left);
    if (sent.mask != nullptr) word = masked(word, four_bytes<is_aligned>(sent.mask + at, left));
    fetched.pre[n / 4] = word;
  }
  const std::size_t post = post_begin + thread * own_post;
  const float* const factors = args.post.row(own.trial, own.t - post_delay) + p.post_begin + post;
  SW_UNROLL(2)
  for (unsigned n = 0; n < own_post; n += 4) {
    if (is_aligned && post + n + 4 <= p.post_count) {
      const float4 four = *reinterpret_cast<const float4*>(factors + n);
      fetched.post[n] = four.x, fetched.post[n + 1] = four.y, fetched.post[n + 2] = four.z,
      fetched.post[n + 3] = four.w;
      continue;
    }
    for (unsigned m = n; m < n + 4; ++m) fetched.post[m] = post + m < p.post_count ? factors[m] : 0.0f;
  }
  return fetched;
}

// Events are exact in bf16, a count up to 255 too.
__device__ __forceinline__ void put(const Fetched& fetched, Stage& stage) {
  const unsigned k = threadIdx.x / threads_of_row, thread = threadIdx.x % threads_of_row;
  auto* const pre = reinterpret_cast<std::uint32_t*>(&stage.pre[k][thread * own_pre]);
  SW_UNROLL(8)
  for (unsigned n = 0; n < own_pre / 2; ++n) {
    const std::uint32_t two = fetched.pre[n / 2] >> 16 * (n % 2);
    pre[n] = bf16_pair(small_float(two & 0xFFu), small_float(two >> 8 & 0xFFu));
  }
  auto* const high = reinterpret_cast<std::uint32_t*>(&stage.high[k][thread * own_post]);
  auto* const low = reinterpret_cast<std::uint32_t*>(&stage.low[k][thread * own_post]);
  SW_UNROLL(4)
  for (unsigned n = 0; n < own_post / 2; ++n) {
    const float first = fetched.post[2 * n], second = fetched.post[2 * n + 1];
    const std::uint32_t pair = bf16_pair(first, second);
    high[n] = pair;
    low[n] = bf16_pair(first - from_bf16(static_cast<Bf16>(pair)), second - from_bf16(static_cast<Bf16>(pair >> 16)));
  }
}

// Block: a tile of the gradient and one part of K. Warp: 32 x 32 of the tile. is_aligned: whether rows of both factors
// can be read four numbers at a time.
template <bool is_aligned>
__global__ void __launch_bounds__(spike_block, 2)
    spike_product_kernel(OuterProductArgs<float> args, PreCells<std::uint8_t> cells, Part part) {
  SW_SHARED(Memory, memory, 1);
  const std::size_t pre_begin = std::size_t{blockIdx.y} * tile_pre, post_begin = std::size_t{blockIdx.x} * tile_post;
  const auto rows = static_cast<unsigned>(part.end() - part.begin());
  const unsigned warp = threadIdx.x / 32;
  const unsigned warp_pre = warp / warps_post * warp_tiles * product_tile;
  const unsigned warp_post = warp % warps_post * warp_tiles * product_tile;

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
  OwnRow own = OwnRow::at(args, part, threadIdx.x / threads_of_row);
  Fetched fetched = fetch<is_aligned>(args, cells, own, rows, pre_begin, post_begin);
  unsigned filled = 0;
  for (unsigned first = 0; first < rows; first += depth, filled ^= 1) {
    Stage& stage = memory[0].stages[filled];
    put(fetched, stage);
    __syncthreads();  // the stage is filled, and the other one has been read
    own.advance(args);
    fetched =
        fetch<is_aligned>(args, cells, own, rows, pre_begin, post_begin);  // under way while this one is multiplied
    SW_UNROLL(1)
    for (unsigned k = 0; k < depth; k += product_tile) {
      LeftTile pre[warp_tiles];
      SW_UNROLL(2)
      for (unsigned n = 0; n < warp_tiles; ++n) {
        pre[n].load(&stage.pre[k][warp_pre + n * product_tile], tile_pre + padding);
      }
      const auto add_products = [&](const Bf16(&piece)[depth][tile_post + padding]) {
        SW_UNROLL(2)
        for (unsigned j = 0; j < warp_tiles; ++j) {
          RightTile post;
          post.load(&piece[k][warp_post + j * product_tile], tile_post + padding);
          SW_UNROLL(2)
          for (unsigned i = 0; i < warp_tiles; ++i) sums[i][j].add_product(pre[i], post);
        }
      };
      add_products(stage.low);
      add_products(stage.high);
    }
    if ((first + depth) % rows_per_sum == 0) {
      for_each_tile([&](unsigned i, unsigned j) { sums[i][j].move_to(totals[i][j]); });
    }
  }
  __syncthreads();  // the last stage has been read
  float* const total = memory[0].total;
  for_each_tile([&](unsigned i, unsigned j) {
    sums[i][j].move_to(totals[i][j]);
    totals[i][j].store(&total[(warp_pre + i * product_tile) * tile_post + warp_post + j * product_tile], tile_post);
  });
  __syncthreads();  // all tiles are there: threads write them in rows
  write_tile(args, part, total, pre_begin, post_begin, tile_pre, tile_post);
}

// Whether four numbers of a row stand at a multiple of their size, in both factors and the mask.
bool is_aligned(const OuterProductArgs<float>& args) {
  const auto is_multiple = [](std::size_t number, std::size_t of) { return number % of == 0; };
  const auto address = [](const void* pointer) { return reinterpret_cast<std::size_t>(pointer); };
  const ProjectionView<float>& p = args.projection;
  return is_multiple(args.events.shape[2], 4) && is_multiple(p.pre_begin, 4) && is_multiple(args.post.shape[2], 4) &&
         is_multiple(p.post_begin, 4) && is_multiple(address(args.events.data), 4) &&
         is_multiple(address(args.mask.data), 4) && is_multiple(address(args.post.data), 16);
}

}  // namespace

Part spike_parts(const OuterProductArgs<float>& args) {
  return choose_parts(args, tile_pre, tile_post);
}

void spike_product(Context& context, const OuterProductArgs<float>& args) {
  Part part = spike_parts(args);
  if (part.count == 0) return;
  SW_EXPECTS(part.rows < std::size_t{1} << 31, "outer_product: a part of the batch has 2^31 steps or more");
  if (part.count > 1) part.sums = context.scratch.get<float>(part.scratch(args), "parts of a gradient");
  const PreCells<std::uint8_t> cells{args.events, args.mask, static_cast<unsigned>(args.frame_steps)};
  const LaunchConfig config{.grid = part.grid(), .block = dim3(spike_block), .stream = context.stream};
  if (is_aligned(args)) {
    launch(config, spike_product_kernel<true>, args, cells, part);
  } else {
    launch(config, spike_product_kernel<false>, args, cells, part);
  }
  if (part.count > 1) add_parts(context, part.sums, part.count, args);
}

}  // namespace spikeweave::SW_DEVICE
