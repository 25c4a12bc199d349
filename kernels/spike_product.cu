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

constexpr unsigned tile_pre = 128, tile_post = 128;
constexpr unsigned warp_tiles_pre = 4, warp_tiles_post = 2;  // tiles of a warp along each side: 64 x 32
constexpr unsigned warp_pre_cells = warp_tiles_pre * product_tile, warp_post_cells = warp_tiles_post * product_tile;
constexpr unsigned warps_post = tile_post / warp_post_cells;                     // 4
constexpr unsigned spike_block = 32 * warps_post * (tile_pre / warp_pre_cells);  // 256
constexpr unsigned depth = 32;                                                   // rows of K staged at a time
constexpr unsigned threads_of_row = spike_block / depth;                         // 8
constexpr unsigned own_pre = tile_pre / (4 * threads_of_row), own_post = tile_post / (4 * threads_of_row);  // fours
constexpr unsigned rows_per_sum = 512;  // rows of K that one sum of a tensor core takes
constexpr unsigned padding = 8;         // bf16 numbers: rows of 16 bytes more, against bank conflicts

struct Stage {
  Bf16 pre[depth][tile_pre + padding];  // times byte_unit
  Bf16 high[depth][tile_post + padding];
  Bf16 low[depth][tile_post + padding];
};

// Two stages, one filled while the other is multiplied; after the last step the sums of the block.
union alignas(16) Memory {
  Stage stages[2];
  float total[tile_pre * tile_post];
};

// A thread's share of a stage on its way from memory: every eighth four cells and four post factors of one row.
struct Fetched {
  std::uint32_t pre[own_pre];  // four bytes each
  float4 post[own_post];
};

// The row of a stage that a thread fills. The two rows of a half warp, which stores 8 bytes a thread at once, are 4
// apart and so in different banks.
__device__ __forceinline__ unsigned stage_row() {
  const unsigned warp = threadIdx.x / 32, row_of_warp = threadIdx.x % 32 / threads_of_row;
  return warp / 2 * 8 + warp % 2 * 2 + row_of_warp / 2 + row_of_warp % 2 * 4;
}

// Four numbers of a row, of which `left` are there; is_aligned: at a multiple of their size, and the row has all four
// where it has one.
template <bool is_aligned>
__device__ __forceinline__ std::uint32_t four_cells(const std::uint8_t* from, int left) {
  std::uint32_t word = 0;
  if constexpr (is_aligned) {
    if (left > 0) word = *reinterpret_cast<const std::uint32_t*>(from);
  } else {
    for (int n = 0; n < 4 && n < left; ++n) word |= static_cast<std::uint32_t>(from[n]) << 8 * n;
  }
  return word;
}
template <bool is_aligned>
__device__ __forceinline__ float4 four_factors(const float* from, int left) {
  if constexpr (is_aligned) {
    return left > 0 ? *reinterpret_cast<const float4*>(from) : float4{};
  } else {
    const auto factor = [&](int n) { return n < left ? from[n] : 0.0f; };
    return {factor(0), factor(1), factor(2), factor(3)};
  }
}

// Bytes that are 0 where those of the mask are.
__device__ __forceinline__ std::uint32_t masked(std::uint32_t word, std::uint32_t mask) {
  for (unsigned n = 0; n < 4; ++n) {
    if ((mask >> 8 * n & 0xFFu) == 0) word &= ~(0xFFu << 8 * n);
  }
  return word;
}

// What a thread stages, row after row. Where its cells stand is kept from row to row, for the products leave no time to
// find it anew.
template <bool aligned_pre, bool aligned_post>
class Source {
 public:
  __device__ __forceinline__ Source(const OuterProductArgs<float>& args, const PreCells<std::uint8_t>& cells,
                                    const Part& part, std::size_t pre_begin, std::size_t post_begin)
      : args_(args),
        cells_(cells),
        post_delay_(static_cast<unsigned>(args.post_delay)),
        pre_delay_(static_cast<unsigned>(args.projection.delay) - post_delay_),
        has_mask_(!cells.mask.empty()),
        pre_begin_(pre_begin),
        post_begin_(post_begin),
        pre_left_(own_left(args.projection.pre_count - pre_begin)),
        post_left_(own_left(args.projection.post_count - post_begin)),
        window_end_(static_cast<unsigned>(args.window.end)),
        rows_left_(static_cast<int>(part.end() - part.begin()) - static_cast<int>(stage_row())) {
    const Row row = Row::at(part.begin() + stage_row(), args.window);
    trial_ = static_cast<unsigned>(row.trial);
    t_ = static_cast<unsigned>(row.t);
    locate();
  }

