// Input currents of a window of steps, before the loop over time. A block lists the cells that are active in any of
// four neighbouring steps, so a row of weights is read once for the four: a gather where few cells are active, a dense
// product where all are, with the same bits. Events that the pass draws are drawn here, into shared memory. A thread
// has up to four post neurons, so that events are drawn and cells listed once for 1024 of them.
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
constexpr unsigned largest_block = 256;     // threads, each with one post neuron or, of a full block, more
constexpr unsigned smallest_block = 64;     // fewer threads list the active cells too slowly
constexpr unsigned most_columns = 4;        // post neurons of a thread
constexpr std::size_t drawn_bytes = 49152;  // of shared memory for drawn events; what the blocks of an SM may take

struct alignas(16) RowValues {
  float at[rows];
};
__device__ __forceinline__ bool is_active(const RowValues& values) {
  bool is_any = false;
  for (unsigned r = 0; r < rows; ++r) is_any = is_any || values.at[r] != 0.0f;
  return is_any;
}
using ActiveRows = ActiveList<RowValues, 1024>;

// A cell's drawn events, byte r in the block's step r.
struct RowEvents {
  std::uint32_t bytes;

  __device__ __forceinline__ operator RowValues() const {
    RowValues values;
    SW_UNROLL(4)
    for (unsigned r = 0; r < rows; ++r) values.at[r] = static_cast<float>(bytes >> (8 * r) & 255u);
    return values;
  }
};
__device__ __forceinline__ bool is_active(const RowEvents& events) {
  return events.bytes != 0;
}

// The cells of the block's steps; row nullptr: a step that is not there.
template <class T>
struct RowCells {
  StepCells<T> row[rows];

  __device__ __forceinline__ RowCells(const PreCells<T>& input, std::size_t trial, std::size_t first, std::size_t end) {
    for (unsigned r = 0; r < rows; ++r) {
      row[r] = first + r < end ? input.at(trial, static_cast<unsigned>(first + r)) : StepCells<T>{nullptr, nullptr};
    }
  }
  __device__ __forceinline__ RowValues at(std::size_t cell) const {
    RowValues values;
    SW_UNROLL(4)
    for (unsigned r = 0; r < rows; ++r) values.at[r] = row[r].row == nullptr ? 0.0f : row[r].at(cell);
    return values;
  }
};

// Whether the mask lets each of a draw's cells through in a frame.
__device__ __forceinline__ void load_visible(const View<const std::uint8_t>& mask, std::size_t trial, std::size_t frame,
                                             unsigned draw, bool (&is_visible)[cells_per_draw]) {
  SW_UNROLL(4)
  for (unsigned n = 0; n < cells_per_draw; ++n) {
    const std::size_t cell = std::size_t{cells_per_draw} * draw + n;
    is_visible[n] = mask.empty() || (cell < mask.shape[2] && mask.row(trial, frame)[cell] != 0);
  }
}

// Draws the block's steps to where the events stay, and what the mask lets through into `drawn`, in shared memory: the
// RowEvents of each cell, up to a whole number of draws.
__device__ __forceinline__ void draw_rows(const EncodeArgs& args, const View<const std::uint8_t>& mask,
                                          std::size_t trial, std::size_t first, std::size_t end, RowEvents* drawn) {
  const auto frame_steps = static_cast<unsigned>(args.frame_steps);
  const unsigned first_frame = static_cast<unsigned>(first) / frame_steps;
  const std::int64_t length = args.length[trial];
  for (unsigned draw = threadIdx.x; draw < draw_count(args.events.shape[2]); draw += blockDim.x) {
    std::size_t frame = first_frame;
    std::size_t next_frame = first;  // first step of a frame whose cells are not loaded
    DrawnCells cells{};
    bool is_visible[cells_per_draw]{};
    std::uint32_t cell_bytes[cells_per_draw]{};
    SW_UNROLL(1)  // a draw is long: four copies of it would crowd the instruction cache
    for (unsigned r = 0; r < rows && first + r < end; ++r) {
      const std::size_t step = first + r;
      std::uint32_t row_bytes = 0;
      if (static_cast<std::int64_t>(step) < length) {
        if (step == next_frame) {
          cells = load_drawn_cells(args, trial, frame, draw);
          load_visible(mask, trial, frame, draw, is_visible);
          ++frame;
          next_frame = frame * frame_steps;
        }
        draw_events(args, cells, trial, step, draw, [&](unsigned n, std::uint32_t events) {
          row_bytes |= events << (8 * n);
          cell_bytes[n] |= is_visible[n] ? events << (8 * r) : 0u;
        });
      }
      if (blockIdx.y == 0) store_events(args, trial, step, draw, row_bytes);
    }
    SW_UNROLL(4)
    for (unsigned n = 0; n < cells_per_draw; ++n) drawn[cells_per_draw * draw + n].bytes = cell_bytes[n];
  }
}

