#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "support/backends.hpp"
#include "support/random_values.hpp"

namespace spikeweave {
namespace {

class Dropout : public test::OnBackend {
 protected:
  std::vector<std::uint8_t> mask(Purpose purpose, double drop_probability, std::size_t batch, std::size_t frames,
                                 std::size_t cells, std::uint32_t first_trial = 100, std::size_t first_frame = 0) {
    std::vector<std::uint32_t> trials;
    for (std::size_t b = 0; b < batch; ++b) trials.push_back(first_trial + static_cast<std::uint32_t>(b));
    const auto trial = put<std::uint32_t>(trials, {batch});
    auto mask = poisoned<std::uint8_t>({batch, frames, cells});
    mask.reshape(backend(), {batch, frames, cells}, "mask", first_frame);
    backend().dropout({.purpose = purpose,
                       .drop_probability = drop_probability,
                       .keys = {test::test_seed, trial.cview()},
                       .mask = mask.view(),
                       .first_frame = first_frame});
    return mask.download();
  }
};

SW_ON_ALL_BACKENDS(Dropout);

TEST_P(Dropout, DropsWhereTheWordIsBelowTheProbability) {
  constexpr float p = 0.25f;
  for (const std::size_t cells : {0u, 1u, 31u, 32u, 33u, 255u, 257u, 1000u}) {
    const std::vector<std::uint8_t> mask = this->mask(Purpose::readout_dropout, p, 3, 2, cells);

    for (std::size_t at = 0; at < mask.size(); ++at) {
      const std::size_t i = at % cells;
      const PhiloxCounter w = philox4x32_10(
          {static_cast<std::uint32_t>(at / cells % 2), static_cast<std::uint32_t>(100 + at / cells / 2),
           static_cast<std::uint32_t>(i / 4), 6u << 24},
          {static_cast<std::uint32_t>(test::test_seed), static_cast<std::uint32_t>(test::test_seed >> 32)});
      const std::uint32_t word = std::array{w.x, w.y, w.z, w.w}[i % 4];
      ASSERT_EQ(mask[at], word < 0x40000000u ? 0 : 1) << "element " << at << " of " << cells << " cells";
    }
  }
}

TEST_P(Dropout, OfSomeFramesIsThatOfAll) {
  const std::vector<std::uint8_t> all = mask(Purpose::input_dropout, 0.5, 1, 5, 37);
  const std::vector<std::uint8_t> some = mask(Purpose::input_dropout, 0.5, 1, 2, 37, 100, /*first_frame=*/2);

  EXPECT_EQ(some, std::vector<std::uint8_t>(all.begin() + 2 * 37, all.begin() + 4 * 37));
}

TEST_P(Dropout, ProbabilityZeroKeepsEverything) {
  const std::vector<std::uint8_t> mask = this->mask(Purpose::input_dropout, 0.0, 1, 3, 33);

  EXPECT_EQ(mask, std::vector<std::uint8_t>(99, 1));
}

TEST_P(Dropout, PurposesAndTrialsHaveMasksOfTheirOwn) {
  const auto input = mask(Purpose::input_dropout, 0.5, 1, 1, 100);
  const auto readout = mask(Purpose::readout_dropout, 0.5, 1, 1, 100);
  const auto other_trial = mask(Purpose::input_dropout, 0.5, 1, 1, 100, /*first_trial=*/101);

  EXPECT_NE(input, readout);
  EXPECT_NE(input, other_trial);
}

}  // namespace
}  // namespace spikeweave
