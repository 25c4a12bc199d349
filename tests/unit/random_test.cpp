// The Philox words against the vectors that its authors publish, and against cuRAND's header.
#include "spikeweave/core/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "support/curand_words.hpp"

namespace spikeweave {
namespace {

using Words = std::array<std::uint32_t, 4>;

Words words(const PhiloxCounter& counter, const PhiloxKey& key) {
  const PhiloxCounter result = philox4x32_10(counter, key);
  return {result.x, result.y, result.z, result.w};
}

// Source: Random123 1.14, tests/kat_vectors, philox4x32 10.
TEST(Philox, GivesThePublishedVectors) {
  EXPECT_EQ(words({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(words({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(words({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, EqualsCurandsHeader) {
  if (!test::has_curand_header()) GTEST_SKIP() << "this build has no CUDA headers";

  for (std::uint32_t i = 0; i < 1000; ++i) {
    const PhiloxCounter counter{i * 2654435761u, i ^ 0x5bd1e995u, ~i, i << 20};
    const PhiloxKey key{i * 40503u, 0xdeadbeefu - i};

    ASSERT_EQ(words(counter, key), test::curand_words(counter, key)) << "i = " << i;
  }
}

TEST(Philox, CounterSeparatesPurposeStreamTrialAndStep) {
  const PhiloxCounter counter = random_counter(Purpose::neuron_noise, 5, 6, 7, 8);

  EXPECT_EQ(counter.x, 8u);
  EXPECT_EQ(counter.y, 7u);
  EXPECT_EQ(counter.z, 6u);
  EXPECT_EQ(counter.w, 0x04000005u);
}

TEST(Philox, KeyHoldsTheLowHalfOfTheSeedFirst) {
  const PhiloxKey key = random_key(0x0123456789abcdefull);

  EXPECT_EQ(key.x, 0x89abcdefu);
  EXPECT_EQ(key.y, 0x01234567u);
}

}  // namespace
}  // namespace spikeweave