  // 0 behind the part's rows and where the trial has no such pair.
  __device__ __forceinline__ Fetched fetch() const {
    const bool is_pair = rows_left_ > 0 && t_ >= max(pre_delay_, post_delay_) && t_ < length_;
    const int pre_left = is_pair ? pre_left_ : 0, post_left = is_pair ? post_left_ : 0;
    const std::uint8_t* const pre = cells_.cells.data + (is_pair ? pre_at_ : 0);
    const float* const post = args_.post.data + (is_pair ? post_at_ : 0);
    Fetched fetched;
    SW_UNROLL(4)
    for (unsigned n = 0; n < own_pre; ++n) {
      fetched.pre[n] = four_cells<aligned_pre>(pre + n * stride, pre_left - static_cast<int>(n * stride));
    }
    SW_UNROLL(4)
    for (unsigned n = 0; n < own_post; ++n) {
      fetched.post[n] = four_factors<aligned_post>(post + n * stride, post_left - static_cast<int>(n * stride));
    }
    if (has_mask_ && is_pair) apply_mask(fetched);
    return fetched;
  }
  // To the row of the next stage.
  __device__ __forceinline__ void advance() {
    rows_left_ -= static_cast<int>(depth);
    t_ += depth;
    pre_at_ += depth * cells_.cells.shape[2];
    post_at_ += depth * args_.post.shape[2];
    if (t_ < window_end_) return;
    for (; t_ >= window_end_; ++trial_) t_ -= window_end_ - static_cast<unsigned>(args_.window.begin);
    locate();
  }

 private:
  static constexpr unsigned stride = 4 * threads_of_row;

  __device__ __forceinline__ static unsigned own_cell() { return threadIdx.x % threads_of_row * 4; }
  __device__ __forceinline__ static int own_left(std::size_t count) {
    constexpr std::size_t enough = tile_pre > tile_post ? tile_pre : tile_post;
    return static_cast<int>(min(count, enough)) - static_cast<int>(own_cell());
  }
  __device__ __forceinline__ void locate() {
    length_ = trial_ < args_.post.shape[0] ? static_cast<unsigned>(max(args_.length[trial_], 0)) : 0u;
    const View<const std::uint8_t>& cells = cells_.cells;
    pre_at_ = (trial_ * cells.shape[1] + t_ - pre_delay_) * cells.shape[2] + args_.projection.pre_begin + pre_begin_ +
              own_cell();
    post_at_ = (trial_ * args_.post.shape[1] + t_ - post_delay_) * args_.post.shape[2] + args_.projection.post_begin +
               post_begin_ + own_cell();
  }
  __device__ __forceinline__ void apply_mask(Fetched& fetched) const {
    const unsigned frame = (t_ - pre_delay_) / cells_.frame_steps;
    const std::uint8_t* const mask =
        cells_.mask.row(trial_, frame) + args_.projection.pre_begin + pre_begin_ + own_cell();
    SW_UNROLL(4)
    for (unsigned n = 0; n < own_pre; ++n) {
      fetched.pre[n] =
          masked(fetched.pre[n], four_cells<aligned_pre>(mask + n * stride, pre_left_ - static_cast<int>(n * stride)));
    }
  }

  const OuterProductArgs<float>& args_;
  const PreCells<std::uint8_t>& cells_;
  unsigned post_delay_, pre_delay_;
  bool has_mask_;
  std::size_t pre_begin_, post_begin_;
  int pre_left_, post_left_;  // cells of the tile from the thread's first on; 0 or less: none
  unsigned window_end_;
  int rows_left_;                            // of the part
  unsigned trial_ = 0, t_ = 0, length_ = 0;  // length: of the trial
  std::size_t pre_at_ = 0, post_at_ = 0;     // elements before the first cells; wrong where there is no such pair
};

