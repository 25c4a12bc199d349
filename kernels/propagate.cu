// What the spikes of the last step give in this one, for large networks, in two forms with the same bits: a gather over
// the spikes of each trial, and a dense product of tiles that trials share.
#include "kernels/forward.cuh"
#include "kernels/gather.cuh"
#include "kernels/launch.cuh"
#include "kernels/trial_tiles.cuh"

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

// Block: a tile of trials and one of post neurons. Each sum runs over projections in order and pre cells in ascending
// order.
__global__ void __launch_bounds__(trial_tile_block)
    propagate_gemm_kernel(ForwardViews views, unsigned t, CurrentRows currents) {
  SW_SHARED(TrialTiles, tiles, 1);
  const std::size_t post_begin = std::size_t{blockIdx.x} * trial_tile;
  const std::size_t trial_begin = std::size_t{blockIdx.y} * trial_tile;
  const auto is_running = [&](std::size_t trial) { return trial < views.batch && t < views.running_steps(trial); };
  const std::size_t loaded = trial_begin + threadIdx.x / 4;
  const StepCells<std::uint8_t> cells =
      is_running(loaded) ? views.last_spikes(loaded, t) : StepCells<std::uint8_t>{nullptr, nullptr};

  float recurrent[trials_per_thread][trials_per_thread] = {};
  for (std::size_t p = 0; p < views.recurrent.count; ++p) {
    const ProjectionView<float>& projection = views.recurrent.at[p];
    const std::size_t projection_end = projection.post_begin + projection.post_count;
    if (projection.post_begin >= post_begin + trial_tile || projection_end <= post_begin) continue;  // the whole block
    const auto load = [&](std::size_t first, TrialTiles& to) {
      load_along_k(to.left, [&](unsigned, unsigned k) {
        const bool is_cell = cells.row != nullptr && first + k < projection.pre_count;
        return is_cell ? cells.at(projection.pre_begin + first + k) : 0.0f;
      });
      load_along_columns(to.right, [&](unsigned column, unsigned k) {
        const std::size_t post = post_begin + column;
        const bool is_weight =
            first + k < projection.pre_count && post >= projection.post_begin && post < projection_end;
        return is_weight ? projection.weights[(first + k) * projection.post_count + (post - projection.post_begin)]
                         : 0.0f;
      });
    };
    multiply_tiles(projection.pre_count, load, tiles[0], recurrent);
  }
  for (unsigned i = 0; i < trials_per_thread; ++i) {
    for (unsigned j = 0; j < trials_per_thread; ++j) {
      const std::size_t trial = trial_begin + own_trial() + i;
      const std::size_t post = post_begin + own_column() + j;
      if (is_running(trial) && post < views.neuron_count) currents.at(trial, t, post) += recurrent[i][j];
    }
  }
}

}  // namespace

void propagate(Context& context, const ForwardViews& views, const CurrentRows& currents, unsigned t, bool is_gemm) {
  if (t == 0) return;
  if (is_gemm) {
    launch({.grid = trial_tile_grid(views.batch, views.neuron_count),
            .block = dim3(trial_tile_block),
            .stream = context.stream},
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
