// Sum over batch and steps of post factor times spike, as a gather: a block keeps a tile of the gradient in shared
// memory and adds a row's post factors for each of its pre cells that spiked. For rates at which that is less than a
// product. Rows are added in ascending order. Floor: B T P bytes; a B T Q additions in shared memory, of 8 bytes each,
// for each of the a active cells of a row.
#include <algorithm>

#include "kernels/launch.cuh"
#include "kernels/product_rows.cuh"
#include "kernels/spike_product.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned tile_pre = 256, tile_post = 128;
constexpr unsigned quarter_pre = 64;                                     // pre cells of a thread
constexpr unsigned gather_block = tile_post * (tile_pre / quarter_pre);  // 512
constexpr unsigned staged_rows = 32;
constexpr unsigned rows_at_once = 8;  // post factors under way
constexpr unsigned sum_count = tile_pre * tile_post;
constexpr std::size_t shared_bytes = sum_count * sizeof(float) + staged_rows * tile_pre;
constexpr unsigned count_block = 256;

// Thread: one cell after the other, of a row after the other.
__global__ void __launch_bounds__(count_block)
    count_events_kernel(OuterProductArgs<float> args, PreCells<std::uint8_t> cells, std::size_t row_count,
                        unsigned long long* events) {
  unsigned own = 0;
  for (std::size_t index = blockIdx.x; index < row_count; index += gridDim.x) {
    const Row row = Row::at(index, args.window);
    if (!row.is_pair(args)) continue;
    for (std::size_t pre = threadIdx.x; pre < args.projection.pre_count; pre += blockDim.x) {
      own += pre_value(args, cells, row, pre) != 0.0f ? 1u : 0u;
    }
  }
  if (own > 0) atomicAdd(events, own);
}

// Block: a tile of the gradient and one part of K. Thread: one post cell and a quarter of the pre cells.
__global__ void __launch_bounds__(gather_block, 1)
    spike_gather_kernel(OuterProductArgs<float> args, PreCells<std::uint8_t> cells, Part part, SpikeChoice choice) {
  if (!choice.is(SpikeForm::gather)) return;
  float* const sums = dynamic_shared<float>();
  auto* const stage = reinterpret_cast<std::uint8_t*>(sums + sum_count);  // [staged_rows][tile_pre]
  const std::size_t pre_begin = std::size_t{blockIdx.y} * tile_pre, post_begin = std::size_t{blockIdx.x} * tile_post;
  const std::size_t begin = part.begin(), end = part.end();
  const unsigned post = threadIdx.x % tile_post, lane = threadIdx.x % 32;
  const unsigned own_pre = threadIdx.x / tile_post * quarter_pre;
  const bool is_post = post_begin + post < args.projection.post_count;
  for (unsigned i = 0; i < quarter_pre; ++i) sums[(own_pre + i) * tile_post + post] = 0.0f;

  Row first_row = Row::at(begin, args.window);
  for (std::size_t first = begin; first < end; first += staged_rows) {
    for (unsigned n = threadIdx.x; n < staged_rows * tile_pre; n += gather_block) {
      const unsigned r = n / tile_pre, pre = n % tile_pre;
      const Row row = (first_row + r).within(args.window);
      const bool is_there = first + r < end && pre_begin + pre < args.projection.pre_count && row.is_pair(args);
      stage[n] = is_there ? static_cast<std::uint8_t>(pre_value(args, cells, row, pre_begin + pre)) : std::uint8_t{0};
    }
    __syncthreads();  // the stage is filled
    for (unsigned from = 0; from < staged_rows; from += rows_at_once) {
      unsigned spikes[rows_at_once][2];  // bits: the thread's pre cells
      float factor[rows_at_once];
      SW_UNROLL(8)
      for (unsigned r = 0; r < rows_at_once; ++r) {
        const std::uint8_t* const staged = stage + (from + r) * tile_pre + own_pre;
        spikes[r][0] = __ballot_sync(0xffffffffu, staged[lane] != 0 ? 1 : 0);
        spikes[r][1] = __ballot_sync(0xffffffffu, staged[32 + lane] != 0 ? 1 : 0);
        const bool is_active = (spikes[r][0] | spikes[r][1]) != 0;
        factor[r] = is_post && is_active
                        ? post_value(args, (first_row + (from + r)).within(args.window), post_begin + post)
                        : 0.0f;
      }
      SW_UNROLL(8)
      for (unsigned r = 0; r < rows_at_once; ++r) {
        SW_UNROLL(2)
        for (unsigned half = 0; half < 2; ++half) {
          for (unsigned bits = spikes[r][half]; bits != 0; bits &= bits - 1) {
            const unsigned pre = own_pre + 32 * half + static_cast<unsigned>(__ffs(static_cast<int>(bits))) - 1u;
            const auto value = static_cast<float>(stage[(from + r) * tile_pre + pre]);
            float& sum = sums[pre * tile_post + post];
            sum = __fmaf_rn(value, factor[r], sum);
          }
        }
      }
    }
    first_row = (first_row + staged_rows).within(args.window);
    __syncthreads();  // the stage has been read
  }
  __syncthreads();  // all sums are there: threads write them in rows
  write_tile(args, part, sums, pre_begin, post_begin, tile_pre, tile_post);
}

}  // namespace

bool can_gather_spikes(const Context& context) {
  return context.device.shared_bytes >= shared_bytes;
}

void count_events(Context& context, const OuterProductArgs<float>& args, const PreCells<std::uint8_t>& cells,
                  std::size_t row_count, unsigned long long* events) {
  constexpr std::size_t most_blocks = 1056;  // eight for each multiprocessor of an H200
  SW_CUDA_CHECK(cudaMemsetAsync(events, 0, sizeof(*events), context.stream));
  launch({.grid = dim3(static_cast<unsigned>(std::min(row_count, most_blocks))),
          .block = dim3(count_block),
          .stream = context.stream},
         count_events_kernel, args, cells, row_count, events);
}

void spike_gather(Context& context, const OuterProductArgs<float>& args, const PreCells<std::uint8_t>& cells,
                  const Part& part, const SpikeChoice& choice) {
  const ProjectionView<float>& p = args.projection;
  launch({.grid = dim3(static_cast<unsigned>((p.post_count + tile_post - 1) / tile_post),
                       static_cast<unsigned>((p.pre_count + tile_pre - 1) / tile_pre), part.count),
          .block = dim3(gather_block),
          .dynamic_shared_bytes = shared_bytes,
          .stream = context.stream},
         spike_gather_kernel, args, cells, part, choice);
}

}  // namespace spikeweave::SW_DEVICE
