#include <gtest/gtest.h>

#include "support/backends.hpp"
#include "support/random_values.hpp"
#include "support/tolerance.hpp"

namespace spikeweave {
namespace {

struct ProductCase {
  std::size_t delay = 0;
  std::size_t steps = 10;
  std::size_t frame_steps = 3;
  std::size_t pre_cells = 0;
  std::size_t post_cells = 0;
  std::size_t pre_begin = 0, pre_count = 0, post_begin = 0, post_count = 0;
  std::vector<std::int32_t> length{10, 6, 0};
  std::vector<std::uint8_t> events;
  std::vector<float> values;
  std::vector<std::uint8_t> mask;
  bool zero_diagonal = false;

  std::size_t batch() const { return length.size(); }
  std::size_t frames() const { return (steps + frame_steps - 1) / frame_steps; }
};

class OuterProduct : public test::OnBackend {
 protected:
  std::vector<float> run(const ProductCase& c, const std::vector<float>& posts) {
    const auto length = put<std::int32_t>(c.length, {c.batch()});
    const auto post = put<float>(posts, {c.batch(), c.steps, c.post_cells});
    const auto events = put<std::uint8_t>(c.events, {c.batch(), c.steps, c.events.empty() ? 0 : c.pre_cells});
    const auto values = put<float>(c.values, {c.batch(), c.frames(), c.values.empty() ? 0 : c.pre_cells});
    const auto mask = put<std::uint8_t>(c.mask, {c.batch(), c.frames(), c.mask.empty() ? 0 : c.pre_cells});
    const float start = c.zero_diagonal ? 0.0f : 1.0f;
    auto gradient = put<float>(std::vector<float>(c.pre_count * c.post_count, start), {c.pre_count, c.post_count});
    backend().outer_product({.frame_steps = c.frame_steps,
                             .scale = 0.25f,
                             .length = length.cview(),
                             .post = post.cview(),
                             .events = events.cview(),
                             .values = values.cview(),
                             .mask = mask.cview(),
                             .projection = {c.pre_begin, c.pre_count, c.post_begin, c.post_count, nullptr, c.delay},
                             .zero_diagonal = c.zero_diagonal,
                             .gradient = gradient.view()});
    return gradient.download();
  }

  void expect_reference(const ProductCase& c) {
    // Beyond a trial's end there is no number.
    std::vector<float> post = test::random_floats(c.batch() * c.steps * c.post_cells, 51);
    for (std::size_t i = 0; i < post.size(); ++i) {
      const std::size_t row = i / c.post_cells;
      if (static_cast<std::int32_t>(row % c.steps) >= c.length[row / c.steps]) post[i] = NAN;
    }
    expect_reference(c, post, run(c, post));
  }

