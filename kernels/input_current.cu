// Input currents of a window of steps, before the loop over time. A block lists the cells that are active in any of
// four neighbouring steps, so a row of weights is read once for the four: a gather where few cells are active, a dense
// product where all are, with the same bits. Events that the pass draws are drawn here, into shared memory.
// Floor: the weights of the listed cells from L2, B T N 4 bytes written, and B T I / 4 Philox calls where events are
// drawn.
#include <algorithm>

#include "kernels/draw_events.cuh"
#include "kernels/forward.cuh"
#include "kernels/gather.cuh"
#include "kernels/launch.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned rows = 4;                // steps of a block
constexpr unsigned largest_block = 256;     // post neurons of a block, and threads
constexpr unsigned smallest_block = 64;     // fewer threads list the active cells too slowly
constexpr std::size_t drawn_bytes = 49152;  // of shared memory for drawn events; what the blocks of an SM may take

struct alignas(16) RowValues {
  float at[rows];
};
__device__ __forceinline__ bool is_active(const RowValues& values) {
  bool is_any = false;
  for (unsigned r = 0; r < rows; ++r) is_any = is_any || values.at[r] != 0.0f;
  return is_any;
}
using ActiveRows = ActiveList<RowValues, 512>;

// The cells of the block's steps; row nullptr: a step that is not there.
template <class T>
struct RowCells {
  StepCells<T> row[rows];

  __device__ __forceinline__ RowValues at(std::size_t cell) const {
    RowValues values;
    SW_UNROLL(4)
    for (unsigned r = 0; r < rows; ++r) values.at[r] = row[r].row == nullptr ? 0.0f : row[r].at(cell);
    return values;
  }
};

// Draws the block's steps into shared memory, [rows, inputs], and to where the events stay.
__device__ __forceinline__ void draw_rows(const EncodeArgs& draw, std::size_t trial, std::size_t first, std::size_t end,
                                          std::uint8_t* drawn) {
  const std::size_t inputs = draw.events.shape[2];
  const unsigned draws = draw_count(inputs);
  for (unsigned n = threadIdx.x; n < rows * draws; n += blockDim.x) {
    const unsigned r = n / draws;
    if (first + r >= end) return;
    std::uint8_t* const events = draw.events.row(trial, first + r);
    draw_events(draw, trial, first + r, n % draws, [&](std::size_t cell, std::uint8_t event) {
      drawn[r * inputs + cell] = event;
      if (blockIdx.y == 0) events[cell] = event;
    });
  }
}

// Block: four steps of a trial and a tile of post neurons; every tile draws for itself, the first one writes.
template <class T, bool is_drawn>
__global__ void __launch_bounds__(largest_block, 3)
    input_current_kernel(ForwardViews views, PreCells<T> input, EncodeArgs draw, CurrentRows currents) {
  SW_SHARED(ActiveRows, active, 1);
  const std::size_t quads = (views.window.end - views.window.begin + rows - 1) / rows;
  const std::size_t trial = blockIdx.x / quads;
  const std::size_t first = views.window.begin + blockIdx.x % quads * rows;
  if constexpr (is_drawn) {
    draw_rows(draw, trial, first, views.window.end, dynamic_shared<std::uint8_t>());
    __syncthreads();  // the events are there
  }
  const std::size_t end = views.window.end_in(views.running_steps(trial));
  if (first >= end) return;
  RowCells<T> cells;
  for (unsigned r = 0; r < rows; ++r) {
    cells.row[r] = {nullptr, nullptr};
    if (first + r >= end) continue;
    cells.row[r] = input.at(trial, static_cast<unsigned>(first + r));
    if constexpr (is_drawn) cells.row[r].row = dynamic_shared<std::uint8_t>() + r * draw.events.shape[2];
  }
  const std::size_t begin = std::size_t{blockIdx.y} * blockDim.x;
  const std::size_t left = views.neuron_count - begin;
  const PostTile tile{begin, begin + (left < blockDim.x ? left : blockDim.x)};

  float sum[rows] = {};
  for (std::size_t p = 0; p < views.input.count; ++p) {
    const ProjectionView<float>& projection = views.input.at[p];
    if (!tile.meets(projection)) continue;
    const float* const column = tile.column(projection);
    for (std::size_t from = 0; from < projection.pre_count; from += ActiveRows::capacity) {
      const std::size_t rest = projection.pre_count - from;
      const unsigned count = rest < ActiveRows::capacity ? static_cast<unsigned>(rest) : ActiveRows::capacity;
      const unsigned active_count =
          find_active([&](unsigned i) { return cells.at(projection.pre_begin + from + i); }, count, active[0]);
      if (column == nullptr) continue;
      const float* const weights = column + from * projection.post_count;
      SW_UNROLL(4)
      for (unsigned k = 0; k < active_count; ++k) {
        const float weight = weights[active[0].index[k] * projection.post_count];
        const RowValues values = active[0].value[k];
        SW_UNROLL(4)
        for (unsigned r = 0; r < rows; ++r) sum[r] = sum[r] + values.at[r] * weight;
      }
    }
  }
  if (begin + threadIdx.x >= tile.end) return;
  for (unsigned r = 0; r < rows && first + r < end; ++r) {
    currents.at(trial, first + r, begin + threadIdx.x) = views.input_scale * sum[r];
  }
}

}  // namespace

template <class T>
void input_currents(Context& context, const ForwardViews& views, const PreCells<T>& input, const EncodeArgs* draw,
                    const CurrentRows& currents) {
  const std::size_t quads = (views.window.end - views.window.begin + rows - 1) / rows;
  const auto block = static_cast<unsigned>(
      std::clamp<std::size_t>((views.neuron_count + 31) / 32 * 32, smallest_block, largest_block));
  LaunchConfig config{.grid = dim3(static_cast<unsigned>(views.batch * quads),
                                   static_cast<unsigned>((views.neuron_count + block - 1) / block)),
                      .block = dim3(block),
                      .stream = context.stream};
  EncodeArgs window;
  if (draw != nullptr) {
    window = *draw;
    window.window = views.window;
  }
  if constexpr (!PreCells<T>::is_per_frame) {
    const std::size_t bytes = rows * window.events.shape[2];
    if (draw != nullptr && bytes > 0 && bytes <= drawn_bytes) {
      config.dynamic_shared_bytes = bytes;
      launch(config, input_current_kernel<T, true>, views, input, window, currents);
      return;
    }
  }
  if (draw != nullptr) encode(context, window);
  launch(config, input_current_kernel<T, false>, views, input, window, currents);
}

template void input_currents(Context&, const ForwardViews&, const PreCells<std::uint8_t>&, const EncodeArgs*,
                             const CurrentRows&);
template void input_currents(Context&, const ForwardViews&, const PreCells<float>&, const EncodeArgs*,
                             const CurrentRows&);

}  // namespace spikeweave::SW_DEVICE
