// Input currents of one step for networks with sparse projections, longer delays or weights that change: a launch per
// projection, each adding to the sums of the ones before it.
#include "kernels/forward.cuh"
#include "kernels/gather.cuh"
#include "kernels/launch.cuh"

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
  float* const sum = sums + trial * views.neuron_count;
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
  float sum = sums[trial * views.neuron_count + projection.post_begin + post];
  for (std::uint32_t k = sparse.column_start[post]; k < sparse.column_start[post + 1]; ++k) {
    const StepCells<T> cells = source.at(views, trial, t, sparse.column_delay[k]);
    if (cells.row == nullptr) continue;
    const float x = cells.at(projection.pre_begin + sparse.column_source[k]);
    if (x != 0.0f) sum = sum + x * projection.weights[sparse.column_synapse[k]];
  }
  sums[trial * views.neuron_count + projection.post_begin + post] = sum;
}

__global__ void combine_kernel(ForwardViews views, const float* from_input, const float* recurrent, float* current) {
  const std::size_t index = global_index_1d();
  if (index >= views.batch * views.neuron_count) return;
  current[index] = views.input_scale * from_input[index] + recurrent[index];
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
  const std::size_t cells = views.batch * views.neuron_count;
  float* const from_input = currents + cells;
  float* const recurrent = from_input + cells;
  SW_CUDA_CHECK(cudaMemsetAsync(from_input, 0, 2 * cells * sizeof(float), context.stream));
  add_projections<T>(context, views, InputSource<T>{input}, views.input, t, from_input);
  if (views.outputs.empty()) {
    add_projections<std::uint8_t>(context, views, SpikeSource{}, views.recurrent, t, recurrent);
  } else {
    add_projections<float>(context, views, OutputSource{}, views.recurrent, t, recurrent);
  }
  launch_1d(context.stream, cells, combine_kernel, views, from_input, recurrent, currents);
}

template void propagate_each(Context&, const ForwardViews&, const PreCells<std::uint8_t>&, unsigned, float*);
template void propagate_each(Context&, const ForwardViews&, const PreCells<float>&, unsigned, float*);

}  // namespace spikeweave::SW_DEVICE
