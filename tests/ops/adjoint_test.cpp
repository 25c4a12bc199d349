#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ops/eprop_fixture.hpp"
#include "support/tolerance.hpp"

namespace spikeweave {
namespace {

using test::EpropCase;

class Adjoint : public test::OnBackendWithEprop {
 protected:
  std::vector<float> run(const EpropCase& c) {
    Memory m = put_case(c);
    backend().adjoint({.in = m.in, .psi_to_factor = m.psi.view()});
    return m.psi.download();
  }

  std::vector<float> run_in_windows(const EpropCase& c, std::size_t steps) {
    Memory m = put_case(c);
    auto carried = poisoned<std::byte>({adjoint_bytes<float>(m.in.rule, c.batch() * c.neurons)});
    for (std::size_t begin = (c.steps - 1) / steps * steps, end = c.steps; end > 0; end = begin, begin -= steps) {
      backend().adjoint({.in = m.in, .window = {begin, end}, .psi_to_factor = m.psi.view(), .carried = carried.data()});
    }
    return m.psi.download();
  }
};

SW_ON_ALL_BACKENDS(Adjoint);

// A presynaptic pulse at step s alone: the gradient of the traces is then the post factor H[s].
void expect_impulse_responses(const EpropCase& c, const std::vector<float>& factor) {
  for (std::size_t b = 0; b < c.batch(); ++b) {
    for (std::size_t j = 0; j < c.neurons; ++j) {
      std::vector<double> expected(c.steps, 0.0);
      double largest = 0.0;
      for (std::size_t s = 0; s < c.steps; ++s) {
        if (static_cast<std::int32_t>(s) < c.length[b]) {
          expected[s] = test::trace_gradient(
              c, j, [&](std::size_t trial, std::size_t t) { return trial == b && t == s ? 1.0 : 0.0; });
        }
        largest = std::max(largest, std::abs(expected[s]));
      }
      for (std::size_t s = 0; s < c.steps; ++s) {
        ASSERT_TRUE(test::is_close(factor[(b * c.steps + s) * c.neurons + j], expected[s],
                                   test::recursion_tolerance(c.steps + c.outputs) * largest))
            << "trial " << b << " step " << s << " neuron " << j << " of " << c.neurons;
      }
    }
  }
}

TEST_P(Adjoint, IsTheGradientOfAPresynapticPulse) {
  for (const std::size_t neurons : {0u, 1u, 31u, 32u, 33u, 255u, 257u}) {
    const EpropCase c = test::random_eprop(neurons, 3, /*is_full=*/false);

    expect_impulse_responses(c, run(c));
  }
}

TEST_P(Adjoint, TakesMoreOutputsThanATileHolds) {
  const EpropCase c = test::random_eprop(7, 131, /*is_full=*/false);

  expect_impulse_responses(c, run(c));
}

TEST_P(Adjoint, TakesTheRatePenaltyTheLocalSignalAndTheReadoutMask) {
  const EpropCase c = test::random_eprop(40, 2, /*is_full=*/true);

  expect_impulse_responses(c, run(c));
}

TEST_P(Adjoint, TakesALocalSignalWithoutErrors) {
  EpropCase c = test::random_eprop(33, 0, /*is_full=*/true);
  c.mask.clear();

  expect_impulse_responses(c, run(c));
}

TEST_P(Adjoint, GoesOnFromWindowToWindow) {
  for (const std::size_t neurons : {1u, 33u, 130u}) {
    const EpropCase c = test::random_eprop(neurons, 3, /*is_full=*/true);
    const std::vector<float> whole = run(c);
    for (const std::size_t steps : {1u, 7u, 8u}) {
      EXPECT_EQ(run_in_windows(c, steps), whole) << neurons << " neurons, windows of " << steps << " steps";
    }
  }
}

TEST_P(Adjoint, IsZeroWithoutErrors) {
  EpropCase c = test::random_eprop(33, 3, /*is_full=*/false);
  std::fill(c.error.begin(), c.error.end(), 0.0f);

  EXPECT_EQ(run(c), std::vector<float>(c.psi.size(), 0.0f));
}

class ReadoutAdjoint : public test::OnBackend {
 protected:
  struct Result {
    std::vector<float> factor;
    std::vector<float> bias_gradient;
  };