__device__ __forceinline__ void put(const Fetched& fetched, Stage& stage) {
  const unsigned k = stage_row(), thread = threadIdx.x % threads_of_row;
  auto* const pre = reinterpret_cast<uint2*>(&stage.pre[k][thread * 4]);
  auto* const high = reinterpret_cast<uint2*>(&stage.high[k][thread * 4]);
  auto* const low = reinterpret_cast<uint2*>(&stage.low[k][thread * 4]);
  SW_UNROLL(4)
  for (unsigned n = 0; n < own_pre; ++n) {
    pre[n * threads_of_row] = {byte_pair(fetched.pre[n], 0), byte_pair(fetched.pre[n], 1)};
  }
  const auto rest = [](float factor, std::uint32_t piece) { return factor - from_bf16(static_cast<Bf16>(piece)); };
  SW_UNROLL(4)
  for (unsigned n = 0; n < own_post; ++n) {
    const float4 four = fetched.post[n];
    const uint2 pairs{bf16_pair(four.x, four.y), bf16_pair(four.z, four.w)};
    high[n * threads_of_row] = pairs;
    low[n * threads_of_row] = {bf16_pair(rest(four.x, pairs.x), rest(four.y, pairs.x >> 16)),
                               bf16_pair(rest(four.z, pairs.y), rest(four.w, pairs.y >> 16))};
  }
}

// A warp's share of 16 rows of a stage.
struct Tiles {
  LeftTile pre[warp_tiles_pre];
  RightTile low[warp_tiles_post], high[warp_tiles_post];

  // Of cells from (warp_pre, warp_post) of the block's tile on.
  __device__ __forceinline__ void load(const Stage& stage, unsigned k, unsigned warp_pre, unsigned warp_post) {
    constexpr unsigned post_stride = tile_post + padding;
    SW_UNROLL(4)
    for (unsigned i = 0; i < warp_tiles_pre; ++i) {
      pre[i].load(&stage.pre[k][warp_pre + i * product_tile], tile_pre + padding);
    }
    SW_UNROLL(2)
    for (unsigned j = 0; j < warp_tiles_post; ++j) {
      low[j].load(&stage.low[k][warp_post + j * product_tile], post_stride);
      high[j].load(&stage.high[k][warp_post + j * product_tile], post_stride);
    }
  }
};

// A warp's sums of products.
class WarpSums {
 public:
  __device__ __forceinline__ void add_products(const Tiles& tiles) {
    for_each_tile([&](unsigned i, unsigned j) { sums_[i][j].add_product(tiles.pre[i], tiles.low[j]); });
    for_each_tile([&](unsigned i, unsigned j) { sums_[i][j].add_product(tiles.pre[i], tiles.high[j]); });
  }
  __device__ __forceinline__ void end_sums() {
    for_each_tile([&](unsigned i, unsigned j) { sums_[i][j].move_to(totals_[i][j]); });
  }
  // total: the block's [tile_pre][tile_post], from the warp's cells on.
  __device__ __forceinline__ void store(float* total) const {
    for_each_tile([&](unsigned i, unsigned j) {
      totals_[i][j].store(&total[i * product_tile * tile_post + j * product_tile], tile_post, 1.0f / byte_unit);
    });
  }

 private:
  template <class Visit>
  __device__ __forceinline__ static void for_each_tile(Visit&& visit) {
    SW_UNROLL(4)
    for (unsigned i = 0; i < warp_tiles_pre; ++i) {
      SW_UNROLL(2)
      for (unsigned j = 0; j < warp_tiles_post; ++j) visit(i, j);
    }
  }

  TileSum sums_[warp_tiles_pre][warp_tiles_post], totals_[warp_tiles_pre][warp_tiles_post];
};

