#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ops/eprop_fixture.hpp"
#include "support/tolerance.hpp"

namespace spikeweave {
namespace {

using test::EpropCase;

class Eligibility : public test::OnBackendWithEprop {
 protected:
  struct Block {
    std::size_t pre_begin, pre_count, post_begin, post_count;
  };

  // Recurrent spikes with a delay, into one block of synapses; the gradient starts at 1.
  std::vector<float> run(const EpropCase& c, const std::vector<std::uint8_t>& spikes, const Block& block,
                         std::size_t delay, bool zero_diagonal) {
    Memory m = put_case(c);
    const auto device_spikes = put<std::uint8_t>(spikes, {c.batch(), c.steps, c.neurons});
    auto gradient =
        put<float>(std::vector<float>(block.pre_count * block.post_count, 1.0f), {block.pre_count, block.post_count});
    EligibilityArgs<float> args{.in = m.in, .psi = m.psi.cview(), .product = {}};
    args.shares_decay = c.shares_decay;
    const std::size_t synapses = c.batch() * block.pre_count * block.post_count;
    auto traces = put<std::byte>(std::vector<std::byte>(trace_bytes<float>(0, synapses), std::byte{0xFF}),
                                 {trace_bytes<float>(0, synapses)});  // NaN: nothing is read before it is written
    args.product.frame_steps = c.frame_steps;
    args.product.scale = 0.5f;
    args.product.length = m.length.cview();
    args.product.events = device_spikes.cview();
    args.product.projection = {block.pre_begin, block.pre_count, block.post_begin, block.post_count, nullptr, delay};
    args.product.zero_diagonal = zero_diagonal;
    args.product.gradient = gradient.view();
    if (window_ == 0) {
      backend().eligibility(args);
      return gradient.download();
    }
    args.traces = traces.data();
    for (std::size_t begin = 0; begin < c.steps; begin += window_) {
      args.product.window = {begin, std::min(begin + window_, c.steps)};
      backend().eligibility(args);
    }
    return gradient.download();
  }

  std::size_t window_ = 0;  // steps of a call; 0: all

  void expect_traces(const EpropCase& c, const Block& block, std::size_t delay, bool zero_diagonal) {
    const std::vector<std::uint8_t> spikes = test::random_bits(c.batch() * c.steps * c.neurons, 41, 0.2);
    const std::vector<float> gradient = run(c, spikes, block, delay, zero_diagonal);
    for (std::size_t i = 0; i < block.pre_count; ++i) {
      for (std::size_t j = 0; j < block.post_count; ++j) {
        const std::size_t pre = block.pre_begin + i;
        const std::size_t post = block.post_begin + j;
        const double expected = 0.5 * test::trace_gradient(c, post, [&](std::size_t b, std::size_t t) {
                                  return t < delay ? 0.0 : double(spikes[(b * c.steps + t - delay) * c.neurons + pre]);
                                });
        const bool is_zero = zero_diagonal && pre == post;
        ASSERT_TRUE(test::is_close(gradient[i * block.post_count + j], is_zero ? 1.0 : 1.0 + expected,
                                   test::recursion_tolerance(2 * c.steps) * 10.0))
            << "synapse " << pre << " -> " << post;
      }
    }
  }
};

SW_ON_ALL_BACKENDS(Eligibility);

TEST_P(Eligibility, IsTheTextbookSumOfTraces) {
  expect_traces(test::random_eprop(33, 3, /*is_full=*/false), {0, 33, 0, 33}, /*delay=*/1, /*zero_diagonal=*/false);
}

TEST_P(Eligibility, TakesTheRatePenaltyTheLocalSignalAndTheReadoutMask) {
  expect_traces(test::random_eprop(33, 2, /*is_full=*/true), {3, 20, 5, 28}, /*delay=*/0, /*zero_diagonal=*/false);
}

// 70 cells onto 140 neurons: more than a tile of a kernel, and no multiple of one.
TEST_P(Eligibility, GoesOnFromWindowToWindow) {
  for (const bool shares_decay : {false, true}) {
    for (const bool is_full : {false, true}) {
      EpropCase c = test::random_eprop(210, 2, is_full);
      c.shares_decay = shares_decay;
      for (const std::size_t window : {0, 1, 7, 50}) {
        window_ = window;
        expect_traces(c, {0, 70, 70, 140}, /*delay=*/3, /*zero_diagonal=*/false);
      }
    }
  }
}

TEST_P(Eligibility, EqualsTheAdjointAndItsOuterProduct) {
  const EpropCase c = test::random_eprop(65, 3, /*is_full=*/true);
  const std::vector<std::uint8_t> spikes = test::random_bits(c.batch() * c.steps * c.neurons, 42, 0.2);
  const Block all{0, c.neurons, 0, c.neurons};

  const std::vector<float> traces = run(c, spikes, all, /*delay=*/1, /*zero_diagonal=*/false);

  Memory m = put_case(c);
  const auto device_spikes = put<std::uint8_t>(spikes, {c.batch(), c.steps, c.neurons});
  auto gradient = put<float>(std::vector<float>(c.neurons * c.neurons, 1.0f), {c.neurons, c.neurons});
  backend().adjoint({.in = m.in, .psi_to_factor = m.psi.view()});
  OuterProductArgs<float> product;
  product.frame_steps = c.frame_steps;
  product.scale = 0.5f;
  product.length = m.length.cview();
  product.post = m.psi.cview();
  product.events = device_spikes.cview();
  product.projection = {0, c.neurons, 0, c.neurons, nullptr, /*delay=*/1};
  product.gradient = gradient.view();
  backend().outer_product(product);
  const std::vector<float> adjoint = gradient.download();
  double largest = 0.0;
  for (std::size_t i = 0; i < traces.size(); ++i) {
    largest = std::max(largest, std::abs(double(traces[i]) - 1.0));
    ASSERT_TRUE(test::is_close(traces[i], adjoint[i], test::recursion_tolerance(2 * c.steps) * 10.0)) << i;
  }
  EXPECT_GT(largest, 0.1);  // there is something to compare
}

}  // namespace
}  // namespace spikeweave
