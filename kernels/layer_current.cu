// What a population gets from earlier ones in a stretch of steps, as one product: where no projection leads back, they
// have made all these steps before it makes its first. The order of each sum is that of a step at a time.
// Floor: 2 flops for each synapse, trial and step; weights once for 128 rows, 1 byte for each cell and row and tile of
// columns.
#include <algorithm>

#include "kernels/forward.cuh"
#include "kernels/row_tiles.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// Adds to the currents of the range. Block: a tile of rows, trial by trial, and one of neurons of the range. T: spikes,
// whose product with a weight is exact, so that adding it takes one instruction with the same bits, or outputs.
template <class Tiles, class T, class Source>
__global__ void __launch_bounds__(row_block, sizeof(T) == 1 ? 2 : 1)
    layer_current_kernel(ForwardViews views, Source source, RowProjections projections, NeuronRange range,
                         CurrentRows currents) {
  constexpr bool is_exact = sizeof(T) == 1;
  using Stage = typename Tiles::Stage;
  SW_SHARED(Stage, stages, 2);
  SW_SHARED(TilePlace, place, 1);
  SW_SHARED(const T*, sent, Tiles::rows);  // what arrives in each row; nullptr: nothing
  const auto steps = static_cast<unsigned>(views.window.end - views.window.begin);
  const auto trial_of = [&](unsigned row) { return std::size_t{(place[0].first_row + row) / steps}; };
  const auto step_of = [&](unsigned row) {
    return static_cast<unsigned>(views.window.begin) + (place[0].first_row + row) % steps;
  };
  const auto is_running = [&](unsigned row) {
    return trial_of(row) < views.batch && step_of(row) < views.running_steps(trial_of(row));
  };

  place[0].find<Tiles>(range);
  __syncthreads();  // the place is there
  typename Tiles::Sums sum = {};
  SW_UNROLL(1)
  for (unsigned p = 0; p < projections.count; ++p) {
    const RowProjection& projection = projections.at[p];
    const unsigned post_end = projection.post_begin + projection.post_count;
    if (projection.post_begin >= place[0].end || post_end <= place[0].begin) continue;  // the whole block
    __syncthreads();  // nobody reads the rows of the last projection any more
    bool is_any = false;
    for (unsigned row = threadIdx.x; row < Tiles::rows; row += row_block) {
      const T* cells = nullptr;
      if (is_running(row)) {
        cells = source.at(views, trial_of(row), step_of(row), projection.delay).row;
      }
      sent[row] = cells == nullptr ? nullptr : cells + projection.pre_begin;
      is_any = is_any || cells != nullptr;
    }
    if (__syncthreads_or(is_any ? 1 : 0) == 0) continue;  // the rows are there
    const unsigned count = projection.pre_count, stride = projection.post_count;
    const unsigned post = place[0].begin + Tiles::line_along_columns();
    const bool is_target = post >= projection.post_begin && post < min(post_end, place[0].end);
    const unsigned own_count = is_target ? count : 0;
    const float* const column = projection.weights + (is_target ? post - projection.post_begin : 0);
    const auto left = [&](unsigned n, unsigned k) {
      const T* const cells = sent[Tiles::line_along_k(n)];
      return cells != nullptr && k < count ? cells[k] : T{0};
    };
    const auto right = [&](unsigned, unsigned k) { return k < own_count ? column[std::size_t{k} * stride] : 0.0f; };
    Tiles::template multiply<is_exact, false>(count, left, right, stages, sum);
  }

  SW_UNROLL(8)
  for (unsigned i = 0; i < Tiles::rows / 16; ++i) {
    const unsigned row = Tiles::own_row(i);
    if (!is_running(row)) continue;
    SW_UNROLL(8)
    for (unsigned j = 0; j < Tiles::columns / 16; ++j) {
      const unsigned neuron = place[0].begin + Tiles::own_column(j);
      if (neuron < place[0].end) currents.at(trial_of(row), step_of(row), neuron) += sum[i][j];
    }
  }
}

// What leads to the range, in the order of the sums: those within the step by the first population that they lead to.
RowProjections projections_to(const ForwardViews& views, const NeuronRange& range) {
  RowProjections to;
  const auto add = [&](const ProjectionList<float>& list) {
    for (std::size_t p = 0; p < list.count; ++p) {
      const ProjectionView<float>& projection = list.at[p];
      const bool leads_to = projection.post_begin < range.begin + range.count &&
                            projection.post_begin + projection.post_count > range.begin;
      if (leads_to) to.add(projection, projection.weights);
    }
  };
  add(views.recurrent);
  ProjectionList<float> list = views.within_step;
  const auto first_population = [&](const ProjectionView<float>& projection) {
    unsigned p = 0;
    const PopulationTable& of = views.populations;
    while (p < of.count && projection.post_begin >= of.at[p].begin + of.at[p].count) ++p;
    return p;
  };
  std::stable_sort(list.at, list.at + list.count,
                   [&](const auto& a, const auto& b) { return first_population(a) < first_population(b); });
  add(list);
  return to;
}

}  // namespace

void run_layers(Context& context, const ForwardViews& views, const CurrentRows& currents) {
  const std::size_t rows = views.batch * (views.window.end - views.window.begin);
  for (unsigned p = 0; p < views.populations.count; ++p) {
    const NeuronRange range{views.populations.at[p].begin, views.populations.at[p].count};
    const RowProjections projections = projections_to(views, range);
    const auto run = [&]<class Tiles>() {
      const LaunchConfig config = row_tiles_config<Tiles>(context, rows, range.count);
      const auto add = [&]<class T, class Source>(const Source& source, T) {
        launch(config, layer_current_kernel<Tiles, T, Source>, views, source, projections, range, currents);
      };
      views.outputs.empty() ? add(SpikeSource{}, std::uint8_t{}) : add(OutputSource{}, float{});
    };
    if (projections.count > 0) with_row_tiles(context, rows, range.count, run);
    neuron_steps(context, views, views.window, range, currents);
  }
}

}  // namespace spikeweave::SW_DEVICE
