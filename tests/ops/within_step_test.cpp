// Populations that run one after the other within a step, and biases.

#include <gtest/gtest.h>

#include <numeric>

#include "ops/forward_network.hpp"
#include "support/backends.hpp"

namespace spikeweave {
namespace {

using test::ForwardCase;
using test::ForwardResult;
using test::ProjectionCase;

constexpr auto linear = PseudoDerivative::piecewise_linear;

ProjectionCase projection(std::size_t pre_begin, std::size_t pre_count, std::size_t post_begin, std::size_t post_count,
                          std::uint32_t stream, double low, double high) {
  return {pre_begin, pre_count, post_begin, post_count, test::random_floats(pre_count * post_count, stream, low, high)};
}

class WithinStep : public test::OnBackend {
 protected:
  void expect_reference(const ForwardCase& c, const std::string& label) {
    const ForwardResult expected = test::run_reference(c);
    const auto spikes = std::accumulate(expected.spike_count.begin(), expected.spike_count.end(), 0u);
    const auto steps = std::accumulate(c.length.begin(), c.length.end(), 0);
    EXPECT_GT(spikes, 0u) << label;
    EXPECT_LT(spikes, static_cast<unsigned>(steps) * c.neurons()) << label;
    const ForwardResult actual = test::run_on(backend(), c);
    ASSERT_EQ(actual.spikes, expected.spikes) << label;
    ASSERT_EQ(actual.psi, expected.psi) << label;
    ASSERT_EQ(actual.outputs, expected.outputs) << label;
    ASSERT_EQ(actual.voltages, expected.voltages) << label;
    ASSERT_EQ(actual.spike_count, expected.spike_count) << label;
  }
};
SW_ON_ALL_BACKENDS(WithinStep);

// To a later population, to two of them, from two of them, not in the order in which they run; and biases.
ForwardCase four_populations() {
  ForwardCase c;
  c.steps = 12;
  c.inputs = 10;
  c.length = {12, 7, 0};
  c.populations = {
      {0, linear, 5}, {1, PseudoDerivative::fast_sigmoid, 34}, {2, linear, 7}, {1, PseudoDerivative::arctan, 3}};
  c.input = {projection(0, 6, 0, 46, 1, 0.0, 0.4), projection(4, 6, 5, 20, 2, -0.3, 0.5)};
  c.recurrent = {projection(0, 49, 0, 49, 3, -0.1, 0.1)};
  c.bias = {projection(0, 1, 0, 49, 20, 0.0, 0.05), projection(0, 1, 5, 34, 21, 0.0, 0.05)};
  c.within_step = {projection(0, 39, 46, 3, 22, -0.2, 0.3), projection(0, 5, 5, 41, 23, -0.1, 0.5),
                   projection(5, 34, 39, 7, 24, -0.1, 0.3)};
  c.events = test::random_bits(3 * 12 * 10, 6, 0.3);
  return c;
}

TEST_P(WithinStep, PopulationsRunInOrder) {
  ForwardCase c = four_populations();
  ForwardCase without = c;
  without.within_step.clear();
  EXPECT_NE(test::run_reference(c).spikes, test::run_reference(without).spikes);
  without.bias.clear();
  expect_reference(without, "neither");
  expect_reference(c, "spikes");

  c.wants_outputs = true;
  expect_reference(c, "outputs");

  c.input_scale = 1.0f / 0.7f;
  c.bias.clear();
  c.recurrent.clear();
  expect_reference(c, "only within the step");
}

// More trials than go together, of different lengths, with few and with many active cells.
TEST_P(WithinStep, TrialsShareTheWeights) {
  for (const double high : {0.4, 2.0}) {
    ForwardCase c;
    c.steps = 4;
    c.inputs = 8;
    for (std::int32_t b = 0; b < 67; ++b) c.length.push_back(4 - b % 4);
    c.populations = {{0, linear, 33}, {0, linear, 7}};
    c.input = {projection(0, 8, 0, 33, 1, -0.1, high)};
    c.within_step = {projection(0, 33, 33, 7, 2, -0.2, 0.3)};
    c.events = test::random_bits(67 * 4 * 8, 3, 0.3);

    expect_reference(c, "weights up to " + std::to_string(high));
  }
}

}  // namespace
}  // namespace spikeweave
