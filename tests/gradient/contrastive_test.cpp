// Contrastive Hebbian learning and equilibrium propagation against gradients: spec sections H2 and H3.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/gradient/dynamics_network.hpp"

namespace spikeweave::testing {
namespace {

LearningSettings contrastive() {
  LearningSettings learning;
  learning.value = ContrastiveParams{};
  return learning;
}

NeuronModels::Settings leaky(Activation activation) {
  NeuronModels::Settings neuron;
  neuron.value = LeakyRateUnitParams<Distribution>{.activation = activation};
  return neuron;
}

// Layers with forward projections of a step, projection l into layer l, and ways back of `back` times the transposed
// weights.
NetworkSettings settling_layers(const std::vector<std::size_t>& sizes, const NeuronModels::Settings& neuron,
                                double back, double spread) {
  NetworkSettings settings = DynamicsNetwork::layers(sizes, neuron);
  for (std::size_t l = 0; l < sizes.size(); ++l) {
    DynamicsNetwork::connect(settings, l == 0 ? "input" : "h" + std::to_string(l - 1), "h" + std::to_string(l))
        .weights = Distribution::gaussian(0.0, spread);
  }
  for (std::size_t l = 1; l < sizes.size() && back != 0.0; ++l) {
    ProjectionSettings& way = DynamicsNetwork::connect(settings, "h" + std::to_string(l), "h" + std::to_string(l - 1));
    way.transpose_of = static_cast<int>(l);
    way.transpose_factor = back;
  }
  return settings;
}

constexpr std::size_t settling = 400;  // steps, after which nothing moves any more

// A free phase and one with a teacher, each long enough; minus the products of the first, plus those of the second.
void run_two_phases(DynamicsNetwork& n, double strength, double weight = 1.0) {
  std::vector<double> strengths(2 * settling, 0.0), weights(2 * settling, 0.0);
  std::fill(strengths.begin() + settling, strengths.end(), strength);
  weights[settling - 1] = -weight;
  weights.back() = weight;
  n.run(strengths, weights);
}

// H2, simple form: t x^T - y x^T = (t - y) x^T.
TEST(ContrastiveLearning, OfOneLayerIsTheDeltaRule) {
  const std::vector<std::size_t> sizes{3};
  DynamicsNetwork n(settling_layers(sizes, leaky(Activation::identity), 0.0, 0.5), sizes, contrastive());

  run_two_phases(n, DynamicsNetwork::clamp);

  const std::vector<double> gradient = n.gradient(0);
  for (std::size_t i = 0; i < DynamicsNetwork::inputs; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      double expected = 0.0;
      for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
        double y = 0.0;
        for (std::size_t k = 0; k < DynamicsNetwork::inputs; ++k) {
          y += n.weight(0, k, j) * n.input(b, k);
        }
        const double t = n.target(b, j);
        expected += (t - y) * n.input(b, i) / DynamicsNetwork::batch;
      }
      EXPECT_NEAR(-gradient[i * 3 + j], expected, 1e-12);
    }
  }
}

// Minus the gradient of the cross-entropy of a feed-forward network of logistic units, per projection.
std::vector<std::vector<double>> back_propagation(const DynamicsNetwork& n) {
  const std::vector<std::size_t>& sizes = n.sizes;
  std::vector<std::vector<double>> change;
  const auto width = [&](std::size_t l) { return l == 0 ? DynamicsNetwork::inputs : sizes[l - 1]; };
  for (std::size_t l = 0; l < sizes.size(); ++l) change.emplace_back(width(l) * sizes[l], 0.0);
  for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
    std::vector<std::vector<double>> y(1), delta(sizes.size());
    for (std::size_t i = 0; i < DynamicsNetwork::inputs; ++i) y[0].push_back(n.input(b, i));
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      y.emplace_back();
      for (std::size_t j = 0; j < sizes[l]; ++j) {
        double sum = 0.0;
        for (std::size_t i = 0; i < width(l); ++i) sum += n.weight(l, i, j) * y[l][i];
        y[l + 1].push_back(1.0 / (1.0 + std::exp(-sum)));
      }
    }
    for (std::size_t l = sizes.size(); l-- > 0;) {
      for (std::size_t j = 0; j < sizes[l]; ++j) {
        double error = n.target(b, j) - y[l + 1][j];
        if (l + 1 < sizes.size()) {
          error = 0.0;
          for (std::size_t k = 0; k < sizes[l + 1]; ++k) error += n.weight(l + 1, j, k) * delta[l + 1][k];
          error *= y[l + 1][j] * (1.0 - y[l + 1][j]);
        }
        delta[l].push_back(error);
        for (std::size_t i = 0; i < width(l); ++i) change[l][i * sizes[l] + j] += error * y[l][i] / n.batch;
      }
    }
  }
  return change;
}