// Sums of a thread's post neurons, which are largest_block apart.
template <unsigned columns>
using RowSums = float[rows][columns];

// Adds value times weight of `count` listed cells; weights: those of cell 0, row_size: of a cell. column: where the
// thread's first post neuron is in a row, which is outside of it where the projection does not reach that neuron.
// is_exact: values are 0 or 1, so that a fused product gives the same bits.
template <bool is_exact, unsigned columns>
__device__ __forceinline__ void add_listed(const ActiveRows& active, unsigned count, const float* weights,
                                           unsigned row_size, std::ptrdiff_t column, const bool (&is_target)[columns],
                                           RowSums<columns>& sum) {
  SW_UNROLL(4)
  for (unsigned k = 0; k < count; ++k) {
    const float* const row = weights + std::size_t{active.index[k]} * row_size;
    const RowValues values = active.value[k];
    SW_UNROLL(4)
    for (unsigned c = 0; c < columns; ++c) {
      if (!is_target[c]) continue;
      const float weight = row[column + std::ptrdiff_t{c * largest_block}];
      SW_UNROLL(4)
      for (unsigned r = 0; r < rows; ++r) {
        sum[r][c] = is_exact ? __fmaf_rn(values.at[r], weight, sum[r][c]) : sum[r][c] + values.at[r] * weight;
      }
    }
  }
}

// The sums over the projections in order and their cells in ascending order; value_of(cell): RowValues or what converts
// to them; is_exact: see add_listed(). All threads of the block call it.
template <unsigned columns, class ValueOf>
__device__ __forceinline__ void sum_rows(const ProjectionList<float>& projections, const PostTile& tile,
                                         const ValueOf& value_of, bool is_exact, ActiveRows& active,
                                         RowSums<columns>& sum) {
  const std::size_t post = tile.begin + threadIdx.x;
  for (std::size_t p = 0; p < projections.count; ++p) {
    const ProjectionView<float>& projection = projections.at[p];
    if (!tile.meets(projection)) continue;
    const auto column = static_cast<std::ptrdiff_t>(post) - static_cast<std::ptrdiff_t>(projection.post_begin);
    bool is_target[columns];
    for (unsigned c = 0; c < columns; ++c) is_target[c] = tile.has_target(projection, post + c * largest_block);
    for (std::size_t from = 0; from < projection.pre_count; from += ActiveRows::capacity) {
      const std::size_t rest = projection.pre_count - from;
      const unsigned count = rest < ActiveRows::capacity ? static_cast<unsigned>(rest) : ActiveRows::capacity;
      const unsigned active_count =
          find_active([&](unsigned i) { return value_of(projection.pre_begin + from + i); }, count, active);
      const float* const weights = projection.weights + from * projection.post_count;
      const auto row_size = static_cast<unsigned>(projection.post_count);
      if (is_exact) {
        add_listed<true>(active, active_count, weights, row_size, column, is_target, sum);
      } else {
        add_listed<false>(active, active_count, weights, row_size, column, is_target, sum);
      }
    }
  }
}

__host__ __device__ __forceinline__ unsigned quad_count(const StepWindow& window) {
  return static_cast<unsigned>((window.end - window.begin + rows - 1) / rows);
}

