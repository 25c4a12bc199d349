// Shuffles and votes of an emulated warp, in all three thread orders.
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "emulation/device_array.hpp"
#include "emulation/every_order.hpp"
#include "kernels/cuda_api.cuh"
#include "kernels/launch.cuh"

namespace spikeweave::emulated {
namespace {

using emulation::DeviceArray;

class Warp : public emulation::EveryOrder {};
SW_IN_EVERY_ORDER(Warp);

template <class T>
__global__ void warp_sum_kernel(T* out) {
  T sum = static_cast<T>(threadIdx.x % 32);
  for (unsigned delta = 16; delta > 0; delta /= 2) sum += __shfl_down_sync(0xffffffffu, sum, delta);
  out[threadIdx.x] = __shfl_sync(0xffffffffu, sum, 0);
}

template <class T>
void expect_warp_sum_of_496() {  // 0 + ... + 31
  DeviceArray<T> out(64, T{});

  launch({.block = dim3(64)}, warp_sum_kernel<T>, out.data());

  EXPECT_EQ(out.to_host(), std::vector<T>(64, T{496}));
}

TEST_P(Warp, ShufflesReduceValuesOfAllTypes) {
  expect_warp_sum_of_496<int>();
  expect_warp_sum_of_496<unsigned>();
  expect_warp_sum_of_496<float>();
  expect_warp_sum_of_496<double>();
  expect_warp_sum_of_496<long long>();
}

__global__ void shuffle_kernel(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  out[lane] = __shfl_sync(0xffffffffu, lane, 9, 8);            // the lane 1 of each eight
  out[32 + lane] = __shfl_up_sync(0xffffffffu, lane, 3, 8);    // the first three keep their own
  out[64 + lane] = __shfl_down_sync(0xffffffffu, lane, 3, 8);  // the last three keep their own
  out[96 + lane] = __shfl_xor_sync(0xffffffffu, lane, 5);      // pairs
  out[128 + lane] = __shfl_xor_sync(0xffffffffu, lane, 8, 8);  // a later segment: own; an earlier one: its value
}

TEST_P(Warp, ShufflesPickTheLaneThatWidthAllows) {
  DeviceArray<int> out(160, -1);

  launch({.block = dim3(32)}, shuffle_kernel, out.data());

  const std::vector<int> host = out.to_host();
  for (int lane = 0; lane < 32; ++lane) {
    const auto at = [&](int row) { return host[static_cast<std::size_t>(row * 32 + lane)]; };
    EXPECT_EQ(at(0), lane / 8 * 8 + 1);
    EXPECT_EQ(at(1), lane % 8 < 3 ? lane : lane - 3);
    EXPECT_EQ(at(2), lane % 8 > 4 ? lane : lane + 3);
    EXPECT_EQ(at(3), lane ^ 5);
    EXPECT_EQ(at(4), lane / 8 % 2 == 1 ? lane - 8 : lane);
  }
}

__global__ void votes_kernel(unsigned* out) {
  const unsigned lane = threadIdx.x;
  const unsigned mask = lane < 8 ? 0x000000ffu : 0xffffff00u;  // two groups of one warp, each on its own
  out[lane] = __ballot_sync(mask, lane % 2);
  out[32 + lane] = static_cast<unsigned>(__any_sync(mask, lane == 3));
  out[64 + lane] = static_cast<unsigned>(__all_sync(mask, lane < 8));
  __syncwarp();
  out[96 + lane] = __activemask();
}

TEST_P(Warp, VotesCountTheLanesOfTheMask) {
  DeviceArray<unsigned> out(128, 7u);

  launch({.block = dim3(32)}, votes_kernel, out.data());

  const std::vector<unsigned> host = out.to_host();
  for (unsigned lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(host[lane], lane < 8 ? 0xaau : 0xaaaaaa00u);
    EXPECT_EQ(host[32 + lane], lane < 8 ? 1u : 0u);
    EXPECT_EQ(host[64 + lane], lane < 8 ? 1u : 0u);
    EXPECT_EQ(host[96 + lane], 1u << lane);
  }
}

__global__ void halves_kernel(int* out) {
  int value = static_cast<int>(threadIdx.x);
  if (threadIdx.x < 16) value = __shfl_xor_sync(0x0000ffffu, value, 1);
  out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, value, 16);
}

TEST_P(Warp, HalfOfTheLanesMayMeetWhileTheOthersAlreadyWaitForAll) {
  DeviceArray<int> out(32, -1);

  launch({.block = dim3(32)}, halves_kernel, out.data());

  const std::vector<int> host = out.to_host();
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(host[static_cast<std::size_t>(lane)], lane < 16 ? lane + 16 : (lane - 16) ^ 1);
  }
}

__global__ void source_outside_of_mask_kernel(unsigned* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_down_sync(0x0000ffffu, 5u, 1);
}

TEST_P(Warp, ValueOfALaneOutsideOfTheMaskIsAllOnes) {
  DeviceArray<unsigned> out(16, 0u);

  launch({.block = dim3(32)}, source_outside_of_mask_kernel, out.data());

  EXPECT_EQ(out.to_host()[14], 5u);
  EXPECT_EQ(out.to_host()[15], 0xffffffffu);
}

}  // namespace
}  // namespace spikeweave::emulated
