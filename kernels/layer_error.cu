// What the spikes of a stretch of neurons do later, in a window of steps, as one product of post factors and the
// weights that errors travel back through: where no projection leads back, the post factors of all neurons that they
// lead to are there. Floor: 2 flops for each synapse, trial and step.
#include "kernels/adjoint.cuh"
#include "kernels/row_tiles.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// Overwrites later [batch, steps of the window, cells of the range]. Block: a tile of rows, trial by trial, and one of
// cells.
template <class Tiles>
__global__ void __launch_bounds__(row_block, Tiles::blocks_at_once)
    layer_error_kernel(AdjointArgs<float> args, RowProjections projections, NeuronRange range, float* later) {
  using Stage = typename Tiles::Stage;
  SW_SHARED(Stage, stages, 2);
  SW_SHARED(TilePlace, place, 1);
  SW_SHARED(const float*, factors, Tiles::rows);     // post factors at arrival of each row; nullptr: none
  SW_SHARED(const float*, weights, Tiles::columns);  // of each cell; nullptr: none
  const auto steps = static_cast<unsigned>(args.window.end - args.window.begin);
  const unsigned row_count = static_cast<unsigned>(args.psi_to_factor.shape[0]) * steps;

  place[0].find<Tiles>(range);
  __syncthreads();  // the place is there
  typename Tiles::Sums sum = {};
  SW_UNROLL(1)
  for (unsigned p = 0; p < projections.count; ++p) {
    const RowProjection& projection = projections.at[p];
    const unsigned pre_end = projection.pre_begin + projection.pre_count;
    if (projection.pre_begin >= place[0].end || pre_end <= place[0].begin) continue;  // the whole block
    __syncthreads();  // nobody reads the rows and weights of the last projection any more
    for (unsigned column = threadIdx.x; column < Tiles::columns; column += row_block) {
      const unsigned pre = place[0].begin + column;
      const bool is_source = pre >= projection.pre_begin && pre < min(pre_end, place[0].end);
      const std::size_t first = std::size_t{pre - projection.pre_begin} * projection.post_count;
      weights[column] = is_source ? projection.weights + first : nullptr;
    }
    bool is_any = false;
    for (unsigned row = threadIdx.x; row < Tiles::rows; row += row_block) {
      const unsigned trial = (place[0].first_row + row) / steps;
      const std::size_t arrival = args.window.begin + (place[0].first_row + row) % steps + projection.delay;
      const bool is_running =
          place[0].first_row + row < row_count && static_cast<std::int64_t>(arrival) < args.in.length[trial];
      factors[row] = is_running ? args.psi_to_factor.row(trial, arrival) + projection.post_begin : nullptr;
      is_any = is_any || is_running;
    }
    if (__syncthreads_or(is_any ? 1 : 0) == 0) continue;  // rows and weights are there
    const unsigned count = projection.post_count;
    const auto left = [&](unsigned n, unsigned k) {
      const float* const row = factors[Tiles::line_along_k(n)];
      return row != nullptr && k < count ? row[k] : 0.0f;
    };
    const auto right = [&](unsigned n, unsigned k) {
      const float* const row = weights[Tiles::line_along_k(n)];
      return row != nullptr && k < count ? row[k] : 0.0f;
    };
    Tiles::template multiply<true, true>(count, left, right, stages, sum);
  }

  SW_UNROLL(8)
  for (unsigned i = 0; i < Tiles::rows / 16; ++i) {
    const unsigned row = place[0].first_row + Tiles::own_row(i);
    if (row >= row_count) continue;
    SW_UNROLL(8)
    for (unsigned j = 0; j < Tiles::columns / 16; ++j) {
      const unsigned cell = place[0].begin + Tiles::own_column(j);
      if (cell < place[0].end) later[std::size_t{row} * range.count + (cell - range.begin)] = sum[i][j];
    }
  }
}

}  // namespace

bool layer_errors(Context& context, const AdjointArgs<float>& args, const NeuronRange& range, float* later) {
  RowProjections projections;
  for (const ProjectionList<float>* list : {&args.recurrent, &args.within_step}) {
    for (std::size_t p = 0; p < list->count; ++p) {
      const ProjectionView<float>& projection = list->at[p];
      const bool leads_from =
          projection.pre_begin < range.begin + range.count && projection.pre_begin + projection.pre_count > range.begin;
      if (leads_from) projections.add(projection, projection.backward);
    }
  }
  if (projections.count == 0) return false;
  const std::size_t rows = args.psi_to_factor.shape[0] * (args.window.end - args.window.begin);
  with_row_tiles(context, rows, range.count, [&]<class Tiles>() {
    launch(row_tiles_config<Tiles>(context, rows, range.count), layer_error_kernel<Tiles>, args, projections, range,
           later);
  });
  return true;
}

}  // namespace spikeweave::SW_DEVICE
