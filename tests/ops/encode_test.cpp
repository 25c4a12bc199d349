#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "spikeweave/core/sampling.hpp"
#include "support/backends.hpp"
#include "support/random_values.hpp"

namespace spikeweave {
namespace {

class Encode : public test::OnBackend {
 protected:
  struct Case {
    std::size_t inputs;
    std::size_t steps;
    std::size_t frame_steps;
    Encoding encoding;
    std::vector<std::int32_t> length;
    std::vector<std::uint32_t> trial;
    std::vector<float> intensity;  // [batch, frames, inputs]
  };

  std::vector<std::uint8_t> encode(const Case& c) {
    const std::size_t batch = c.length.size();
    const std::size_t frames = (c.steps + c.frame_steps - 1) / c.frame_steps;
    const auto intensity = put<float>(c.intensity, {batch, frames, c.inputs});
    const auto length = put<std::int32_t>(c.length, {batch});
    const auto trial = put<std::uint32_t>(c.trial, {batch});
    auto events = poisoned<std::uint8_t>({batch, c.steps, c.inputs});
    backend().encode({.encoding = c.encoding,
                      .frame_steps = c.frame_steps,
                      .intensity = intensity.cview(),
                      .length = length.cview(),
                      .keys = {test::test_seed, trial.cview()},
                      .events = events.view()});
    return events.download();
  }
};

SW_ON_ALL_BACKENDS(Encode);

// One draw after the other, straight from the definition.
std::uint8_t expected_event(Encoding encoding, float intensity, std::uint32_t trial, std::size_t t, std::size_t i) {
  const PhiloxCounter words =
      philox4x32_10({static_cast<std::uint32_t>(t), trial, static_cast<std::uint32_t>(i / 4), 3u << 24},
                    {static_cast<std::uint32_t>(test::test_seed), static_cast<std::uint32_t>(test::test_seed >> 32)});
  const std::uint32_t word = std::array{words.x, words.y, words.z, words.w}[i % 4];
  if (encoding == Encoding::bernoulli) {
    return static_cast<double>(word) < static_cast<double>(intensity) * 0x1p32 ? 1 : 0;
  }
  return static_cast<std::uint8_t>(std::min(255u, poisson_count(intensity, word)));
}

TEST_P(Encode, DrawsTheEventsOfTheDefinition) {
  for (const Encoding encoding : {Encoding::bernoulli, Encoding::poisson}) {
    for (const std::size_t inputs : {0u, 1u, 4u, 31u, 33u, 257u}) {
      const float largest = encoding == Encoding::poisson ? 4.0f : 1.0f;
      Case c{.inputs = inputs,
             .steps = 7,
             .frame_steps = 3,
             .encoding = encoding,
             .length = {7, 0, 5},
             .trial = {11, 3, 4000000000u},
             .intensity = test::random_floats(3 * 3 * inputs, 1, 0.0, largest)};

      const std::vector<std::uint8_t> events = encode(c);

      for (std::size_t b = 0; b < 3; ++b) {
        for (std::size_t t = 0; t < 7; ++t) {
          for (std::size_t i = 0; i < inputs; ++i) {
            const float intensity = c.intensity[(b * 3 + t / 3) * inputs + i];
            const bool is_running = static_cast<std::int32_t>(t) < c.length[b];
            const std::uint8_t expected =
                is_running ? expected_event(encoding, intensity, c.trial[b], t, i) : std::uint8_t{0};
            ASSERT_EQ(events[(b * 7 + t) * inputs + i], expected)
                << "trial " << b << " step " << t << " input " << i << " of " << inputs;
          }
        }
      }
    }
  }
}

TEST_P(Encode, ProbabilityOneAlwaysFiresAndZeroNever) {
  const Case c{.inputs = 2,
               .steps = 500,
               .frame_steps = 500,
               .encoding = Encoding::bernoulli,
               .length = {500},
               .trial = {0},
               .intensity = {0.0f, 1.0f}};

  const std::vector<std::uint8_t> events = encode(c);

  for (std::size_t t = 0; t < 500; ++t) {
    ASSERT_EQ(events[2 * t], 0);
    ASSERT_EQ(events[2 * t + 1], 1);
  }
}

TEST_P(Encode, PoissonCountsHaveTheirMean) {
  constexpr std::size_t steps = 4000;
  const Case c{.inputs = 1,
               .steps = steps,
               .frame_steps = steps,
               .encoding = Encoding::poisson,
               .length = {steps},
               .trial = {9},
               .intensity = {2.5f}};

  const std::vector<std::uint8_t> events = encode(c);

  double sum = 0.0;
  for (const std::uint8_t count : events) sum += count;
  EXPECT_NEAR(sum / steps, 2.5, 0.1);  // four standard errors: 4 * sqrt(2.5 / 4000)
}

TEST_P(Encode, DrawsTheStepsOfAWindowAndLeavesTheOthers) {
  const std::vector<float> rates = test::random_floats(2 * 4 * 5, 2, 0.2, 0.8);
  const auto intensity = put<float>(rates, {2, 4, 5});
  const auto length = put<std::int32_t>({10, 4}, {2});
  const auto trial = put<std::uint32_t>({7, 8}, {2});
  auto events = put<std::uint8_t>(std::vector<std::uint8_t>(2 * 10 * 5, 9), {2, 10, 5});

  backend().encode({.encoding = Encoding::bernoulli,
                    .frame_steps = 3,
                    .intensity = intensity.cview(),
                    .length = length.cview(),
                    .keys = {test::test_seed, trial.cview()},
                    .events = events.view(),
                    .window = {2, 7}});

  const std::vector<std::uint8_t> drawn = events.download();
  const std::size_t lengths[] = {10, 4};
  for (std::size_t b = 0; b < 2; ++b) {
    for (std::size_t t = 0; t < 10; ++t) {
      for (std::size_t i = 0; i < 5; ++i) {
        const std::uint8_t of_running = expected_event(Encoding::bernoulli, rates[(b * 4 + t / 3) * 5 + i],
                                                       static_cast<std::uint32_t>(7 + b), t, i);
        const bool is_drawn = t >= 2 && t < 7;
        const std::uint8_t expected = !is_drawn ? 9 : t < lengths[b] ? of_running : 0;
        ASSERT_EQ(drawn[(b * 10 + t) * 5 + i], expected) << "trial " << b << " step " << t << " input " << i;
      }
    }
  }
}

}  // namespace
}  // namespace spikeweave
