#include <gtest/gtest.h>

#include <vector>

#include "support/backends.hpp"
#include "support/random_values.hpp"

namespace spikeweave {
namespace {

class LocalSignal : public test::OnBackend {
 protected:
  struct Case {
    LocalPrediction<float> prediction;
    std::vector<std::int32_t> length;
    std::size_t steps, neurons;
    std::vector<float> scale;
    std::vector<std::uint8_t> spikes;  // [batch, steps, neurons]
    std::vector<float> given;          // likewise, or empty
  };

  std::vector<float> run(const Case& c) {
    const std::size_t batch = c.length.size();
    const auto length = put<std::int32_t>(c.length, {batch});
    const auto scale = put<float>(c.scale, {batch});
    const auto spikes = put<std::uint8_t>(c.spikes, {batch, c.steps, c.neurons});
    const std::vector<float> before = c.given.empty() ? std::vector<float>(c.spikes.size(), 9.0f) : c.given;
    auto signal = put<float>(before, {batch, c.steps, c.neurons});
    backend().local_signal({.prediction = c.prediction,
                            .is_given = !c.given.empty(),
                            .length = length.cview(),
                            .scale = scale.cview(),
                            .spikes = spikes.cview(),
                            .signal = signal.view()});
    return signal.download();
  }
};

SW_ON_ALL_BACKENDS(LocalSignal);

// lam = 1/2: m = 0, .5, .25, .625; L = 2 (m - z). The fourth step of the second trial is beyond its end.
TEST_P(LocalSignal, SpikeTraceByHand) {
  const std::vector<std::uint8_t> spikes{1, 0, 1, 1, 1, 0, 1, 1};

  const std::vector<float> signal = run({{0.5f, 0.5f, 1.0f}, {4, 3}, 4, 1, {2.0f, 1.0f}, spikes, {}});

  EXPECT_EQ(signal, (std::vector<float>{-2.0f, 1.0f, -1.5f, -0.75f, -1.0f, 0.5f, -0.75f, 9.0f}));
}

TEST_P(LocalSignal, GivenPredictionByHand) {
  EXPECT_EQ(run({{0.5f, 0.5f, 1.0f}, {2}, 3, 1, {2.0f}, {1, 0, 1}, {0.25f, 0.75f, 0.5f}}),
            (std::vector<float>{-1.5f, 1.5f, 0.5f}));
}

TEST_P(LocalSignal, PredictionAsTargetFlipsTheSign) {
  EXPECT_EQ(run({{0.5f, 0.5f, -1.0f}, {3}, 3, 1, {1.0f}, {1, 0, 1}, {}}), (std::vector<float>{1.0f, -0.5f, 0.75f}));
}

TEST_P(LocalSignal, EqualsThePlainLoopForAllSizes) {
  for (const std::size_t batch : {1u, 3u}) {
    for (const std::size_t neurons : {0u, 1u, 31u, 32u, 33u, 255u, 257u, 1000u}) {
      Case c{{0.95f, 0.05f, 1.0f}, {}, 9, neurons, {}, test::random_bits(batch * 9 * neurons, 51, 0.3), {}};
      for (std::size_t b = 0; b < batch; ++b) {
        c.length.push_back(static_cast<std::int32_t>(9 - 4 * b));
        c.scale.push_back(0.5f + static_cast<float>(b));
      }
      std::vector<float> expected(c.spikes.size(), 9.0f);
      for (std::size_t b = 0; b < batch; ++b) {
        for (std::size_t j = 0; j < neurons; ++j) {
          float trace = 0.0f;
          for (std::size_t t = 0; t < static_cast<std::size_t>(c.length[b]); ++t) {
            const std::size_t at = (b * 9 + t) * neurons + j;
            const auto spike = static_cast<float>(c.spikes[at]);
            expected[at] = c.scale[b] * (trace - spike);
            const float kept = 0.95f * trace;
            const float added = 0.05f * spike;
            trace = kept + added;
          }
        }
      }

      EXPECT_EQ(run(c), expected) << batch << " trials, " << neurons << " neurons";
    }
  }
}

}  // namespace
}  // namespace spikeweave
