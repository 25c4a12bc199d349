// A GoogleTest fixture whose tests run three times, with the emulated threads in ascending, descending and shuffled
// order.
//
//   class Warp : public emulation::EveryOrder {};
//   SW_IN_EVERY_ORDER(Warp);
//   TEST_P(Warp, ...) { ... }
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "emulation/execution.hpp"

namespace spikeweave::emulation {

class EveryOrder : public testing::TestWithParam<ThreadOrder> {
 protected:
  static constexpr std::uint64_t seed = 7;

  EveryOrder() { set_thread_order(GetParam(), seed); }
  ~EveryOrder() override { set_thread_order(ThreadOrder::ascending); }
};

inline std::string name_of_order(const testing::TestParamInfo<ThreadOrder>& order) {
  if (order.param == ThreadOrder::ascending) return "Ascending";
  return order.param == ThreadOrder::descending ? "Descending" : "Shuffled";
}

}  // namespace spikeweave::emulation

#define SW_IN_EVERY_ORDER(fixture)                                                           \
  INSTANTIATE_TEST_SUITE_P(Orders, fixture,                                                  \
                           testing::Values(::spikeweave::emulation::ThreadOrder::ascending,  \
                                           ::spikeweave::emulation::ThreadOrder::descending, \
                                           ::spikeweave::emulation::ThreadOrder::shuffled),  \
                           ::spikeweave::emulation::name_of_order)
