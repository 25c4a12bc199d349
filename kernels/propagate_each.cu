// Input currents of one step for networks with sparse projections, longer delays, projections within the step or
// weights that change: a launch per projection, each adding to the sums of the ones before it.
#include "kernels/forward.cuh"
#include "kernels/gather.cuh"
#include "kernels/launch.cuh"
#include "kernels/trial_tiles.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned block_size = 256;  // post cells of a tile, and threads

// Block: one trial and one tile of the projection's post cells.
template <class T, class Source>
__global__ void __launch_bounds__(block_size)
    add_dense_kernel(ForwardViews views, Source source, ProjectionView<float> projection, unsigned t,
                     unsigned tile_count, float* sums) {
  SW_SHARED(ActiveCells, active, 1);
  const std::size_t trial = blockIdx.x / tile_count;
  if (t >= views.running_steps(trial)) return;
  const StepCells<T> cells = source.at(views, trial, t, static_cast<unsigned>(projection.delay));
  if (cells.row == nullptr) return;  // for the whole block: nothing was sent so long ago
  const std::size_t begin = projection.post_begin + blockIdx.x % tile_count * std::size_t{block_size};
  const std::size_t left = projection.post_begin + projection.post_count - begin;
  const PostTile tile{begin, begin + (left < block_size ? left : block_size)};
  const std::size_t neuron = begin + threadIdx.x;
  float* const sum = sums + trial * views.cell_count;
  const float before = neuron < tile.end ? sum[neuron] : 0.0f;
  const float after = gather_onto(before, cells, projection, tile, active[0]);
  if (neuron < tile.end) sum[neuron] = after;
}

// Thread: one post cell of one trial; its synapses in the order (delay, pre).
template <class T, class Source>
__global__ void add_sparse_kernel(ForwardViews views, Source source, ProjectionView<float> projection,
                                  SparseView sparse, unsigned t, float* sums) {
  const std::size_t index = global_index_1d();
  if (index >= views.batch * projection.post_count) return;
  const std::size_t trial = index / projection.post_count;
  if (t >= views.running_steps(trial)) return;
  const std::size_t post = index % projection.post_count;
  float sum = sums[trial * views.cell_count + projection.post_begin + post];
  for (std::uint32_t k = sparse.column_start[post]; k < sparse.column_start[post + 1]; ++k) {
    const StepCells<T> cells = source.at(views, trial, t, sparse.column_delay[k]);
    if (cells.row == nullptr) continue;
    const float x = cells.at(projection.pre_begin + sparse.column_source[k]);
    if (x != 0.0f) sum = sum + x * projection.weights[sparse.column_synapse[k]];
  }
  sums[trial * views.cell_count + projection.post_begin + post] = sum;
}

// The same of a dense projection within the step, for a tile of trials and one of post cells.
template <class T>
__global__ void __launch_bounds__(trial_tile_block)
    add_within_step_kernel(ForwardViews views, View<T> sent, ProjectionView<float> projection, unsigned t,
                           float* sums) {
  SW_SHARED(TrialTiles, tiles, 1);
  const std::size_t trial_begin = std::size_t{blockIdx.y} * trial_tile;
  const std::size_t post_begin = std::size_t{blockIdx.x} * trial_tile;
  const auto is_running = [&](std::size_t trial) { return trial < views.batch && t < views.running_steps(trial); };
  const auto load = [&](std::size_t first, TrialTiles& to) {
    load_along_k(to.left, [&](unsigned row, unsigned k) {
      const bool is_cell = first + k < projection.pre_count && is_running(trial_begin + row);
      return is_cell ? static_cast<float>(sent(trial_begin + row, t, projection.pre_begin + first + k)) : 0.0f;
    });
    load_along_columns(to.right, [&](unsigned column, unsigned k) {
      const std::size_t post = post_begin + column;
      const bool is_weight = first + k < projection.pre_count && post < projection.post_count;
      return is_weight ? projection.weights[(first + k) * projection.post_count + post] : 0.0f;
    });
  };
  const auto sum_of = [&](unsigned i, unsigned j) -> float* {
    const std::size_t trial = trial_begin + own_trial() + i, post = post_begin + own_column() + j;
    if (!is_running(trial) || post >= projection.post_count) return nullptr;
    return sums + trial * views.cell_count + projection.post_begin + post;
  };
  float sum[trials_per_thread][trials_per_thread];
  for (unsigned i = 0; i < trials_per_thread; ++i) {
    for (unsigned j = 0; j < trials_per_thread; ++j) sum[i][j] = sum_of(i, j) != nullptr ? *sum_of(i, j) : 0.0f;
  }
  multiply_tiles(projection.pre_count, load, tiles[0], sum);
  for (unsigned i = 0; i < trials_per_thread; ++i) {
    for (unsigned j = 0; j < trials_per_thread; ++j) {
      if (float* const to = sum_of(i, j)) *to = sum[i][j];
    }
  }
}

