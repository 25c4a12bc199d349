#include "host/cpu/philox_run.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace spikeweave::cpu {
namespace {

// Words of counters one by one; the last element must stay as it is.
void expect_run(const PhiloxCounter& first, Advance advance, std::size_t count, PhiloxKey key) {
  std::vector<std::uint32_t> words(4 * count + 1, 42u);

  philox_run(first, advance, count, key, words.data());

  for (std::size_t n = 0; n < count; ++n) {
    PhiloxCounter c = first;
    (advance == Advance::step ? c.x : c.z) += static_cast<std::uint32_t>(n);
    const PhiloxCounter expected = philox4x32_10(c, key);
    for (std::uint32_t k = 0; k < 4; ++k) EXPECT_EQ(words[4 * n + k], word_of(expected, k)) << count << ": " << n;
  }
  EXPECT_EQ(words.back(), 42u) << count;
}

TEST(PhiloxRun, GivesTheWordsOfEachCounter) {
  const PhiloxKey key = random_key(0xFEDCBA9876543210u);
  for (const std::size_t count : {0, 1, 7, 8, 9, 15, 16, 17, 64, 250}) {
    expect_run({0, 0, 0, 0}, Advance::step, count, key);
    expect_run({0xDEADBEEFu, 0xFFFFFFFFu, 0x80000000u, 0x04ABCDEFu}, Advance::step, count, key);
    expect_run({0xDEADBEEFu, 0xFFFFFFFFu, 0x80000000u, 0x04ABCDEFu}, Advance::block, count, key);
  }
}

TEST(PhiloxRun, TheCounterWrapsAsAWordOf32Bits) {
  expect_run({0xFFFFFFFAu, 1, 2, 3}, Advance::step, 20, random_key(1));
  expect_run({0, 1, 0xFFFFFFFAu, 3}, Advance::block, 20, random_key(1));
}

}  // namespace
}  // namespace spikeweave::cpu
