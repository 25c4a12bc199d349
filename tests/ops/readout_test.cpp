#include <gtest/gtest.h>

#include "support/backends.hpp"
#include "support/random_values.hpp"

namespace spikeweave {
namespace {

struct ReadoutCase {
  std::size_t steps = 6;
  std::size_t frame_steps = 2;
  std::size_t neurons = 33;
  std::size_t outputs = 3;
  std::vector<std::int32_t> length{6, 4, 0};
  std::vector<std::uint8_t> spikes;
  std::vector<std::uint8_t> mask;
  float mask_scale = 1.0f;
  std::vector<float> weights;  // [neurons, outputs]
  std::vector<float> bias;
  LeakyReadoutDerived<float> derived{0.9f, 0.1f};
  bool is_split = false;  // the neurons' first third and the rest project on their own

  std::size_t frames() const { return (steps + frame_steps - 1) / frame_steps; }
};

class Readout : public test::OnBackend {
 protected:
  std::vector<float> run(const ReadoutCase& c) {
    const std::size_t batch = c.length.size();
    const auto length = put<std::int32_t>(c.length, {batch});
    const auto spikes = put<std::uint8_t>(c.spikes, {batch, c.steps, c.neurons});
    const auto mask = put<std::uint8_t>(c.mask, {batch, c.frames(), c.mask.empty() ? 0 : c.neurons});
    const auto weights = put<float>(c.weights, {c.neurons, c.outputs});
    const auto bias = put<float>(c.bias, {c.bias.size()});
    auto output = poisoned<float>({batch, c.steps, c.outputs});
    ReadoutArgs<float> args;
    args.frame_steps = c.frame_steps;
    args.length = length.cview();
    args.spikes = spikes.cview();
    args.mask = mask.cview();
    args.mask_scale = c.mask_scale;
    const std::size_t split = c.is_split ? c.neurons / 3 : c.neurons;
    args.projections.at[args.projections.count++] = {0, split, 0, c.outputs, weights.data()};
    if (c.is_split) {
      args.projections.at[args.projections.count++] = {split, c.neurons - split, 0, c.outputs,
                                                       weights.data() + split * c.outputs};
    }
    args.bias = bias.cview();
    args.derived = c.derived;
    args.output = output.view();
    backend().readout(args);
    return output.download();
  }
};

SW_ON_ALL_BACKENDS(Readout);

// In single precision and in the order of the definition: the results have the same bits.
std::vector<float> expected_output(const ReadoutCase& c) {
  std::vector<float> output(c.length.size() * c.steps * c.outputs, 0.0f);
  for (std::size_t b = 0; b < c.length.size(); ++b) {
    for (std::size_t k = 0; k < c.outputs; ++k) {
      float y = 0.0f;
      for (std::size_t t = 0; t < static_cast<std::size_t>(c.length[b]); ++t) {
        float drive = 0.0f;
        for (std::size_t j = 0; j < c.neurons; ++j) {
          const bool is_visible = c.mask.empty() || c.mask[(b * c.frames() + t / c.frame_steps) * c.neurons + j] != 0;
          if (is_visible && c.spikes[(b * c.steps + t) * c.neurons + j] != 0) drive += c.weights[j * c.outputs + k];
        }
        y = c.derived.kappa * y + c.derived.gain * (drive * c.mask_scale);
        output[(b * c.steps + t) * c.outputs + k] = c.bias.empty() ? y : y + c.bias[k];
      }
    }
  }
  return output;
}

ReadoutCase random_case(std::size_t neurons, std::size_t outputs, double rate = 0.2) {
  ReadoutCase c;
  c.neurons = neurons;
  c.outputs = outputs;
  c.spikes = test::random_bits(c.length.size() * c.steps * neurons, 1, rate);
  c.weights = test::random_floats(neurons * outputs, 2);
  return c;
}

TEST_P(Readout, FiltersTheWeightsOfTheSpikes) {
  for (const std::size_t neurons : {0u, 1u, 31u, 32u, 33u, 255u, 257u, 1000u, 1500u}) {
    const ReadoutCase c = random_case(neurons, 3);

    EXPECT_EQ(run(c), expected_output(c)) << neurons << " neurons";
  }
}

TEST_P(Readout, HasAnyNumberOfOutputs) {
  for (const std::size_t outputs : {0u, 1u, 31u, 33u, 257u}) {
    const ReadoutCase c = random_case(40, outputs);

    EXPECT_EQ(run(c), expected_output(c)) << outputs << " outputs";
  }
}

TEST_P(Readout, AddsTheBiasAfterTheFilter) {
  ReadoutCase c = random_case(33, 3);
  c.bias = {0.5f, -2.0f, 0.0f};

  EXPECT_EQ(run(c), expected_output(c));
}

TEST_P(Readout, MaskHidesANeuronForItsFrame) {
  ReadoutCase c = random_case(100, 4, 0.5);
  c.mask = test::random_bits(3 * 3 * 100, 3, 0.6);
  c.mask_scale = 1.0f / 0.6f;

  EXPECT_EQ(run(c), expected_output(c));
}

TEST_P(Readout, ProjectionsAreAddedInOrder) {
  ReadoutCase c = random_case(100, 4, 0.5);
  c.is_split = true;

  EXPECT_EQ(run(c), expected_output(c));
}

TEST_P(Readout, SilentAndSaturatedNetworks) {
  for (const double rate : {0.0, 1.0}) {
    const ReadoutCase c = random_case(257, 2, rate);

    EXPECT_EQ(run(c), expected_output(c)) << "rate " << rate;
  }
}

// kappa = 1/2, gain = 1/2, one neuron of weight 3 that fires at steps 0 and 1: drive 3 3 0, y = 1.5 2.25 1.125.
TEST_P(Readout, ByHand) {
  ReadoutCase c;
  c.steps = 4;
  c.neurons = 1;
  c.outputs = 1;
  c.length = {3};
  c.spikes = {1, 1, 0, 1};
  c.weights = {3.0f};
  c.derived = {0.5f, 0.5f};

  EXPECT_EQ(run(c), (std::vector<float>{1.5f, 2.25f, 1.125f, 0.0f}));
}

}  // namespace
}  // namespace spikeweave
