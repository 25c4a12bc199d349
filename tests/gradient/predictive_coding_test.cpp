// Predictive coding against back-propagation written out by hand: spec section H1.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tests/gradient/dynamics_network.hpp"

namespace spikeweave::testing {
namespace {

const std::vector<std::size_t> sizes{7, 6, 8, 3};
const std::size_t last = sizes.size() - 1;

// Projection l leads into layer l; behind them come the biases and the ways back.
NetworkSettings predictive_settings(double epsilon, double output_variance) {
  PredictiveUnitParams<Distribution> unit;
  unit.epsilon = epsilon;
  NeuronModels::Settings neuron;
  neuron.value = unit;
  NetworkSettings settings = DynamicsNetwork::layers(sizes, neuron);
  unit.variance = output_variance;
  settings.populations.back().neuron.value = unit;
  for (std::size_t l = 0; l < sizes.size(); ++l) {
    ProjectionSettings& up =
        DynamicsNetwork::connect(settings, l == 0 ? "input" : "h" + std::to_string(l - 1), "h" + std::to_string(l));
    up.within_step = l > 0;
  }
  for (std::size_t l = 0; l < sizes.size(); ++l) {
    DynamicsNetwork::connect(settings, "bias", "h" + std::to_string(l)).weights = Distribution::gaussian(0.0, 0.3);
  }
  for (std::size_t l = 1; l < sizes.size(); ++l) {
    ProjectionSettings& back = DynamicsNetwork::connect(settings, "h" + std::to_string(l) + "/error",
                                                        "h" + std::to_string(l - 1) + "/feedback");
    back.transpose_of = static_cast<int>(l);
  }
  return settings;
}

LearningSettings local_error() {
  LearningSettings learning;
  learning.value = LocalErrorParams{};
  return learning;
}

// Layers and errors of the feed-forward network, and minus the gradient of its squared error over 2, mean over trials.
struct BackPropagation {
  std::vector<std::vector<std::vector<double>>> value, delta;  // [trial][layer][unit]
  std::vector<std::vector<double>> change;                     // [layer]: of the projection into it, [pre, post]

  explicit BackPropagation(const DynamicsNetwork& n) {
    const auto activity = [&](std::size_t b, std::size_t l, std::size_t i) {  // what projection l carries
      return l == 0 ? n.input(b, i) : std::tanh(value[b][l - 1][i]);
    };
    const auto width = [&](std::size_t l) { return l == 0 ? DynamicsNetwork::inputs : sizes[l - 1]; };
    for (std::size_t l = 0; l < sizes.size(); ++l) change.emplace_back(width(l) * sizes[l], 0.0);
    for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
      value.emplace_back(sizes.size());
      delta.emplace_back(sizes.size());
      for (std::size_t l = 0; l < sizes.size(); ++l) {
        for (std::size_t j = 0; j < sizes[l]; ++j) {
          double sum = n.weight(sizes.size() + l, 0, j);
          for (std::size_t i = 0; i < width(l); ++i) sum += n.weight(l, i, j) * activity(b, l, i);
          value[b][l].push_back(sum);
        }
      }
      for (std::size_t l = sizes.size(); l-- > 0;) {
        for (std::size_t j = 0; j < sizes[l]; ++j) {
          double error = n.target(b, j) - value[b][l][j];
          if (l < last) {
            error = 0.0;
            for (std::size_t k = 0; k < sizes[l + 1]; ++k) error += n.weight(l + 1, j, k) * delta[b][l + 1][k];
            error *= 1.0 - std::tanh(value[b][l][j]) * std::tanh(value[b][l][j]);
          }
          delta[b][l].push_back(error);
          for (std::size_t i = 0; i < width(l); ++i) {
            change[l][i * sizes[l] + j] += error * activity(b, l, i) / DynamicsNetwork::batch;
          }
        }
      }
    }
  }
};

std::vector<double> negated(std::vector<double> values, double factor = 1.0) {
  for (double& value : values) value *= -factor;
  return values;
}

// The feed-forward pass in step 0, the teacher from step 1 on.
std::vector<double> taught_from_step_1(std::size_t steps) {
  std::vector<double> strength(steps, DynamicsNetwork::clamp);
  strength[0] = 0.0;
  return strength;
}
std::vector<double> only_in(std::size_t step, std::size_t steps) {
  std::vector<double> weight(steps, 0.0);
  weight[step] = 1.0;
  return weight;
}

// H1 (1).
TEST(PredictiveCoding, ErrorsReachLayerAfterLayerAsPowersOfTheRate) {
  constexpr double epsilon = 0.1;
  DynamicsNetwork n(predictive_settings(epsilon, 1.0), sizes, local_error());
  const BackPropagation exact(n);

  n.run(taught_from_step_1(6), only_in(5, 6));

  for (std::size_t t = 0; t <= last; ++t) {
    const std::size_t layer = last - t;
    const Population& population = n.network.populations[layer];
    for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
      for (std::size_t j = 0; j < sizes[layer]; ++j) {
        EXPECT_NEAR(n.sent(b, t, population.second + j), 0.0, 1e-15) << "layer " << layer << " before its step";
        const double expected = std::pow(epsilon, static_cast<double>(t)) * exact.delta[b][layer][j];
        EXPECT_NEAR(n.sent(b, t + 1, population.second + j), expected, 1e-13) << "layer " << layer;
        EXPECT_GT(std::abs(expected), 1e-9);
      }
    }
  }
}

