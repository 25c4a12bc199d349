// Sum over batch and steps of post times pre value: a tiled product over K = batch * steps, split into parts of K so
// that small blocks of weights use the whole GPU too. The parts are added in ascending order.
#include <string>

#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "kernels/pre_cells.cuh"
#include "kernels/product_rows.cuh"
#include "kernels/spike_product.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned tile = 64;            // pre and post cells of a block
constexpr unsigned depth = 16;           // rows of K held at a time
constexpr unsigned per_thread = 4;       // pre and post cells of a thread
constexpr unsigned product_block = 256;  // (tile / per_thread)^2
constexpr unsigned loading_rows = product_block / tile;

struct ProductTiles {
  float pre[depth][tile];
  float post[depth][tile];
};

// Fills the tiles with the rows first ... of K = batch * steps; 0 beyond `end` and where the trial has no such pair.
__device__ __forceinline__ void load_tiles(const OuterProductArgs<float>& args, const PreCells<float>& cells,
                                           std::size_t first, std::size_t end, std::size_t pre, std::size_t post,
                                           ProductTiles& tiles) {
  for (unsigned k = threadIdx.x / tile; k < depth; k += loading_rows) {
    const Row row = Row::at(first + k, args.window);
    const bool is_pair = first + k < end && row.is_pair(args);
    tiles.pre[k][threadIdx.x % tile] =
        is_pair && pre < args.projection.pre_count ? pre_value(args, cells, row, pre) : 0.0f;
    tiles.post[k][threadIdx.x % tile] =
        is_pair && post < args.projection.post_count ? post_value(args, row, post) : 0.0f;
  }
}

// Block: a tile of the gradient and one part of K.
__global__ void __launch_bounds__(product_block)
    outer_product_kernel(OuterProductArgs<float> args, PreCells<float> cells, Part part) {
  SW_SHARED(ProductTiles, tiles, 1);
  const std::size_t pre_begin = std::size_t{blockIdx.y} * tile;
  const std::size_t post_begin = std::size_t{blockIdx.x} * tile;
  const std::size_t begin = part.begin(), end = part.end();
  const unsigned own_pre = threadIdx.x / 16 * per_thread;
  const unsigned own_post = threadIdx.x % 16 * per_thread;

  float sum[per_thread][per_thread] = {};
  for (std::size_t first = begin; first < end; first += depth) {
    load_tiles(args, cells, first, end, pre_begin + threadIdx.x % tile, post_begin + threadIdx.x % tile, tiles[0]);
    __syncthreads();  // the tiles are filled
    SW_UNROLL(16)
    for (unsigned k = 0; k < depth; ++k) {
      SW_UNROLL(4)
      for (unsigned i = 0; i < per_thread; ++i) {
        SW_UNROLL(4)
        for (unsigned j = 0; j < per_thread; ++j) {
          sum[i][j] = __fmaf_rn(tiles[0].pre[k][own_pre + i], tiles[0].post[k][own_post + j], sum[i][j]);
        }
      }
    }
    __syncthreads();  // the tiles have been read
  }

  for (unsigned i = 0; i < per_thread; ++i) {
    for (unsigned j = 0; j < per_thread; ++j) {
      write_sum(args, part, pre_begin + own_pre + i, post_begin + own_post + j, sum[i][j]);
    }
  }
}

// Of a projection from few cells, such as a bias. Block: one pre cell, a stretch of post cells and one part of K.
// Thread: one post cell, row after row.
__global__ void __launch_bounds__(product_block)
    narrow_product_kernel(OuterProductArgs<float> args, PreCells<float> cells, Part part) {
  struct Pair {
    const float* post;  // factors of the projection's post cells; nullptr: no pair
    float pre;
  };
  SW_SHARED(Pair, pairs, product_block);
  const std::size_t pre = blockIdx.y;
  const std::size_t post = std::size_t{blockIdx.x} * product_block + threadIdx.x;
  const bool is_there = post < args.projection.post_count;
  float sum = 0.0f;
  for (std::size_t first = part.begin(); first < part.end(); first += product_block) {
    const std::size_t left = part.end() - first;
    const unsigned count = left < product_block ? static_cast<unsigned>(left) : product_block;
    __syncthreads();  // the last pairs have been read
    if (threadIdx.x < count) {
      const Row row = Row::at(first + threadIdx.x, args.window);
      const bool is_pair = row.is_pair(args);
      pairs[threadIdx.x] = {
          is_pair ? &args.post(row.trial, row.t - args.post_delay, args.projection.post_begin) : nullptr,
          is_pair ? pre_value(args, cells, row, pre) : 0.0f};
    }
    __syncthreads();  // the pairs are there
    SW_UNROLL(8)
    for (unsigned n = 0; n < count; ++n) {
      const Pair& pair = pairs[n];
      sum = __fmaf_rn(pair.pre, is_there && pair.post != nullptr ? pair.post[post] : 0.0f, sum);
    }
  }
  write_sum(args, part, pre, post, sum);
}

