#include <gtest/gtest.h>

#include <algorithm>

#include "support/backends.hpp"
#include "support/random_values.hpp"

namespace spikeweave {
namespace {

class SpikeDigest : public test::OnBackend {
 protected:
  std::vector<std::uint64_t> digest(const std::vector<std::int32_t>& lengths, const std::vector<std::uint8_t>& spikes,
                                    std::size_t steps, std::size_t neurons) {
    const auto length = put<std::int32_t>(lengths, {lengths.size()});
    const auto device_spikes = put<std::uint8_t>(spikes, {lengths.size(), steps, neurons});
    auto digest = poisoned<std::uint64_t>({lengths.size()});
    backend().spike_digest({length.cview(), device_spikes.cview(), digest.view()});
    const std::vector<std::uint64_t> whole = digest.download();
    for (const StepWindow window :
         {StepWindow{0, 1}, StepWindow{1, 4}, StepWindow{4, std::max<std::size_t>(steps, 4)}}) {
      backend().spike_digest({length.cview(), device_spikes.cview(), digest.view(), window});
    }
    EXPECT_EQ(digest.download(), whole) << "in windows";
    return whole;
  }
};

SW_ON_ALL_BACKENDS(SpikeDigest);

// splitmix64's finaliser, written out once more.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ull;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

TEST_P(SpikeDigest, IsThePublishedFirstNumberOfSplitMixForOneSpikeAtTheOrigin) {
  // Seed 0: 0xE220A8397B1DCDAF, e.g. in Vigna's reference implementation of xoshiro's seeding.
  EXPECT_EQ(digest({1}, {1}, 1, 1), (std::vector<std::uint64_t>{0xE220A8397B1DCDAFull}));
}

TEST_P(SpikeDigest, AddsTheHashesOfAllSpikesWithinTheTrial) {
  for (const std::size_t neurons : {0u, 1u, 31u, 32u, 33u, 255u, 257u, 1000u}) {
    constexpr std::size_t steps = 6;
    const std::vector<std::int32_t> lengths{6, 0, 4};
    const std::vector<std::uint8_t> spikes = test::random_bits(3 * steps * neurons, 2, 0.2);
    std::vector<std::uint64_t> expected(3, 0);
    for (std::size_t b = 0; b < 3; ++b) {
      for (std::size_t t = 0; t < static_cast<std::size_t>(lengths[b]); ++t) {
        for (std::size_t j = 0; j < neurons; ++j) {
          if (spikes[(b * steps + t) * neurons + j] != 0) expected[b] += mix(t << 32 | j);
        }
      }
    }

    EXPECT_EQ(digest(lengths, spikes, steps, neurons), expected) << neurons << " neurons";
  }
}

TEST_P(SpikeDigest, DistinguishesStepsAndNeurons) {
  const auto first = digest({2}, {1, 0, 0, 0}, 2, 2);
  const auto other_neuron = digest({2}, {0, 1, 0, 0}, 2, 2);
  const auto other_step = digest({2}, {0, 0, 1, 0}, 2, 2);

  EXPECT_NE(first, other_neuron);
  EXPECT_NE(first, other_step);
}

}  // namespace
}  // namespace spikeweave