// H1 (2): at rate 1 the weights onto layer L-t change in the step in which its error arrives.
TEST(PredictiveCoding, AtRateOneIsBackPropagation) {
  DynamicsNetwork n(predictive_settings(1.0, 1.0), sizes, local_error());
  const BackPropagation exact(n);

  for (std::size_t t = 0; t <= last; ++t) {
    n.run(taught_from_step_1(6), only_in(t + 1, 6));
    EXPECT_LT(relative_distance(negated(n.gradient(last - t)), exact.change[last - t]), 1e-14) << "layer " << last - t;
  }
}

// F = sum of variance * e^2 / 2 over all units, mean over trials, of the settled network.
double settled_energy(DynamicsNetwork& n, double output_variance) {
  constexpr std::size_t steps = 3000;
  n.run(taught_from_step_1(steps), only_in(steps - 1, steps));
  double energy = 0.0;
  for (std::size_t l = 0; l < sizes.size(); ++l) {
    for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
      for (std::size_t j = 0; j < sizes[l]; ++j) {
        const double e = n.sent(b, steps - 1, n.network.populations[l].second + j);
        energy += (l == last ? output_variance : 1.0) * e * e / 2.0;
      }
    }
  }
  return energy / DynamicsNetwork::batch;
}

// H1 (3): all in all projections and biases.
TEST(PredictiveCoding, SettledErrorsAreTheGradientOfTheEnergy) {
  constexpr double variance = 2.0, h = 1e-5;
  DynamicsNetwork n(predictive_settings(0.2, variance), sizes, local_error());
  settled_energy(n, variance);
  const std::vector<double> gradient = n.state.arrays.gradient.download();
  const std::vector<double> start = n.parameters();
  std::vector<double> measured, expected;
  for (std::size_t p = 0; p < 2 * sizes.size(); ++p) {
    const Projection& projection = n.network.projections[p];
    for (std::size_t w = projection.offset; w < projection.offset + projection.size(); w += 5) {
      const auto at = [&](double shift) {
        std::vector<double> moved = start;
        moved[w] += shift;
        n.state.set_parameters(moved);
        return settled_energy(n, variance);
      };
      measured.push_back((at(h) - at(-h)) / (2.0 * h));
      expected.push_back(gradient[w]);
    }
  }

  EXPECT_GT(expected.size(), 30u);
  EXPECT_LT(relative_distance(measured, expected), 1e-8);
}

// H1 (4): the larger the variance of the outputs, the nearer to back-propagation, in proportion.
TEST(PredictiveCoding, ComesNearBackPropagationAsOutputsVaryMore) {
  std::vector<double> distance;
  for (const double variance : {1.0, 10.0, 100.0, 1000.0}) {
    DynamicsNetwork n(predictive_settings(0.2, variance), sizes, local_error());
    const BackPropagation exact(n);
    settled_energy(n, variance);
    std::vector<double> all, expected;
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      const std::vector<double> change = negated(n.gradient(l), variance);
      all.insert(all.end(), change.begin(), change.end());
      expected.insert(expected.end(), exact.change[l].begin(), exact.change[l].end());
    }
    distance.push_back(relative_distance(all, expected));
  }

  EXPECT_GT(distance[0], 0.1);  // it is another rule
  EXPECT_LT(distance[3], 0.01);
  EXPECT_NEAR(distance[2] / distance[3], 10.0, 1.0);
}

// The ways back have the transposed weights, also after a change of them.
TEST(PredictiveCoding, WaysBackFollowTheWeights) {
  DynamicsNetwork n(predictive_settings(0.1, 1.0), sizes, local_error());
  std::vector<double> changed = n.parameters();
  for (std::size_t w = 0; w < changed.size(); ++w) changed[w] += 0.001 * static_cast<double>(w);
  n.state.set_parameters(changed);

  for (std::size_t l = 1; l < sizes.size(); ++l) {
    const std::size_t back = 2 * sizes.size() + l - 1;
    for (std::size_t i = 0; i < sizes[l - 1]; ++i) {
      for (std::size_t j = 0; j < sizes[l]; ++j) ASSERT_EQ(n.weight(back, j, i), n.weight(l, i, j));
    }
  }
}

}  // namespace
}  // namespace spikeweave::testing
