// Segregated dendrites: plateaus of a phase with a teacher against those of the phase before: spec sections A10, H4.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/gradient/dynamics_network.hpp"

namespace spikeweave::testing {
namespace {

// Sources, hidden cells, outputs.
const std::vector<std::size_t> sizes{DynamicsNetwork::inputs, 7, 4};
constexpr std::size_t settle = 12, averaged = 8, steps = 2 * (settle + averaged) + 1;
constexpr double largest_rate = 0.2;

// Projections: 0 input, 1, 2 forward, 3, 4 biases, 5 from the outputs to the apical dendrites.
NetworkSettings segregated_settings() {
  const auto neuron = [](SegregatedCell cell) {
    NeuronModels::Settings settings;
    settings.value = SegregatedUnitParams<Distribution>{.cell = cell};
    return settings;
  };
  NetworkSettings settings = DynamicsNetwork::layers(sizes, neuron(SegregatedCell::hidden));
  settings.populations.front().neuron = neuron(SegregatedCell::source);
  settings.populations.back().neuron = neuron(SegregatedCell::output);
  ProjectionSettings& input = DynamicsNetwork::connect(settings, "input", "h0");
  input.connectivity.value = OneToOne{};
  input.weights = Distribution(1.0);
  input.scale = WeightScale::unit;
  input.trainable = false;
  for (const std::string post : {"1", "2"}) {
    const std::string pre = post == "1" ? "h0/psp" : "h1/psp";
    ProjectionSettings& forward = DynamicsNetwork::connect(settings, pre, "h" + post);
    forward.within_step = true;
    forward.weights = Distribution::gaussian(0.0, 10.0);
  }
  for (const char* post : {"h1", "h2"}) DynamicsNetwork::connect(settings, "bias", post);
  ProjectionSettings& feedback = DynamicsNetwork::connect(settings, "h2/psp", "h1/apical");
  feedback.weights = Distribution::gaussian(0.0, 20.0);
  feedback.trainable = false;
  return settings;
}

// The phases settle, f, settle, t, each cell averaging in f and t, and a step that is learned from.
void run(DynamicsNetwork& n, double strength) {
  std::vector<double> teacher(steps, 0.0), weight(steps, 0.0);
  for (std::size_t t = settle + averaged; t + 1 < steps; ++t) teacher[t] = strength;
  weight.back() = 1.0;
  n.average.assign(steps, 0);
  for (const std::size_t begin : {settle, 2 * settle + averaged}) {
    for (std::size_t t = begin; t < begin + averaged; ++t) n.average[t] = static_cast<std::int32_t>(averaged);
    n.average[begin] = -n.average[begin];
  }
  n.run(teacher, weight);
}

DynamicsNetwork network(const NetworkSettings& settings) {
  LearningSettings learning;
  learning.value = LocalErrorParams{};
  return {settings, sizes, learning};
}

double sigmoid(double x) {
  return 1.0 / (1.0 + std::exp(-x));
}

// Mean over the averaged steps of either phase.
template <class Value>
double mean(bool is_taught, Value&& value) {
  const std::size_t end = (is_taught ? 2 : 1) * (settle + averaged);
  double sum = 0.0;
  for (std::size_t t = end - averaged; t < end; ++t) sum += value(t);
  return sum / static_cast<double>(averaged);
}

// Of projections 1..4, [pre, post]: the change that the cells' spikes make, by hand.
std::vector<std::vector<double>> change_by_hand(const DynamicsNetwork& n, double strength) {
  std::vector<std::vector<double>> change{{},
                                          std::vector<double>(sizes[0] * sizes[1]),
                                          std::vector<double>(sizes[1] * sizes[2]),
                                          std::vector<double>(sizes[1]),
                                          std::vector<double>(sizes[2])};
  const std::size_t first[]{0, sizes[0], sizes[0] + sizes[1]};
  for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
    const auto psp = [&](std::size_t t, std::size_t layer, std::size_t j) {
      return n.sent(b, t, n.network.neurons + first[layer] + j);
    };
    for (std::size_t layer = 1; layer < 3; ++layer) {
      for (std::size_t j = 0; j < sizes[layer]; ++j) {
        std::vector<double> c, apical;
        for (std::size_t t = 0; t + 1 < steps; ++t) {
          double basal = n.weight(layer + 2, 0, j), top_down = 0.0;
          for (std::size_t i = 0; i < sizes[layer - 1]; ++i) basal += n.weight(layer, i, j) * psp(t, layer - 1, i);
          for (std::size_t k = 0; layer == 1 && t > 0 && k < sizes[2]; ++k) {
            top_down += n.weight(5, k, j) * psp(t - 1, 2, k);
          }
          const double last = c.empty() ? 0.0 : c.back();
          const bool is_taught = layer == 2 && t >= settle + averaged;
          c.push_back(last - 0.1 * last + 0.6 * (basal - last) +
                      (is_taught ? strength * (n.target(b, j) - last) : 0.0));
          apical.push_back(top_down);
          EXPECT_NEAR(n.sent(b, t, first[layer] + j), largest_rate * sigmoid(c.back()), 1e-14);
        }
        const double s = sigmoid(mean(false, [&](std::size_t t) { return c[t]; }));
        const auto plateau = [&](bool taught) {
          return sigmoid(mean(taught, [&](std::size_t t) { return apical[t]; }));
        };
        const double rate = mean(true, [&](std::size_t t) { return largest_rate * sigmoid(c[t]); });
        const double difference = layer == 1 ? plateau(true) - plateau(false) : rate - largest_rate * s;
        const double error = 0.6 / 0.7 * largest_rate * s * (1.0 - s) * difference;
        for (std::size_t i = 0; i < sizes[layer - 1]; ++i) {
          change[layer][i * sizes[layer] + j] +=
              error * mean(false, [&](std::size_t t) { return psp(t, layer - 1, i); }) / DynamicsNetwork::batch;
        }
        change[layer + 2][j] += error / DynamicsNetwork::batch;
      }
    }
  }
  return change;
}

// Trials that fire enough; the weights' scale makes plateaus and rates differ.
TEST(SegregatedDendrites, ChangeWeightsByPlateausAndSentAverages) {
  DynamicsNetwork n = network(segregated_settings());

  run(n, 1.0);

  const auto expected = change_by_hand(n, 1.0);
  for (std::size_t p = 1; p < 5; ++p) {
    const std::vector<double> gradient = n.gradient(p);
    ASSERT_EQ(gradient.size(), expected[p].size());
    ASSERT_GT(norm(expected[p]), 1e-4) << "projection " << p;
    for (std::size_t w = 0; w < gradient.size(); ++w) {
      EXPECT_NEAR(-gradient[w], expected[p][w], 1e-12) << "projection " << p << ", weight " << w;
    }
  }
}

// No synapse reaches the apical dendrites, so both plateaus are the same; outputs learn nevertheless.
TEST(SegregatedDendrites, EqualPlateausChangeNothing) {
  NetworkSettings settings = segregated_settings();
  settings.projections.back().weights = Distribution(0.0);
  DynamicsNetwork n = network(settings);

  run(n, 1.0);

  for (const std::size_t p : {std::size_t{1}, std::size_t{3}}) {
    for (const double g : n.gradient(p)) EXPECT_EQ(g, 0.0);
  }
  EXPECT_GT(norm(n.gradient(2)), 1e-4);
}

// Nor do plateaus that are there, but the same step by step.
TEST(SegregatedDendrites, TheSameApicalPotentialInBothPhasesIsNoError) {
  using Unit = SegregatedUnit<double>;
  const auto d = Unit::derive({}, 1.0);
  for (const double last : {0.3, 0.31}) {
    Unit::State s = Unit::initial_state(d);
    StepOutput<double> out{};
    for (int phase = 0; phase < 2; ++phase) {
      for (int t = 0; t < 20; ++t) {
        const double a = phase == 1 && t == 19 ? last : std::sin(0.7 * t) + 0.1;
        const double same = t == 19 ? 0.3 : a;
        const std::uint32_t word = t % 3 == 0 ? 0u : 0xffffffffu;
        out = Unit::step<PiecewiseLinear>(d, s,
                                          {.current = 1.0 + t,
                                           .word = word,
                                           .second = phase == 1 ? a : same,
                                           .share = 0.05,
                                           .starts_average = t == 0});
        EXPECT_EQ(out.psi, 0.0);
      }
    }

    out = Unit::step<PiecewiseLinear>(d, s, {.current = 1.0});

    EXPECT_EQ(out.psi == 0.0, last == 0.3);
    EXPECT_EQ(out.second, s.psp_f);
    EXPECT_GT(out.second, 0.0);
  }
}

}  // namespace
}  // namespace spikeweave::testing