// H2: each layer's change times g^(k-L) comes to back-propagation in proportion to g.
TEST(ContrastiveHebbianLearning, ComesToBackPropagationAsTheFeedbackWeakens) {
  const std::vector<std::size_t> sizes{7, 6, 3};
  std::vector<std::vector<double>> distances;
  for (const double g : {0.1, 0.05, 0.025, 0.0125}) {
    DynamicsNetwork n(settling_layers(sizes, leaky(Activation::logistic), g, 2.0), sizes, contrastive());
    const auto exact = back_propagation(n);
    run_two_phases(n, DynamicsNetwork::clamp);
    distances.emplace_back();
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      std::vector<double> change = n.gradient(l);
      for (double& c : change) c *= -std::pow(g, -static_cast<double>(sizes.size() - 1 - l));
      distances.back().push_back(relative_distance(change, exact[l]));
    }
  }

  for (std::size_t l = 0; l < sizes.size(); ++l) {
    EXPECT_GT(distances[0][l], 1e-4) << "layer " << l;
    EXPECT_LT(distances[0][l], 0.2) << "layer " << l;
    EXPECT_NEAR(distances[2][l] / distances[3][l], 2.0, 0.2) << "layer " << l;
  }
}

// Energy units whose states stay inside [0, 1], where rho is straight.
struct Equilibrium {
  std::vector<std::size_t> sizes{6, 5, 3};
  DynamicsNetwork n{settings(), sizes, contrastive()};

  NetworkSettings settings() const {
    NeuronModels::Settings neuron;
    EnergyUnitParams<Distribution> unit;
    unit.beta1 = 0.0;
    unit.clip = true;
    unit.epsilon = 0.5;
    unit.initial = 0.5;
    unit.bias = 0.45;
    neuron.value = unit;
    return settling_layers(sizes, neuron, 1.0, 0.25);
  }

  // Mean over the trials of |o - t|^2 / 2, o the free outputs.
  double loss() {
    run_two_phases(n, 0.0);
    const Population& output = n.network.populations.back();
    double sum = 0.0;
    for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
      for (std::size_t k = 0; k < output.neurons.count; ++k) {
        const double error = n.sent(b, settling - 1, output.neurons.begin + k) - n.target(b, k);
        sum += error * error / 2.0;
      }
    }
    return sum / DynamicsNetwork::batch;
  }

  // By central differences, of the forward projections.
  std::vector<double> loss_gradient() {
    constexpr double h = 1e-4;
    const std::vector<double> start = n.parameters();
    std::vector<double> gradient;
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      const Projection& projection = n.network.projections[l];
      for (std::size_t w = projection.offset; w < projection.offset + projection.size(); ++w) {
        const auto at = [&](double shift) {
          std::vector<double> moved = start;
          moved[w] += shift;
          n.state.set_parameters(moved);
          return loss();
        };
        gradient.push_back((at(h) - at(-h)) / (2.0 * h));
      }
    }
    n.state.set_parameters(start);
    return gradient;
  }

  // What the phases that have just run say of the same weights.
  std::vector<double> estimate() const {
    std::vector<double> all;
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      const std::vector<double> one = n.gradient(l);
      all.insert(all.end(), one.begin(), one.end());
    }
    return all;
  }
};

