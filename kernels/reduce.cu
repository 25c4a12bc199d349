// Sum of squares: every 65536th element per thread, a tree per block, the blocks in ascending order on the host.
#include <array>

#include "kernels/block_sum.cuh"
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned reduce_blocks = 256;  // fixed, so that the order of the sum is the same on every device

__global__ void __launch_bounds__(sum_block) sum_of_squares_kernel(View<const float> values, double* sums) {
  SW_SHARED(double, partial, sum_block);
  double own = 0.0;
  for (std::size_t i = global_index_1d(); i < values.size(); i += std::size_t{gridDim.x} * sum_block) {
    own += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  const double sum = block_sum(own, partial);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

}  // namespace

double sum_of_squares(Context& context, View<const float> values) {
  if (values.empty()) return 0.0;
  // A block without elements would add 0: it may be left out without changing the sum.
  const auto blocks =
      static_cast<unsigned>(std::min<std::size_t>(reduce_blocks, (values.size() + sum_block - 1) / sum_block));
  double* device_sums = context.scratch.get<double>(reduce_blocks, "partial sums");
  launch({.grid = dim3(blocks), .block = dim3(sum_block), .stream = context.stream}, sum_of_squares_kernel, values,
         device_sums);
  std::array<double, reduce_blocks> sums{};
  SW_CUDA_CHECK(
      cudaMemcpyAsync(sums.data(), device_sums, blocks * sizeof(double), cudaMemcpyDeviceToHost, context.stream));
  SW_CUDA_CHECK(cudaStreamSynchronize(context.stream));
  double total = 0.0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace spikeweave::SW_DEVICE
