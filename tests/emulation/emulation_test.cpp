// The emulator runs grids, blocks and clusters as CUDA defines it, in all three thread orders. Warps: warp_test.cpp.
// What it catches: planted_bugs_test.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "emulation/device_array.hpp"
#include "emulation/every_order.hpp"
#include "kernels/cooperative.cuh"
#include "kernels/cuda_api.cuh"
#include "kernels/launch.cuh"

namespace spikeweave::emulated {
namespace {

using emulation::DeviceArray;
using emulation::ThreadOrder;

class Emulation : public emulation::EveryOrder {};
SW_IN_EVERY_ORDER(Emulation);

__global__ void count_visits_kernel(unsigned* visits) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  atomicAdd(&visits[block * blockDim.x * blockDim.y * blockDim.z + thread], 1u);
}

TEST_P(Emulation, EveryThreadOfAGridOfThreeDimensionsRunsOnce) {
  DeviceArray<unsigned> visits(4 * 3 * 2 * 5 * 7 * 2, 0u);

  launch({.grid = dim3(4, 3, 2), .block = dim3(5, 7, 2)}, count_visits_kernel, visits.data());

  EXPECT_EQ(visits.to_host(), std::vector<unsigned>(4 * 3 * 2 * 5 * 7 * 2, 1u));
}

__global__ void write_index_kernel(std::size_t* out, std::size_t count) {
  const std::size_t i = global_index_1d();
  if (i >= count) return;
  out[i] = i;
}

TEST_P(Emulation, LaunchOneDimensionalCoversExactlyTheRange) {
  for (const std::size_t count : {0u, 1u, 31u, 32u, 33u, 255u, 256u, 257u, 1000u}) {
    DeviceArray<std::size_t> out(count, std::size_t{9999});
    std::vector<std::size_t> expected(count);
    std::iota(expected.begin(), expected.end(), std::size_t{0});

    launch_1d(nullptr, count, write_index_kernel, out.data(), count);

    EXPECT_EQ(out.to_host(), expected) << "count " << count;
  }
}

// Block sum by a tree in shared memory.
__global__ void shared_sum_kernel(const int* in, int* out) {
  SW_SHARED(int, partial, 256);
  partial[threadIdx.x] = in[global_index_1d()];
  for (unsigned stride = 128; stride > 0; stride /= 2) {
    __syncthreads();  // the other half has been written
    if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
  }
  if (threadIdx.x == 0) out[blockIdx.x] = partial[0];
}

TEST_P(Emulation, BarrierMakesSharedWritesVisible) {
  std::vector<int> in(3 * 256);
  std::iota(in.begin(), in.end(), 0);
  const DeviceArray<int> device_in(in);
  DeviceArray<int> out(3, 0);

  launch({.grid = dim3(3), .block = dim3(256)}, shared_sum_kernel, device_in.data(), out.data());

  // 0 + ... + 255 = 32640; each following block adds 256 * 256 = 65536
  EXPECT_EQ(out.to_host(), (std::vector<int>{32640, 98176, 163712}));
}

__global__ void early_exit_kernel(int* out) {
  if (threadIdx.x % 3 != 0) return;
  out[threadIdx.x] = __syncthreads_count(threadIdx.x % 2 == 0);
}

TEST_P(Emulation, BarrierDoesNotWaitForExitedThreads) {
  DeviceArray<int> out(64, 0);

  launch({.block = dim3(64)}, early_exit_kernel, out.data());

  EXPECT_EQ(out.to_host()[63], 11);  // of 0, 3, ..., 63 the even ones: 0, 6, ..., 60
}

__global__ void barrier_votes_kernel(int* out, unsigned true_count) {
  const int predicate = threadIdx.x < true_count ? 5 : 0;
  const int is_all = __syncthreads_and(predicate);
  const int is_any = __syncthreads_or(predicate);
  const int count = __syncthreads_count(predicate);
  out[threadIdx.x] = is_all * 10000 + is_any * 1000 + count;
}

TEST_P(Emulation, BarriersReduceAPredicate) {
  DeviceArray<int> none(96, -1);
  DeviceArray<int> some(96, -1);
  DeviceArray<int> all(96, -1);

  launch({.block = dim3(96)}, barrier_votes_kernel, none.data(), 0u);
  launch({.block = dim3(96)}, barrier_votes_kernel, some.data(), 95u);
  launch({.block = dim3(96)}, barrier_votes_kernel, all.data(), 96u);

  EXPECT_EQ(none.to_host(), std::vector<int>(96, 0));
  EXPECT_EQ(some.to_host(), std::vector<int>(96, 1095));
  EXPECT_EQ(all.to_host(), std::vector<int>(96, 11096));
}

__global__ void swap_in_grid_of_clusters_kernel(int* out) {
  SW_SHARED(int, tile, 1);
  if (threadIdx.x == 0) tile[0] = static_cast<int>(blockIdx.x);
  cluster_sync();
  const int other = *cluster_shared(&tile[0], cluster_rank() ^ 1u);
  grid_sync();  // also keeps the blocks of the cluster alive until all have read
  if (threadIdx.x == 0) out[blockIdx.x] = other;
}

TEST_P(Emulation, ClustersAndGridSyncWorkInOneLaunch) {
  DeviceArray<int> out(4, -1);

  launch({.grid = dim3(4), .block = dim3(32), .cluster = 2, .cooperative = true}, swap_in_grid_of_clusters_kernel,
         out.data());

  EXPECT_EQ(out.to_host(), (std::vector<int>{1, 0, 3, 2}));
}

__global__ void atomics_kernel(int* signed_cells, unsigned* cells, unsigned long long* wide) {
  const auto thread = static_cast<int>(global_index_1d());
  atomicAdd(&signed_cells[0], -thread);
  atomicMax(&signed_cells[1], thread);
  atomicMin(&signed_cells[2], -thread);
  atomicCAS(&cells[0], 77u, 78u);  // true once
  cells[1] = atomicAdd(&cells[2], 1u) < 1000u ? 1u : 0u;
  atomicExch(&cells[3], 5u);
  atomicAdd(wide, 1ull << 40);
}

TEST_P(Emulation, AtomicsUpdateAndReturnTheOldValue) {
  DeviceArray<int> signed_cells(3, 0);
  DeviceArray<unsigned> cells(std::vector<unsigned>{77u, 0u, 0u, 0u});
  DeviceArray<unsigned long long> wide(1, 0ull);

  launch({.grid = dim3(2), .block = dim3(50)}, atomics_kernel, signed_cells.data(), cells.data(), wide.data());

  EXPECT_EQ(signed_cells.to_host(), (std::vector<int>{-4950, 99, -99}));  // 0 + ... + 99 = 4950
  EXPECT_EQ(cells.to_host(), (std::vector<unsigned>{78u, 1u, 100u, 5u}));
  EXPECT_EQ(wide.to_host()[0], 100ull << 40);
}

__global__ void shared_poison_kernel(float* out) {
  SW_SHARED(float, tile, 32);
  float* const dynamic = dynamic_shared<float>();
  out[global_index_1d()] = tile[threadIdx.x] + dynamic[threadIdx.x];
  tile[threadIdx.x] = 1.f;  // must not be found by the next block
  dynamic[threadIdx.x] = 2.f;
}

TEST_P(Emulation, SharedMemoryOfEveryBlockStartsAsNaN) {
  DeviceArray<float> out(96, 0.f);

  launch({.grid = dim3(3), .block = dim3(32), .dynamic_shared_bytes = 32 * sizeof(float)}, shared_poison_kernel,
         out.data());

  for (const float value : out.to_host()) EXPECT_TRUE(std::isnan(value));
}

__global__ void dynamic_shared_kernel(int* out) {
  int* const reversed = dynamic_shared<int>();
  reversed[blockDim.x - 1 - threadIdx.x] = static_cast<int>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = reversed[threadIdx.x];
}

TEST_P(Emulation, DynamicSharedMemoryIsOneArrayPerBlock) {
  DeviceArray<int> out(40, -1);

  launch({.block = dim3(40), .dynamic_shared_bytes = 40 * sizeof(int)}, dynamic_shared_kernel, out.data());

  for (int i = 0; i < 40; ++i) EXPECT_EQ(out.to_host()[static_cast<std::size_t>(i)], 39 - i);
}

// Each thread reads what the thread of the mirrored number in the grid wrote.
__global__ void grid_sync_kernel(int* scratch, int* out) {
  const std::size_t i = global_index_1d();
  const std::size_t count = std::size_t{gridDim.x} * blockDim.x;
  scratch[i] = static_cast<int>(i);
  grid_sync();
  out[i] = scratch[count - 1 - i];
}

TEST_P(Emulation, GridSyncMakesWritesOfAllBlocksVisible) {
  DeviceArray<int> scratch(5 * 64, -1);
  DeviceArray<int> out(5 * 64, -1);

  launch({.grid = dim3(5), .block = dim3(64), .cooperative = true}, grid_sync_kernel, scratch.data(), out.data());

  for (int i = 0; i < 320; ++i) EXPECT_EQ(out.to_host()[static_cast<std::size_t>(i)], 319 - i);
}

// Each block reads the number of the next block of its cluster from that block's shared memory.
__global__ void cluster_kernel(unsigned* out, unsigned cluster) {
  SW_SHARED(unsigned, tile, 2);
  unsigned* const dynamic = dynamic_shared<unsigned>();
  const unsigned next = (cluster_rank() + 1) % cluster;
  if (threadIdx.x == 0) {
    tile[1] = 100 + blockIdx.x;
    dynamic[1] = 200 + blockIdx.x;
  }
  cluster_sync();
  if (threadIdx.x == 1) {
    out[blockIdx.x] = *cluster_shared(&tile[1], next);
    out[gridDim.x + blockIdx.x] = cluster_shared(dynamic, next)[1];
  }
  cluster_sync();
}

TEST_P(Emulation, ClusterReadsTheSharedMemoryOfItsBlocks) {
  DeviceArray<unsigned> out(12, 0u);

  launch({.grid = dim3(6), .block = dim3(32), .dynamic_shared_bytes = 2 * sizeof(unsigned), .cluster = 3},
         cluster_kernel, out.data(), 3u);

  EXPECT_EQ(out.to_host(), (std::vector<unsigned>{101, 102, 100, 104, 105, 103, 201, 202, 200, 204, 205, 203}));
}

__global__ void throwing_kernel(unsigned thrower) {
  SW_SHARED(int, tile, 64);
  tile[threadIdx.x] = 1;
  __syncthreads();
  if (threadIdx.x == thrower) throw std::out_of_range("planted");
  __syncthreads();
}

TEST_P(Emulation, ExceptionOfAThreadLeavesLaunchAndTheEmulatorUsable) {
  DeviceArray<unsigned> visits(64, 0u);

  EXPECT_THROW(launch({.grid = dim3(2), .block = dim3(64)}, throwing_kernel, 40u), std::out_of_range);
  launch({.block = dim3(64)}, count_visits_kernel, visits.data());

  EXPECT_EQ(visits.to_host(), std::vector<unsigned>(64, 1u));
}

__global__ void order_kernel(unsigned* ticket, unsigned* order) {
  order[atomicAdd(ticket, 1u)] = static_cast<unsigned>(global_index_1d());
}

TEST_P(Emulation, ThreadsTakeTheirTurnInTheOrderThatWasSet) {
  DeviceArray<unsigned> ticket(1, 0u);
  DeviceArray<unsigned> order(64, 0u);
  std::vector<unsigned> ascending(64);
  std::iota(ascending.begin(), ascending.end(), 0u);
  const std::vector<unsigned> descending(ascending.rbegin(), ascending.rend());

  launch({.grid = dim3(2), .block = dim3(32)}, order_kernel, ticket.data(), order.data());

  EXPECT_EQ(order.to_host() == ascending, GetParam() == ThreadOrder::ascending);
  EXPECT_EQ(order.to_host() == descending, GetParam() == ThreadOrder::descending);
}

}  // namespace
}  // namespace spikeweave::emulated
