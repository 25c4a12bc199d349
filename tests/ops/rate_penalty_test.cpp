#include <gtest/gtest.h>

#include "support/backends.hpp"
#include "support/tolerance.hpp"

namespace spikeweave {
namespace {

class RatePenalty : public test::OnBackend {
 protected:
  std::vector<float> run(RateAverage average, const std::vector<std::int32_t>& lengths,
                         const std::vector<float>& scales, const std::vector<std::uint32_t>& counts) {
    const std::size_t batch = lengths.size();
    const std::size_t neurons = counts.size() / batch;
    const auto length = put<std::int32_t>(lengths, {batch});
    const auto scale = put<float>(scales, {batch});
    const auto count = put<std::uint32_t>(counts, {batch, neurons});
    auto factor = poisoned<float>({batch, neurons});
    backend().rate_penalty({.coefficient = 2.0f,
                            .target = 0.125f,
                            .average = average,
                            .length = length.cview(),
                            .scale = scale.cview(),
                            .spike_count = count.cview(),
                            .factor = factor.view()});
    return factor.download();
  }
};

SW_ON_ALL_BACKENDS(RatePenalty);

// coefficient 2, target 1/8; trials of 8 and 4 steps, scales 1 and 1/2; neuron 0 fires 4 and 1 times, neuron 1 never.
// factor = scale * 2 * (rate - 1/8) / T. Rates of neuron 0: 1/2, 1/4; of neuron 1: 0.
TEST_P(RatePenalty, OfTheTrialByHand) {
  const std::vector<float> factor = run(RateAverage::trial, {8, 4}, {1.0f, 0.5f}, {4, 0, 1, 0});

  EXPECT_EQ(factor, (std::vector<float>{0.09375f, -0.03125f, 0.03125f, -0.03125f}));
}

// Mean rate of neuron 0: 3/8.
TEST_P(RatePenalty, OfTheBatchByHand) {
  const std::vector<float> factor = run(RateAverage::batch, {8, 4}, {1.0f, 0.5f}, {4, 0, 1, 0});

  EXPECT_EQ(factor, (std::vector<float>{0.0625f, -0.03125f, 0.0625f, -0.03125f}));
}

TEST_P(RatePenalty, CoversEveryNeuronOfEveryTrial) {
  for (const std::size_t neurons : {0u, 1u, 31u, 32u, 33u, 255u, 257u, 1000u}) {
    std::vector<std::uint32_t> counts;
    for (std::size_t i = 0; i < 3 * neurons; ++i) counts.push_back(static_cast<std::uint32_t>(i % 13));

    const std::vector<float> factor = run(RateAverage::trial, {20, 30, 40}, {1.0f, 2.0f, 0.1f}, counts);

    for (std::size_t i = 0; i < factor.size(); ++i) {
      const double steps = 20.0 + 10.0 * static_cast<double>(i / neurons);
      const double scale = i / neurons == 0 ? 1.0 : i / neurons == 1 ? 2.0 : 0.1;
      const double expected = scale * 2.0 * (counts[i] / steps - 0.125) / steps;
      ASSERT_TRUE(test::is_close(factor[i], expected, 8 * test::single_rounding * 0.2)) << "element " << i;
    }
  }
}

}  // namespace
}  // namespace spikeweave
