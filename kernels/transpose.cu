// The transpose of a matrix, times a factor. Block: a square of both, so that reads and writes are of neighbours.
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned side = 32, rows_at_once = 8;

__global__ void __launch_bounds__(side* rows_at_once) transpose_kernel(TransposeArgs<float> args) {
  SW_SHARED(float, tile, side*(side + 1));  // one more column: those of a tile lie in different banks
  const std::size_t rows = args.from.shape[0], columns = args.from.shape[1];
  const std::size_t first_row = std::size_t{blockIdx.y} * side, first_column = std::size_t{blockIdx.x} * side;
  const unsigned lane = threadIdx.x % side;
  for (unsigned k = threadIdx.x / side; k < side; k += rows_at_once) {
    const std::size_t i = first_row + k, j = first_column + lane;
    if (i < rows && j < columns) tile[k * (side + 1) + lane] = args.from(i, j);
  }
  __syncthreads();  // the tile is there
  for (unsigned k = threadIdx.x / side; k < side; k += rows_at_once) {
    const std::size_t i = first_row + lane, j = first_column + k;
    if (i < rows && j < columns) args.to(j, i) = args.factor * tile[lane * (side + 1) + k];
  }
}

}  // namespace

void transpose(Context& context, const TransposeArgs<float>& args) {
  if (args.from.empty()) return;
  const auto tiles = [](std::size_t n) { return static_cast<unsigned>((n + side - 1) / side); };
  launch({.grid = dim3(tiles(args.from.shape[1]), tiles(args.from.shape[0])),
          .block = dim3(side * rows_at_once),
          .stream = context.stream},
         transpose_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