bool is_inside(const DynamicsNetwork& n) {
  return std::all_of(n.outputs.begin(), n.outputs.end(), [](double s) { return s > 0.01 && s < 0.99; });
}

// H3: one nudged phase errs by O(beta), two of opposite signs by O(beta^2).
TEST(EquilibriumPropagation, IsTheGradientOfTheLoss) {
  Equilibrium e;
  const std::vector<double> exact = e.loss_gradient();
  std::vector<double> one_sided, two_sided;
  for (const double beta : {0.2, 0.1, 0.05, 0.025}) {
    run_two_phases(e.n, beta, 1.0 / beta);
    EXPECT_TRUE(is_inside(e.n));
    one_sided.push_back(relative_distance(e.estimate(), exact));

    std::vector<double> strength(3 * settling, beta), weight(3 * settling, 0.0);
    std::fill(strength.begin(), strength.begin() + settling, 0.0);
    std::fill(strength.begin() + 2 * settling, strength.end(), -beta);
    weight[2 * settling - 1] = 0.5 / beta;
    weight[3 * settling - 1] = -0.5 / beta;
    e.n.run(strength, weight);
    EXPECT_TRUE(is_inside(e.n));
    two_sided.push_back(relative_distance(e.estimate(), exact));
  }

  EXPECT_LT(one_sided[0], 0.3);
  EXPECT_GT(one_sided[0], 0.01);
  EXPECT_NEAR(one_sided[2] / one_sided[3], 2.0, 0.2);
  EXPECT_LT(two_sided[3], 0.1 * one_sided[3]);
  EXPECT_NEAR(two_sided[1] / two_sided[2], 4.0, 0.4);
}

// Strength and weight change their signs together, so trials nudged away say the same.
TEST(EquilibriumPropagation, TheSignOfTheNudgeDoesNotMatter) {
  Equilibrium e;
  const std::vector<double> exact = e.loss_gradient();
  run_two_phases(e.n, 0.05, 1.0 / 0.05);
  const std::vector<double> towards = e.estimate();

  e.n.random_sign = true;
  run_two_phases(e.n, 0.05, 1.0 / 0.05);

  EXPECT_GT(relative_distance(e.estimate(), towards), 1e-4) << "no trial was nudged away";
  EXPECT_LT(relative_distance(e.estimate(), exact), 0.1);
}

// H3: the change is what Bengio's rule adds up over the nudged phase, both ways: the sum over its steps of
// d(rho_i) rho_j + rho_i d(rho_j), rho in the middle of the step.
TEST(EquilibriumPropagation, IsTheStateDerivativeRuleMadeSymmetric) {
  Equilibrium e;
  run_two_phases(e.n, 0.1);

  const CellRange pre = e.n.network.populations[0].neurons, post = e.n.network.populations[1].neurons;
  const std::vector<double> gradient = e.n.gradient(1);
  for (std::size_t i = 0; i < pre.count; ++i) {
    for (std::size_t j = 0; j < post.count; ++j) {
      double sum = 0.0;
      for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
        for (std::size_t t = settling; t < 2 * settling; ++t) {
          const auto rho = [&](std::size_t cell, std::size_t step) { return e.n.sent(b, step, cell); };
          const std::size_t x = pre.begin + i, y = post.begin + j;
          sum += (rho(x, t) - rho(x, t - 1)) * (rho(y, t) + rho(y, t - 1)) / 2.0;
          sum += (rho(y, t) - rho(y, t - 1)) * (rho(x, t) + rho(x, t - 1)) / 2.0;
        }
      }
      EXPECT_NEAR(-gradient[i * post.count + j], sum / DynamicsNetwork::batch, 1e-14);
    }
  }
}

}  // namespace
}  // namespace spikeweave::testing