  Result run(const std::vector<std::int32_t>& lengths, std::size_t steps, std::size_t outputs,
             const std::vector<float>& errors, LeakyReadoutDerived<float> readout, bool has_bias = true) {
    const auto length = put<std::int32_t>(lengths, {lengths.size()});
    const auto error = put<float>(errors, {lengths.size(), steps, outputs});
    auto factor = poisoned<float>({lengths.size(), steps, outputs});
    auto bias = put<float>(std::vector<float>(has_bias ? outputs : 0, 1.0f), {has_bias ? outputs : 0});
    backend().readout_adjoint({.length = length.cview(),
                               .error = error.cview(),
                               .readout = readout,
                               .factor = factor.view(),
                               .bias_gradient = bias.view()});
    return {factor.download(), bias.download()};
  }
};

SW_ON_ALL_BACKENDS(ReadoutAdjoint);

// The same with the first two steps after the last: a trial that has ended goes on from 0.
TEST_P(ReadoutAdjoint, GoesOnFromWindowToWindow) {
  const auto length = put<std::int32_t>({3, 1}, {2});
  const auto error = put<float>({4, 8, 16, 4, 99, 99}, {2, 3, 1});
  auto factor = poisoned<float>({2, 3, 1});
  auto carried = poisoned<float>({2, 1});
  auto bias = put<float>({1.0f}, {1});
  for (const StepWindow window : {StepWindow{2, 3}, StepWindow{0, 2}}) {
    backend().readout_adjoint({.window = window,
                               .length = length.cview(),
                               .error = error.cview(),
                               .readout = {0.5f, 0.25f},
                               .factor = factor.view(),
                               .bias_gradient = bias.view(),
                               .carried = carried.view()});
  }
  EXPECT_EQ(factor.download(), (std::vector<float>{3, 4, 4, 1, 0, 0}));
  EXPECT_EQ(carried.download(), (std::vector<float>{3, 1}));
  EXPECT_EQ(bias.download(), (std::vector<float>{33}));
}

// kappa = 1/2, gain = 1/4, errors 4 8 16 | 4: F from the back: 4, 2 + 2 = 4, 2 + 1 = 3; bias: 1 + 28 + 4.
TEST_P(ReadoutAdjoint, ByHand) {
  const Result r = run({3, 1}, 3, 1, {4, 8, 16, 4, 99, 99}, {0.5f, 0.25f});

  EXPECT_EQ(r.factor, (std::vector<float>{3, 4, 4, 1, 0, 0}));
  EXPECT_EQ(r.bias_gradient, (std::vector<float>{33}));
}

TEST_P(ReadoutAdjoint, FiltersTheErrorsBackward) {
  const std::vector<std::int32_t> lengths{300, 257, 0};
  constexpr std::size_t steps = 300;
  for (const std::size_t outputs : {0u, 1u, 33u}) {
    const std::vector<float> error = test::random_floats(3 * steps * outputs, 31);

    const Result r = run(lengths, steps, outputs, error, {0.9f, 0.1f});

    for (std::size_t k = 0; k < outputs; ++k) {
      test::ReferenceSum bias;
      bias.add(1.0);
      for (std::size_t b = 0; b < 3; ++b) {
        double factor = 0.0;
        for (std::size_t t = steps; t-- > 0;) {
          const std::size_t at = (b * steps + t) * outputs + k;
          const bool is_running = static_cast<std::int32_t>(t) < lengths[b];
          if (is_running) {
            factor = double(0.9f) * factor + double(0.1f) * error[at];
            bias.add(error[at]);
          }
          ASSERT_TRUE(test::is_close(r.factor[at], is_running ? factor : 0.0, test::recursion_tolerance(20)))
              << "element " << at;
        }
      }
      EXPECT_TRUE(test::is_close(r.bias_gradient[k], bias.value, bias.tolerance())) << "output " << k;
    }
  }
}

TEST_P(ReadoutAdjoint, BiasIsOptional) {
  EXPECT_EQ(run({1}, 1, 1, {2.0f}, {0.5f, 1.0f}, /*has_bias=*/false).factor, (std::vector<float>{2.0f}));
}

}  // namespace
}  // namespace spikeweave