// Thread: one synapse of a sparse projection, trial after trial. k counts the columns' order.
template <class T>
__global__ void sparse_product_kernel(OuterProductArgs<float> args, SparseView sparse, PreCells<T> cells) {
  const std::size_t k = global_index_1d();
  if (k >= sparse.target.size()) return;
  const ProjectionView<float>& p = args.projection;
  const std::uint32_t synapse = sparse.column_synapse[k];
  const std::size_t pre = p.pre_begin + sparse.column_source[k];
  const std::size_t post = p.post_begin + sparse.target[synapse];
  const std::size_t pre_delay = sparse.column_delay[k] - args.post_delay;
  float sum = 0.0f;
  for (std::size_t trial = 0; trial < args.post.shape[0]; ++trial) {
    const std::size_t first = pre_delay > args.post_delay ? pre_delay : args.post_delay;
    for (std::size_t t = first > args.window.begin ? first : args.window.begin;
         t < args.window.end && static_cast<std::int64_t>(t) < args.length[trial]; ++t) {
      const float x = cells.at(trial, static_cast<unsigned>(t - pre_delay)).at(pre);
      if (x != 0.0f) sum = sum + x * args.post(trial, t - args.post_delay, post);
    }
  }
  args.gradient[synapse] += args.scale * sum;
}

constexpr std::size_t few_cells = 8;
constexpr PartRule tiles_rule{tile, tile, 2 * depth, 264, 4, 0.24}, narrow_rule{1, product_block, 32, 1056, 4, 0.08};

bool is_narrow(const OuterProductArgs<float>& args) {
  return args.projection.pre_count <= few_cells;
}
Part value_parts(const OuterProductArgs<float>& args) {
  return choose_parts(args, is_narrow(args) ? narrow_rule : tiles_rule);
}

}  // namespace

Method outer_product_method(const OuterProductArgs<float>& args) {
  if (args.projection.sparse != nullptr) return {"a thread per synapse", 0};
  if (!args.events.empty()) {
    return {"two bf16 products on tensor cores, the spikes exact", spike_parts(args).scratch(args) * sizeof(float)};
  }
  return {is_narrow(args) ? "a thread per synapse and part" : "tiles of a dense product",
          value_parts(args).scratch(args) * sizeof(float)};
}

void outer_product(Context& context, const OuterProductArgs<float>& of) {
  OuterProductArgs<float> args = of;
  args.window.end = args.window.end_or(args.post.shape[1]);
  if (args.window.begin >= args.window.end) return;
  if (args.projection.sparse != nullptr) {
    with_pre_cells(args.events, args.values, args.mask, args.frame_steps, [&]<class T>(const PreCells<T>& cells) {
      launch_1d(context.stream, args.projection.synapse_count(), sparse_product_kernel<T>, args,
                *args.projection.sparse, cells);
    });
    return;
  }
  if (!args.events.empty()) {
    spike_product(context, args);
    return;
  }
  Part part = value_parts(args);
  if (part.count == 0) return;
  if (part.count > 1) part.sums = context.scratch.get<float>(part.scratch(args), "parts of a gradient");
  launch({.grid = part.grid(), .block = dim3(product_block), .stream = context.stream},
         is_narrow(args) ? narrow_product_kernel : outer_product_kernel, args,
         PreCells<float>{args.values, args.mask, static_cast<unsigned>(args.frame_steps)}, part);
  if (part.count > 1) add_parts(context, part.sums, part.count, args);
}

}  // namespace spikeweave::SW_DEVICE