// Thread: one trial and neuron of the range, with its second compartment.
__global__ void combine_kernel(ForwardViews views, NeuronRange range, const float* from_input, const float* recurrent,
                               float* current) {
  const std::size_t own = global_index_1d();
  if (own >= views.batch * range.count) return;
  const std::size_t neuron = range.begin + own % range.count;
  const auto combine = [&](std::size_t cell) {
    const std::size_t index = own / range.count * views.cell_count + cell;
    current[index] = views.input_current(from_input[index], cell) + recurrent[index];
  };
  combine(neuron);
  if (views.cell_count == views.neuron_count) return;
  const unsigned p = views.populations.find(neuron);
  if (p == views.populations.count || views.populations.at[p].second == 0) return;
  combine(views.populations.at[p].second + neuron - views.populations.at[p].begin);
}

template <class T, class Source>
void add_projections(Context& context, const ForwardViews& views, const Source& source,
                     const ProjectionList<float>& projections, unsigned t, float* sums) {
  for (std::size_t p = 0; p < projections.count; ++p) {
    const ProjectionView<float>& projection = projections.at[p];
    if (projection.sparse != nullptr) {
      launch_1d(context.stream, views.batch * projection.post_count, add_sparse_kernel<T, Source>, views, source,
                projection, *projection.sparse, t, sums);
      continue;
    }
    const auto tiles = static_cast<unsigned>((projection.post_count + block_size - 1) / block_size);
    launch(
        {.grid = dim3(static_cast<unsigned>(views.batch) * tiles), .block = dim3(block_size), .stream = context.stream},
        add_dense_kernel<T, Source>, views, source, projection, t, tiles, sums);
  }
}

}  // namespace

template <class T>
void propagate_each(Context& context, const ForwardViews& views, const PreCells<T>& input, unsigned t,
                    float* currents) {
  const std::size_t cells = views.batch * views.cell_count;
  float* const from_input = currents + cells;
  float* const recurrent = from_input + cells;
  SW_CUDA_CHECK(cudaMemsetAsync(from_input, 0, 2 * cells * sizeof(float), context.stream));
  add_projections<T>(context, views, InputSource<T>{input}, views.input, t, from_input);
  if (views.outputs.empty()) {
    add_projections<std::uint8_t>(context, views, SpikeSource{}, views.recurrent, t, recurrent);
  } else {
    add_projections<float>(context, views, OutputSource{}, views.recurrent, t, recurrent);
  }
}

void propagate_within_step(Context& context, const ForwardViews& views, unsigned t, const NeuronRange& range,
                           float* currents) {
  const std::size_t cells = views.batch * views.cell_count;
  float* const from_input = currents + cells;
  float* const recurrent = from_input + cells;
  for (std::size_t p = 0; p < views.within_step.count; ++p) {
    const ProjectionView<float>& projection = views.within_step.at[p];
    if (views.populations.neuron_of(projection.post_begin) != range.begin) continue;
    const auto add = [&]<class T>(const View<T>& sent, const auto& source) {
      if (projection.sparse != nullptr) {
        launch_1d(context.stream, views.batch * projection.post_count,
                  add_sparse_kernel<T, std::decay_t<decltype(source)>>, views, source, projection, *projection.sparse,
                  t, recurrent);
      } else {
        launch({.grid = trial_tile_grid(views.batch, projection.post_count),
                .block = dim3(trial_tile_block),
                .stream = context.stream},
               add_within_step_kernel<T>, views, sent, projection, t, recurrent);
      }
    };
    if (views.outputs.empty()) {
      add(views.spikes, SpikeSource{});
    } else {
      add(views.outputs, OutputSource{});
    }
  }
  launch_1d(context.stream, views.batch * range.count, combine_kernel, views, range, from_input, recurrent, currents);
}

template void propagate_each(Context&, const ForwardViews&, const PreCells<std::uint8_t>&, unsigned, float*);
template void propagate_each(Context&, const ForwardViews&, const PreCells<float>&, unsigned, float*);

}  // namespace spikeweave::SW_DEVICE
