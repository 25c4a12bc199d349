// What the spikes of the last step give in this one, for large networks, in two forms with the same bits: a gather over
// the spikes of each trial, and a dense product of tiles that trials share.
#include "kernels/forward.cuh"
#include "kernels/gather.cuh"
#include "kernels/launch.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned gather_block = 256;  // post neurons of a tile, and threads

// Block: one trial and one tile of post neurons.
__global__ void __launch_bounds__(gather_block)
    propagate_gather_kernel(ForwardViews views, unsigned t, unsigned tile_count, CurrentRows currents) {
  SW_SHARED(ActiveCells, active, 1);
  const std::size_t trial = blockIdx.x / tile_count;
  if (t >= views.running_steps(trial)) return;
  const std::size_t begin = blockIdx.x % tile_count * std::size_t{gather_block};
  const std::size_t left = views.neuron_count - begin;
  const PostTile tile{begin, begin + (left < gather_block ? left : gather_block)};

  const float recurrent = gather_sum(views.last_spikes(trial, t), views.recurrent, tile, active[0]);
  const std::size_t neuron = begin + threadIdx.x;
  if (neuron < tile.end) currents.at(trial, t, neuron) += recurrent;
}

constexpr unsigned gemm_tile = 64;    // trials and post neurons of a block
constexpr unsigned depth = 16;        // pre cells held at a time
constexpr unsigned per_thread = 4;    // trials and post neurons of a thread
constexpr unsigned gemm_block = 256;  // (gemm_tile / per_thread)^2

struct GemmTiles {
  float cells[depth][gemm_tile];    // [pre, trial]
  float weights[depth][gemm_tile];  // [pre, post]
};

// Adds spikes times weights to `sum`, for each element over projections in order and pre cells in ascending order.
// cells: of trial threadIdx.x / 4 of the tile; their row is nullptr where it does not run.
__device__ __forceinline__ void add_products(const ProjectionList<float>& projections,
                                             const StepCells<std::uint8_t>& cells, std::size_t post_begin,
                                             GemmTiles& tiles, float (&sum)[per_thread][per_thread]) {
  const unsigned own_trials = threadIdx.x / 16 * per_thread;
  const unsigned own_posts = threadIdx.x % 16 * per_thread;
  for (std::size_t p = 0; p < projections.count; ++p) {
    const ProjectionView<float>& projection = projections.at[p];
    const std::size_t projection_end = projection.post_begin + projection.post_count;
    if (projection.post_begin >= post_begin + gemm_tile || projection_end <= post_begin)
      continue;  // for the whole block
    for (std::size_t first = 0; first < projection.pre_count; first += depth) {
      for (unsigned k = threadIdx.x % 4 * 4; k < threadIdx.x % 4 * 4 + 4; ++k) {
        const bool is_cell = cells.row != nullptr && first + k < projection.pre_count;
        tiles.cells[k][threadIdx.x / 4] = is_cell ? cells.at(projection.pre_begin + first + k) : 0.0f;
      }
      for (unsigned j = 0; j < per_thread; ++j) {
        const std::size_t pre = first + threadIdx.x / 16;
        const std::size_t post = post_begin + own_posts + j;
        const bool is_weight = pre < projection.pre_count && post >= projection.post_begin && post < projection_end;
        tiles.weights[threadIdx.x / 16][own_posts + j] =
            is_weight ? projection.weights[pre * projection.post_count + (post - projection.post_begin)] : 0.0f;
      }
      __syncthreads();  // the tiles are filled
      SW_UNROLL(16)
      for (unsigned k = 0; k < depth; ++k) {
        SW_UNROLL(4)
        for (unsigned i = 0; i < per_thread; ++i) {
          SW_UNROLL(4)
          for (unsigned j = 0; j < per_thread; ++j) {
            sum[i][j] = sum[i][j] + tiles.cells[k][own_trials + i] * tiles.weights[k][own_posts + j];
          }
        }
      }
      __syncthreads();  // the tiles have been read
    }
  }
}

// Block: a tile of trials and one of post neurons.
__global__ void __launch_bounds__(gemm_block)
    propagate_gemm_kernel(ForwardViews views, unsigned t, CurrentRows currents) {
  SW_SHARED(GemmTiles, tiles, 1);
  const std::size_t post_begin = std::size_t{blockIdx.x} * gemm_tile;
  const std::size_t trial_begin = std::size_t{blockIdx.y} * gemm_tile;
  const auto is_running = [&](std::size_t trial) { return trial < views.batch && t < views.running_steps(trial); };

  const std::size_t loaded = trial_begin + threadIdx.x / 4;
  float recurrent[per_thread][per_thread] = {};
  add_products(views.recurrent,
               is_running(loaded) ? views.last_spikes(loaded, t) : StepCells<std::uint8_t>{nullptr, nullptr},
               post_begin, tiles[0], recurrent);
  for (unsigned i = 0; i < per_thread; ++i) {
    for (unsigned j = 0; j < per_thread; ++j) {
      const std::size_t trial = trial_begin + threadIdx.x / 16 * per_thread + i;
      const std::size_t post = post_begin + threadIdx.x % 16 * per_thread + j;
      if (is_running(trial) && post < views.neuron_count) currents.at(trial, t, post) += recurrent[i][j];
    }
  }
}

}  // namespace

void propagate(Context& context, const ForwardViews& views, const CurrentRows& currents, unsigned t, bool is_gemm) {
  if (t == 0) return;
  if (is_gemm) {
    const auto post_tiles = static_cast<unsigned>((views.neuron_count + gemm_tile - 1) / gemm_tile);
    const auto trial_tiles = static_cast<unsigned>((views.batch + gemm_tile - 1) / gemm_tile);
    launch({.grid = dim3(post_tiles, trial_tiles), .block = dim3(gemm_block), .stream = context.stream},
           propagate_gemm_kernel, views, t, currents);
    return;
  }
  const auto tile_count = static_cast<unsigned>((views.neuron_count + gather_block - 1) / gather_block);
  launch({.grid = dim3(static_cast<unsigned>(views.batch * tile_count)),
          .block = dim3(gather_block),
          .stream = context.stream},
         propagate_gather_kernel, views, t, tile_count, currents);
}

}  // namespace spikeweave::SW_DEVICE