// Block: a tile of the gradient and one part of K. Warp: 64 x 32 of the tile; one block fits an SM, for the sums take
// half of its registers. aligned_pre, aligned_post: whether rows of that factor can be read four numbers at a time.
template <bool aligned_pre, bool aligned_post>
__global__ void __launch_bounds__(spike_block, 1)
    spike_product_kernel(OuterProductArgs<float> args, PreCells<std::uint8_t> cells, Part part) {
  Memory& memory = *dynamic_shared<Memory>();
  const std::size_t pre_begin = std::size_t{blockIdx.y} * tile_pre, post_begin = std::size_t{blockIdx.x} * tile_post;
  const auto rows = static_cast<unsigned>(part.end() - part.begin());
  const unsigned warp = threadIdx.x / 32;
  const unsigned warp_pre = warp / warps_post * warp_pre_cells, warp_post = warp % warps_post * warp_post_cells;

  WarpSums sums;
  Source<aligned_pre, aligned_post> source(args, cells, part, pre_begin, post_begin);
  put(source.fetch(), memory.stages[0]);
  source.advance();
  Fetched fetched = source.fetch();
  __syncthreads();                // the first stage is filled
  Tiles first_half, second_half;  // of a stage: one is loaded while the other is multiplied
  first_half.load(memory.stages[0], 0, warp_pre, warp_post);
  unsigned filled = 0;
  // A step fills the next stage before it multiplies, so that the stores and the loads after them have the time of the
  // products.
  for (unsigned first = 0; first < rows;) {
    const unsigned end = min(first + rows_per_sum, rows);
    for (; first < end; first += depth, filled ^= 1) {
      Stage& next = memory.stages[filled ^ 1];
      second_half.load(memory.stages[filled], product_tile, warp_pre, warp_post);
      put(fetched, next);
      source.advance();
      fetched = source.fetch();  // under way until the next step
      sums.add_products(first_half);
      __syncthreads();  // the next stage is filled, and this one has been read
      first_half.load(next, 0, warp_pre, warp_post);
      sums.add_products(second_half);
    }
    sums.end_sums();
  }
  __syncthreads();  // the last stage has been read
  sums.store(&memory.total[warp_pre * tile_post + warp_post]);
  __syncthreads();  // all sums are there: threads write them in rows
  for (unsigned n = threadIdx.x; n < tile_pre * tile_post; n += spike_block) {
    write_sum(args, part, pre_begin + n / tile_post, post_begin + n % tile_post, memory.total[n]);
  }
}

// Whether four numbers of a row of `columns` stand at a multiple of their size, from cell `begin` on.
template <class T>
bool is_aligned(const T* data, std::size_t columns, std::size_t begin) {
  return columns % 4 == 0 && begin % 4 == 0 && reinterpret_cast<std::size_t>(data) % (4 * sizeof(T)) == 0;
}

}  // namespace

Part spike_parts(const OuterProductArgs<float>& args) {
  return choose_parts(args, {tile_pre, tile_post, 2 * depth, 132, 6, 0.055});
}

void spike_product(Context& context, const OuterProductArgs<float>& args) {
  Part part = spike_parts(args);
  if (part.count == 0) return;
  SW_EXPECTS(part.rows < std::size_t{1} << 31, "outer_product: a part of the batch has 2^31 steps or more");
  if (part.count > 1) part.sums = context.scratch.get<float>(part.scratch(args), "parts of a gradient");
  const PreCells<std::uint8_t> cells{args.events, args.mask, static_cast<unsigned>(args.frame_steps)};
  const LaunchConfig config{.grid = part.grid(),
                            .block = dim3(spike_block),
                            .dynamic_shared_bytes = sizeof(Memory),
                            .stream = context.stream};
  const ProjectionView<float>& p = args.projection;
  const bool aligned_pre = is_aligned(args.events.data, args.events.shape[2], p.pre_begin) &&
                           is_aligned(args.mask.data, args.events.shape[2], p.pre_begin);
  const bool aligned_post = is_aligned(args.post.data, args.post.shape[2], p.post_begin);
  const auto kernel = !aligned_pre    ? spike_product_kernel<false, false>
                      : !aligned_post ? spike_product_kernel<true, false>
                                      : spike_product_kernel<true, true>;
  launch(config, kernel, args, cells, part);
  if (part.count > 1) add_parts(context, part.sums, part.count, args);
}

}  // namespace spikeweave::SW_DEVICE
