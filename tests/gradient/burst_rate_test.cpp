// Bursts that carry errors down beside events that go up, in rates: spec section H5, deep rate form.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/gradient/dynamics_network.hpp"

namespace spikeweave::testing {
namespace {

const std::vector<std::size_t> sizes{8, 6, 4};

// Projections: 0..2 forward, 3, 4 transposed from bursts to dendrites.
NetworkSettings burst_settings() {
  NeuronModels::Settings neuron;
  neuron.value = BurstUnitParams<Distribution>{};
  NetworkSettings settings = DynamicsNetwork::layers(sizes, neuron);
  settings.populations.back().neuron.value = BurstUnitParams<Distribution>{.cell = BurstCell::output};
  for (std::size_t l = 0; l < sizes.size(); ++l) {
    DynamicsNetwork::connect(settings, l == 0 ? "input" : "h" + std::to_string(l - 1), "h" + std::to_string(l))
        .within_step = l > 0;
  }
  for (std::size_t l = 1; l < sizes.size(); ++l) {
    DynamicsNetwork::connect(settings, "h" + std::to_string(l) + "/bursts", "h" + std::to_string(l - 1) + "/dendrite")
        .transpose_of = static_cast<int>(l);
  }
  return settings;
}

// Minus the gradient of the squared error of a network of logistic units, per projection.
std::vector<std::vector<double>> back_propagation(const DynamicsNetwork& n) {
  std::vector<std::vector<double>> change;
  const auto width = [&](std::size_t l) { return l == 0 ? DynamicsNetwork::inputs : sizes[l - 1]; };
  for (std::size_t l = 0; l < sizes.size(); ++l) change.emplace_back(width(l) * sizes[l], 0.0);
  for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
    std::vector<std::vector<double>> e(1), delta(sizes.size());
    for (std::size_t i = 0; i < DynamicsNetwork::inputs; ++i) e[0].push_back(n.input(b, i));
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      e.emplace_back();
      for (std::size_t j = 0; j < sizes[l]; ++j) {
        double sum = 0.0;
        for (std::size_t i = 0; i < width(l); ++i) sum += n.weight(l, i, j) * e[l][i];
        e[l + 1].push_back(1.0 / (1.0 + std::exp(-sum)));
      }
    }
    for (std::size_t l = sizes.size(); l-- > 0;) {
      for (std::size_t j = 0; j < sizes[l]; ++j) {
        const double own = e[l + 1][j];
        double error = n.target(b, j) - own;
        if (l + 1 < sizes.size()) {
          error = 0.0;
          for (std::size_t k = 0; k < sizes[l + 1]; ++k) error += n.weight(l + 1, j, k) * delta[l + 1][k];
        }
        delta[l].push_back(error * own * (1.0 - own));
        for (std::size_t i = 0; i < width(l); ++i) change[l][i * sizes[l] + j] += delta[l][j] * e[l][i];
      }
    }
  }
  return change;
}

// Three steps for bursts to come down without a teacher, three with.
TEST(BurstRates, WithTransposedWeightsPointAlongTheGradient) {
  LearningSettings learning;
  learning.value = LocalErrorParams{};
  DynamicsNetwork n(burst_settings(), sizes, learning);

  n.run({0, 0, 0, 1, 1, 1}, {0, 0, -1, 0, 0, 1});

  const auto exact = back_propagation(n);
  for (std::size_t l = 0; l < sizes.size(); ++l) {
    std::vector<double> change = n.gradient(l);
    for (double& c : change) c = -c;
    EXPECT_GE(cosine(change, exact[l]), 0.999) << "layer " << l;
  }
}

// Events do not see the teacher.
TEST(BurstRates, TeacherChangesBurstsAndNoEvents) {
  LearningSettings learning;
  learning.value = LocalErrorParams{};
  DynamicsNetwork n(burst_settings(), sizes, learning);

  n.run({0, 0, 0, 1, 1, 1}, {0, 0, -1, 0, 0, 1});

  for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
    for (std::size_t cell = 0; cell < n.network.cells; ++cell) {
      const bool is_event = cell < n.network.neurons;
      EXPECT_EQ(n.sent(b, 2, cell) == n.sent(b, 5, cell), is_event) << "cell " << cell;
    }
  }
}

}  // namespace
}  // namespace spikeweave::testing