 private:
  void expect_reference(const ProductCase& c, const std::vector<float>& post, const std::vector<float>& gradient) {
    for (std::size_t i = 0; i < c.pre_count; ++i) {
      for (std::size_t j = 0; j < c.post_count; ++j) {
        test::ReferenceSum sum = reference(c, post, c.pre_begin + i, c.post_begin + j);
        if (c.zero_diagonal && c.pre_begin + i == c.post_begin + j) sum = {};
        const double split = is_device() && !c.events.empty() ? test::two_bf16_tolerance * sum.magnitude : 0.0;
        ASSERT_TRUE(test::is_close(gradient[i * c.post_count + j], sum.value, sum.tolerance() + split))
            << "element " << i << ", " << j << " of " << c.pre_count << " x " << c.post_count;
      }
    }
  }
  static test::ReferenceSum reference(const ProductCase& c, const std::vector<float>& post, std::size_t i,
                                      std::size_t j) {
    test::ReferenceSum sum;
    sum.add(c.zero_diagonal ? 0.0 : 1.0);
    for (std::size_t b = 0; b < c.batch(); ++b) {
      for (std::size_t t = c.delay; t < static_cast<std::size_t>(c.length[b]); ++t) {
        const std::size_t source = t - c.delay;
        const std::size_t frame = (b * c.frames() + source / c.frame_steps) * c.pre_cells + i;
        if (!c.mask.empty() && c.mask[frame] == 0) continue;
        const double pre = c.values.empty() ? c.events[(b * c.steps + source) * c.pre_cells + i] : c.values[frame];
        sum.add(0.25 * pre * post[(b * c.steps + t) * c.post_cells + j]);
      }
    }
    return sum;
  }
};

SW_ON_ALL_BACKENDS(OuterProduct);

ProductCase spike_case(std::size_t pre, std::size_t post, double rate = 0.2) {
  ProductCase c;
  c.pre_cells = c.pre_count = pre;
  c.post_cells = c.post_count = post;
  c.events = test::random_bits(c.batch() * c.steps * pre, 52, rate);
  return c;
}

TEST_P(OuterProduct, SumsOverTrialsAndSteps) {
  for (const std::size_t cells : {0u, 1u, 31u, 32u, 33u, 64u, 65u, 257u}) {
    expect_reference(spike_case(cells, 3));
    expect_reference(spike_case(3, cells));
  }
  expect_reference(spike_case(130, 70));
}

// More events than a gather is worth.
TEST_P(OuterProduct, SumsManyEvents) {
  for (const double share : {0.29, 0.31, 0.9, 1.0}) expect_reference(spike_case(70, 37, share));
  ProductCase c = spike_case(33, 20, 0.9);
  c.mask = test::random_bits(3 * c.frames() * 33, 53, 0.8);
  c.delay = 3;
  expect_reference(c);
}

TEST_P(OuterProduct, PairsWithThePreFactorOfAnEarlierStep) {
  ProductCase c = spike_case(33, 20);
  c.delay = 1;
  expect_reference(c);

  c.delay = 7;  // beyond the second trial's length
  expect_reference(c);
}

TEST_P(OuterProduct, CoversOnlyTheBlockOfTheProjection) {
  ProductCase c = spike_case(40, 50);
  c.pre_begin = 3;
  c.pre_count = 30;
  c.post_begin = 11;
  c.post_count = 39;

  expect_reference(c);
}

TEST_P(OuterProduct, LeavesOutSelfConnections) {
  ProductCase c = spike_case(40, 40, 0.9);
  c.pre_begin = 5;
  c.pre_count = 30;
  c.zero_diagonal = true;

  expect_reference(c);
}

TEST_P(OuterProduct, TakesValuesOfFramesAndMasks) {
  ProductCase c = spike_case(33, 20);
  c.mask = test::random_bits(3 * c.frames() * 33, 53, 0.5);
  expect_reference(c);

  c.events.clear();
  c.values = test::random_floats(3 * c.frames() * 33, 54);
  expect_reference(c);

  c.mask.clear();
  expect_reference(c);
}

TEST_P(OuterProduct, LongBatchesAreSummedInParts) {
  ProductCase c = spike_case(10, 5);
  c.steps = 400;
  c.length = {400, 257, 399};
  c.events = test::random_bits(3 * 400 * 10, 55, 0.1);

  expect_reference(c);
}

// Such as a bias, whose synapses are few beside the steps.
TEST_P(OuterProduct, SumsValuesOfFewCells) {
  for (const std::size_t cells : {1u, 8u, 9u}) {
    ProductCase c = spike_case(cells, 300);
    c.steps = 200;
    c.length = {200, 57, 199};
    c.events.clear();
    c.values = test::random_floats(3 * c.frames() * cells, 58);
    expect_reference(c);

    c.mask = test::random_bits(3 * c.frames() * cells, 59, 0.5);
    c.delay = 2;
    c.pre_begin = cells / 2;
    c.pre_count = cells - c.pre_begin;
    c.post_begin = 3;
    c.post_count = 290;
    c.zero_diagonal = true;
    expect_reference(c);
  }
}

TEST_P(OuterProduct, SilentCellsAddNothingAndSaturatedOnesEverything) {
  expect_reference(spike_case(33, 5, 0.0));
  expect_reference(spike_case(33, 5, 1.0));
}

TEST_P(OuterProduct, RepeatsBitForBit) {
  ProductCase c = spike_case(70, 66);
  c.steps = 600;
  c.length = {600, 600, 600};
  c.events = test::random_bits(3 * 600 * 70, 56, 0.1);
  const std::vector<float> post = test::random_floats(3 * 600 * 66, 57);

  EXPECT_EQ(run(c, post), run(c, post));
}

// Spikes at steps 0 and 2, post 1 2 4 | delay 1: 0.25 * (2) + 1 = 1.5;  delay 0: 0.25 * (1 + 4) + 1 = 2.25.
TEST_P(OuterProduct, ByHand) {
  ProductCase c;
  c.steps = 3;
  c.length = {3};
  c.pre_cells = c.pre_count = c.post_cells = c.post_count = 1;
  c.events = {1, 0, 1};
  EXPECT_EQ(run(c, {1, 2, 4}), (std::vector<float>{2.25f}));

  c.delay = 1;
  EXPECT_EQ(run(c, {1, 2, 4}), (std::vector<float>{1.5f}));
}

}  // namespace
}  // namespace spikeweave
