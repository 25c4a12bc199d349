// The emulator catches what it exists for: accesses out of bounds, missing barriers, misused collectives.
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "emulation/device_array.hpp"
#include "kernels/cooperative.cuh"
#include "kernels/cuda_api.cuh"
#include "kernels/launch.cuh"
#include "spikeweave/core/error.hpp"

// UndefinedBehaviorSanitizer, where it is on too, speaks first.
#if defined(__SANITIZE_ADDRESS__)
#define SW_EXPECT_ASAN_DEATH(statement) EXPECT_DEATH(statement, "heap-buffer-overflow|out of bounds")
#else
#define SW_EXPECT_ASAN_DEATH(statement)             \
  GTEST_SKIP() << "built without AddressSanitizer"; \
  statement
#endif

namespace spikeweave::emulated {
namespace {

using emulation::DeviceArray;
using emulation::ThreadOrder;

constexpr ThreadOrder all_orders[] = {ThreadOrder::ascending, ThreadOrder::descending, ThreadOrder::shuffled};

// The statement throws an Error that contains the message, in every thread order; the order is ascending afterwards.
template <class Statement>
void expect_error_in_every_order(const Statement& statement, const std::string& message) {
  for (const ThreadOrder order : all_orders) {
    emulation::set_thread_order(order, /*seed=*/3);
    try {
      statement();
      ADD_FAILURE() << "nothing was thrown in order " << static_cast<int>(order);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    }
  }
  emulation::set_thread_order(ThreadOrder::ascending);
}

__global__ void shared_off_by_one_kernel(int* out) {
  SW_SHARED(int, tile, 32);
  tile[threadIdx.x + 1] = 1;  // planted: thread 31 writes tile[32]
  __syncthreads();
  out[threadIdx.x] = tile[threadIdx.x];
}

TEST(PlantedBugDeathTest, OffByOneInSharedMemoryIsCaught) {
  const DeviceArray<int> out(32, 0);

  SW_EXPECT_ASAN_DEATH(launch({.block = dim3(32)}, shared_off_by_one_kernel, out.data()));
}

__global__ void dynamic_off_by_one_kernel() {
  dynamic_shared<char>()[threadIdx.x] = 1;
}

TEST(PlantedBugDeathTest, OffByOneInDynamicSharedMemoryIsCaught) {
  SW_EXPECT_ASAN_DEATH(launch({.block = dim3(32), .dynamic_shared_bytes = 31}, dynamic_off_by_one_kernel));
}

__global__ void device_off_by_one_kernel(int* out, std::size_t count) {
  const std::size_t i = global_index_1d();
  if (i > count) return;  // planted: must be >=
  out[i] = 1;
}

TEST(PlantedBugDeathTest, OffByOneInDeviceMemoryIsCaught) {
  const DeviceArray<int> out(100, 0);

  SW_EXPECT_ASAN_DEATH(launch_1d(nullptr, 100, device_off_by_one_kernel, out.data(), 100u));
}

__global__ void sum_without_barrier_kernel(const int* in, int* out) {
  SW_SHARED(int, partial, 64);
  partial[threadIdx.x] = in[threadIdx.x];
  for (unsigned stride = 32; stride > 0; stride /= 2) {
    // planted: no barrier
    if (threadIdx.x < stride) partial[threadIdx.x] += partial[threadIdx.x + stride];
  }
  if (threadIdx.x == 0) out[0] = partial[0];
}

TEST(PlantedBug, MissingBarrierChangesTheSumInSomeOrder) {
  const DeviceArray<int> in(64, 1);
  DeviceArray<int> out(1, 0);
  int wrong_count = 0;

  for (const ThreadOrder order : all_orders) {
    emulation::set_thread_order(order, /*seed=*/1);
    launch({.block = dim3(64)}, sum_without_barrier_kernel, in.data(), out.data());
    if (out.to_host()[0] != 64) ++wrong_count;
  }
  emulation::set_thread_order(ThreadOrder::ascending);

  EXPECT_GT(wrong_count, 0);
}

__global__ void overwriting_warp_kernel(int* out) {
  SW_SHARED(int, shared, 1);
  if (threadIdx.x == 0) shared[0] = 1;
  __syncthreads();
  out[threadIdx.x] = shared[0];
  // planted: no barrier; the shuffles delay the first warp
  const int next = __shfl_sync(0xffffffffu, __shfl_sync(0xffffffffu, 2, 0), 0);
  if (threadIdx.x == 0) shared[0] = next;
}

TEST(PlantedBug, WarpThatRunsAheadIsSeenInSomeOrder) {
  DeviceArray<int> out(64, 0);
  int wrong_count = 0;

  for (const ThreadOrder order : all_orders) {
    emulation::set_thread_order(order, /*seed=*/1);
    launch({.block = dim3(64)}, overwriting_warp_kernel, out.data());
    if (out.to_host() != std::vector<int>(64, 1)) ++wrong_count;
  }
  emulation::set_thread_order(ThreadOrder::ascending);

  EXPECT_GT(wrong_count, 0);
}

__global__ void load_of_shared_memory_kernel() {
  SW_SHARED(int, shared, 32);
  shared[threadIdx.x] = 1;
  __ldcg(&shared[threadIdx.x]);  // planted: reads global memory
}

TEST(PlantedBug, GlobalLoadOfSharedMemoryThrows) {
  expect_error_in_every_order([] { launch({.block = dim3(32)}, load_of_shared_memory_kernel); },
                              "__ldcg: the pointer is into shared memory");
}

__global__ void exited_lane_kernel() {
  if (threadIdx.x >= 16) return;
  __shfl_down_sync(0xffffffffu, 1, 1);  // planted: half of the lanes are gone
}

TEST(PlantedBug, ShuffleThatNamesExitedLanesThrows) {
  expect_error_in_every_order([] { launch({.block = dim3(32)}, exited_lane_kernel); },
                              "kernel launch with grid (1, 1, 1) and block (32, 1, 1): thread 0 of block (0, 0, 0): "
                              "__shfl_down_sync(mask 0xffffffff) of 4 bytes names lane 16, which has exited");
}

TEST(PlantedBug, ShuffleThatNamesLanesBeyondTheBlockThrows) {
  expect_error_in_every_order([] { launch({.block = dim3(8)}, exited_lane_kernel); },
                              "names lane 8, which does not exist");
}

__global__ void unnamed_lane_kernel() {
  __shfl_sync(0x0000ffffu, 1.f, 0);
}

TEST(PlantedBug, ShuffleByALaneThatTheMaskDoesNotNameThrows) {
  expect_error_in_every_order([] { launch({.block = dim3(32)}, unnamed_lane_kernel); },
                              "__shfl_sync: the mask does not name the calling lane");
}

__global__ void different_masks_kernel() {
  __ballot_sync(threadIdx.x < 16 ? 0xffffffffu : 0xffff0000u, 1);
  __syncwarp();
}

TEST(PlantedBug, DifferentMasksThrow) {
  expect_error_in_every_order([] { launch({.block = dim3(32)}, different_masks_kernel); },
                              "__ballot_sync(mask 0xffffffff) names lane 16, which waits at __syncwarp");
}

__global__ void different_collectives_kernel() {
  if (threadIdx.x == 5) {
    __syncthreads();
  } else {
    __syncwarp();
  }
}

TEST(PlantedBug, LaneAtAnotherCollectiveThrows) {
  expect_error_in_every_order([] { launch({.block = dim3(32)}, different_collectives_kernel); },
                              "__syncwarp(mask 0xffffffff) names lane 5, which waits at __syncthreads");
}

__global__ void different_barriers_kernel() {
  if (threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads_or(1);
  }
}

TEST(PlantedBug, DifferentBarriersThrow) {
  expect_error_in_every_order([] { launch({.block = dim3(64)}, different_barriers_kernel); },
                              "but other threads of the block wait at __syncthreads");
}

__global__ void partial_grid_kernel() {
  if (blockIdx.x == 1) return;
  grid_sync();
}

TEST(PlantedBug, GridSyncThatABlockDoesNotReachThrows) {
  expect_error_in_every_order(
      [] { launch({.grid = dim3(2), .block = dim3(32), .cooperative = true}, partial_grid_kernel); },
      "grid_sync, but thread 0 of block (1, 0, 0) has exited");
}

TEST(PlantedBug, GridSyncWithoutCooperativeLaunchThrows) {
  expect_error_in_every_order([] { launch({.grid = dim3(2), .block = dim3(32)}, partial_grid_kernel); },
                              "grid_sync needs a cooperative launch");
}

__global__ void exited_block_kernel(unsigned* out) {
  SW_SHARED(unsigned, tile, 1);
  if (cluster_rank() == 1) return;  // planted: its memory is gone while block 0 reads
  cluster_sync();
  out[0] = *cluster_shared(&tile[0], 1);
}

TEST(PlantedBug, ReadingTheSharedMemoryOfAnExitedBlockThrows) {
  const DeviceArray<unsigned> out(1, 0u);

  expect_error_in_every_order(
      [&] { launch({.grid = dim3(2), .block = dim3(32), .cluster = 2}, exited_block_kernel, out.data()); },
      "cluster_shared: the block of rank 1 has exited");
}

__global__ void launching_kernel() {
  launch({}, exited_lane_kernel);
}

TEST(PlantedBug, LaunchInsideAKernelThrows) {
  expect_error_in_every_order([] { launch({}, launching_kernel); }, "cudaErrorNotSupported: operation not supported");
}

__global__ void large_shared_kernel() {
  SW_SHARED(double, tile, 30000);
  tile[0] = 0.;
}

TEST(PlantedBug, MoreSharedMemoryThanABlockHasThrows) {
  expect_error_in_every_order([] { launch({}, large_shared_kernel); },
                              "shared memory: 240000 bytes, allowed are 232448");
}

TEST(PlantedBug, LaunchOfAnInvalidShapeThrows) {
  expect_error_in_every_order([] { launch({.block = dim3(1025)}, exited_lane_kernel); },
                              "cudaErrorInvalidConfiguration: invalid configuration argument");
  expect_error_in_every_order([] { launch({.grid = dim3(3), .block = dim3(32), .cluster = 2}, exited_lane_kernel); },
                              "cudaErrorInvalidConfiguration");
  expect_error_in_every_order(
      [] { launch({.grid = dim3(9), .block = dim3(1024), .cooperative = true}, exited_lane_kernel); },
      "cudaErrorCooperativeLaunchTooLarge");
}

}  // namespace
}  // namespace spikeweave::emulated