// Block: four steps of a trial and a tile of post neurons; every tile that inputs reach draws for itself, the first one
// writes. Thread: `columns` post neurons.
template <class T, bool is_drawn, unsigned columns>
__global__ void __launch_bounds__(largest_block, 3)
    input_current_kernel(ForwardViews views, PreCells<T> input, EncodeArgs draw, CurrentRows currents) {
  SW_SHARED(ActiveRows, active, 1);
  const unsigned quads = quad_count(views.window);
  const std::size_t trial = blockIdx.x / quads;
  const std::size_t first = views.window.begin + std::size_t{blockIdx.x % quads} * rows;
  const std::size_t begin = std::size_t{blockIdx.y} * columns * blockDim.x;
  const std::size_t left = views.neuron_count - begin;
  const PostTile tile{begin, begin + (left < columns * blockDim.x ? left : columns * blockDim.x)};
  if constexpr (is_drawn) {
    bool is_reached = blockIdx.y == 0;  // which writes
    for (std::size_t p = 0; p < views.input.count; ++p) is_reached = is_reached || tile.meets(views.input.at[p]);
    if (is_reached) draw_rows(draw, input.mask, trial, first, views.window.end, dynamic_shared<RowEvents>());
    __syncthreads();  // the events are there
  }
  const std::size_t end = views.window.end_in(views.running_steps(trial));
  if (first >= end) return;

  RowSums<columns> sum = {};
  if constexpr (is_drawn) {
    const auto drawn = [events = dynamic_shared<RowEvents>()](std::size_t cell) { return events[cell]; };
    sum_rows(views.input, tile, drawn, draw.encoding == Encoding::bernoulli, active[0], sum);
  } else {
    const RowCells<T> cells(input, trial, first, end);
    const auto given = [&cells](std::size_t cell) { return cells.at(cell); };
    sum_rows(views.input, tile, given, false, active[0], sum);
  }
  for (unsigned r = 0; r < rows && first + r < end; ++r) {
    for (unsigned c = 0; c < columns; ++c) {
      const std::size_t post = begin + threadIdx.x + c * largest_block;
      if (post < tile.end) currents.at(trial, first + r, post) = views.input_current(sum[r][c], post);
    }
  }
}

// Calls visit with the post neurons of a thread, as a constant: as few as one block does with, or the most.
template <class Visitor>
void with_columns(std::size_t neuron_count, Visitor&& visit) {
  if (neuron_count <= largest_block) return visit.template operator()<1>();
  if (neuron_count <= 2 * largest_block) return visit.template operator()<2>();
  visit.template operator()<most_columns>();
}

}  // namespace

template <class T>
void input_currents(Context& context, const ForwardViews& views, const PreCells<T>& input, const EncodeArgs* draw,
                    const CurrentRows& currents) {
  EncodeArgs window;
  if (draw != nullptr) {
    window = *draw;
    window.window = views.window;
  }
  const std::size_t bytes = draw_count(window.events.shape[2]) * cells_per_draw * sizeof(RowEvents);
  const bool is_drawn = draw != nullptr && !PreCells<T>::is_per_frame && bytes > 0 && bytes <= drawn_bytes;
  if (draw != nullptr && !is_drawn) encode(context, window);

  const auto block = static_cast<unsigned>(
      std::clamp<std::size_t>((views.neuron_count + 31) / 32 * 32, smallest_block, largest_block));
  with_columns(views.neuron_count, [&]<unsigned columns>() {
    const std::size_t tile = std::size_t{columns} * block;
    const LaunchConfig config{.grid = dim3(static_cast<unsigned>(views.batch * quad_count(views.window)),
                                           static_cast<unsigned>((views.neuron_count + tile - 1) / tile)),
                              .block = dim3(block),
                              .dynamic_shared_bytes = is_drawn ? bytes : 0,
                              .stream = context.stream};
    if constexpr (!PreCells<T>::is_per_frame) {
      if (is_drawn) return launch(config, input_current_kernel<T, true, columns>, views, input, window, currents);
    }
    launch(config, input_current_kernel<T, false, columns>, views, input, window, currents);
  });
}

template void input_currents(Context&, const ForwardViews&, const PreCells<std::uint8_t>&, const EncodeArgs*,
                             const CurrentRows&);
template void input_currents(Context&, const ForwardViews&, const PreCells<float>&, const EncodeArgs*,
                             const CurrentRows&);

}  // namespace spikeweave::SW_DEVICE
