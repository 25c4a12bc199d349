// Networks in which no projection leads back: a backend may take them population by population, with the same bits.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>

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

// 37 trials of up to 20 steps; populations of 33 lif, 110 alif, 7 escape_lif and 2 lif.
ForwardCase layers(double share_of_active_inputs) {
  ForwardCase c;
  c.steps = 20;
  c.frame_steps = 6;
  c.inputs = 70;
  for (std::int32_t b = 0; b < 37; ++b) c.length.push_back(b % 5 == 4 ? b % 3 : 20 - b % 4);
  c.populations = {{0, linear, 33}, {1, PseudoDerivative::fast_sigmoid, 110}, {2, linear, 7}, {0, linear, 2}};
  c.input = {projection(0, 70, 0, 33, 1, -0.2, 0.4), projection(9, 40, 20, 130, 2, -0.1, 0.1)};
  c.recurrent = {projection(0, 33, 33, 117, 3, -0.1, 0.3), projection(33, 110, 143, 9, 4, -0.3, 0.4)};
  c.within_step = {projection(33, 117, 150, 2, 5, -0.3, 0.3), projection(0, 33, 33, 110, 6, -0.2, 0.2),
                   projection(0, 143, 143, 7, 7, -0.1, 0.1)};
  c.bias = {projection(0, 1, 0, 152, 8, 0.0, 0.05), projection(0, 1, 33, 110, 9, 0.0, 0.05)};
  c.events = test::random_bits(37 * 20 * 70, 10, share_of_active_inputs);
  return c;
}

class LayerOrder : public test::OnBackend {
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
    ASSERT_EQ(actual.prediction, expected.prediction) << label;
    ASSERT_EQ(actual.voltages, expected.voltages) << label;
    ASSERT_EQ(actual.spike_count, expected.spike_count) << label;
    expect_reference_without_traces(c, expected, label);
  }

  // Recorded states make a device go step by step. It takes as many steps at a time as there is room for.
  void expect_reference_without_traces(const ForwardCase& c, const ForwardResult& expected, const std::string& label) {
    const std::size_t step_bytes = c.batch() * c.neurons() * sizeof(float);
    for (const std::size_t bytes : {std::size_t{256} << 20, 3 * step_bytes}) {
      if (is_device()) use({.current_bytes = bytes});
      const ForwardResult actual = test::run_on(backend(), c, /*has_psi=*/true, /*has_traces=*/false);
      const std::string what = label + ", without traces, room for " + std::to_string(bytes) + " bytes";
      ASSERT_EQ(actual.spikes, expected.spikes) << what;
      ASSERT_EQ(actual.outputs, expected.outputs) << what;
      ASSERT_EQ(actual.psi, expected.psi) << what;
      ASSERT_EQ(actual.prediction, expected.prediction) << what;
      ASSERT_EQ(actual.spike_count, expected.spike_count) << what;
      if (!is_device()) break;
    }
    if (is_device()) use({});
  }
};
SW_ON_ALL_BACKENDS(LayerOrder);

TEST_P(LayerOrder, HasTheBitsOfTheOrderOfSteps) {
  for (const double share : {0.02, 0.2, 0.7}) expect_reference(layers(share), "active " + std::to_string(share));
}

TEST_P(LayerOrder, TakesDropoutAndEventsThatCountMoreThanOne) {
  ForwardCase c = layers(0.4);
  c.mask = test::random_bits(37 * 4 * 70, 11, 0.7);
  c.input_scale = 1.0f / 0.7f;
  for (std::size_t n = 0; n < c.events.size(); n += 7) c.events[n] = static_cast<std::uint8_t>(n / 7 % 4);

  expect_reference(c, "mask and counts");
}

TEST_P(LayerOrder, TakesDelaysAndGoesOnFromWindowToWindow) {
  for (const std::size_t delay : {1u, 3u, 25u}) {
    for (const std::size_t window : {20u, 7u, 2u}) {
      ForwardCase c = layers(0.3);
      c.delay = delay;
      c.window = window;

      expect_reference(c, "delay " + std::to_string(delay) + ", windows of " + std::to_string(window));
    }
  }
}

TEST_P(LayerOrder, TakesMoreNeuronsThanATileHolds) {
  ForwardCase c;
  c.steps = 11;
  c.inputs = 20;
  for (std::int32_t b = 0; b < 30; ++b) c.length.push_back(11 - b % 3);
  c.populations = {{0, linear, 150}, {2, linear, 140}};
  c.input = {projection(0, 20, 0, 150, 1, -0.2, 0.4)};
  c.recurrent = {projection(2, 147, 150, 140, 2, -0.2, 0.25)};
  c.within_step = {projection(0, 150, 155, 135, 3, -0.2, 0.2)};
  c.events = test::random_bits(30 * 11 * 20, 4, 0.3);

  expect_reference(c, "290 neurons");
}

TEST_P(LayerOrder, TakesDrawnEvents) {
  ForwardCase c = layers(0.0);
  c.intensity = test::random_floats(37 * 4 * 70, 12, 0.0, 0.6);
  c.events = test::drawn_events(backend(), c);

  expect_reference(c, "drawn");
}

// Weights times rates are rounded before they are added.
TEST_P(LayerOrder, TakesRatesAndInputValues) {
  ForwardCase c = layers(0.0);
  c.events.clear();
  c.values = test::random_floats(37 * 4 * 70, 13, -0.2, 1.0);
  c.populations[1].model = test::model_index("rectified_linear");
  c.populations[3].model = test::model_index("rate_unit");

  expect_reference(c, "rates");
}

// Forced spikes, and units that a task clamps.
TEST_P(LayerOrder, TakesNeuronsThatAreForced) {
  ForwardCase c = layers(0.2);
  c.forced_neurons = 60;
  c.forced = test::random_bits(37 * 20 * 60, 14, 0.2);
  c.populations[1].model = test::model_index("rate_unit");
  c.clamped_neurons = 100;
  c.clamp = test::random_floats(37 * 4 * 100, 15, -1.0, 1.0);
  for (float& value : c.clamp) value = value < 0.0f ? NAN : value;

  expect_reference(c, "forced");
}

}  // namespace
}  // namespace spikeweave
