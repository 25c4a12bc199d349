// Dendritic errors: a network that predicts itself, and what a weak teacher makes of it. Spec section H4.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "spikeweave/train/updater.hpp"
#include "tests/gradient/dynamics_network.hpp"

namespace spikeweave::testing {
namespace {

constexpr double leak = 0.1, basal = 1.0, apical = 0.8, dt = 0.1;
const std::vector<std::size_t> sizes{7, 6, 3};  // pyramidal cells; interneurons i0, i1 mirror the layers above

double phi(double u) {
  return std::log1p(std::exp(u));
}
double slope(double u) {
  return 1.0 / (1.0 + std::exp(-u));
}
// Potential per basal potential of layer l, at rest.
double attenuation(std::size_t l) {
  return basal / (leak + basal + (l + 1 < sizes.size() ? apical : 0.0));
}

NeuronModels::Settings unit(DendriticCell cell, double second) {
  NeuronModels::Settings neuron;
  DendriticUnitParams<Distribution> p;
  p.cell = cell;
  p.apical = second;
  p.gamma = 1.0;
  p.theta = 0.0;
  neuron.value = p;
  return neuron;
}

// Projections: 0..2 forward; 3, 4 feedback, transposed; 5, 6 interneurons to the apical dendrites; 7, 8 onto
// interneurons; 9, 10 their teachers.
NetworkSettings dendritic_settings() {
  NetworkSettings settings = DynamicsNetwork::layers(sizes, unit(DendriticCell::pyramidal, apical));
  settings.dt = dt;
  settings.populations.back().neuron = unit(DendriticCell::pyramidal, 0.0);
  settings.populations.push_back({"i0", 6, unit(DendriticCell::interneuron, 0.8)});
  settings.populations.push_back({"i1", 3, unit(DendriticCell::interneuron, 0.8)});
  const auto connect = [&settings](const std::string& from, const std::string& to) -> ProjectionSettings& {
    return DynamicsNetwork::connect(settings, from, to);
  };
  connect("input", "h0"), connect("h0", "h1"), connect("h1", "h2");
  connect("h1", "h0/top_down").transpose_of = 1;
  connect("h2", "h1/top_down").transpose_of = 2;
  connect("i0", "h0/top_down"), connect("i1", "h1/top_down");
  connect("h0", "i0"), connect("h1", "i1");
  for (const std::string number : {"0", "1"}) {
    ProjectionSettings& teacher =
        connect("h" + std::to_string(number[0] - '0' + 1) + "/potential", "i" + number + "/top_down");
    teacher.connectivity.value = OneToOne{};
    teacher.weights = 1.0;
    teacher.scale = WeightScale::unit;
    teacher.trainable = false;
  }
  return settings;
}

LearningSettings local_error() {
  LearningSettings learning;
  learning.value = LocalErrorParams{};
  return learning;
}

// W_PI = -W_fb, and W_IP what the layer above makes of the same rates.
void predict_itself(DynamicsNetwork& n) {
  std::vector<double> all = n.parameters();
  const auto at = [&](std::size_t projection, std::size_t i, std::size_t j) -> double& {
    const Projection& p = n.network.projections[projection];
    return all[p.offset + i * p.post.count + j];
  };
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    for (std::size_t i = 0; i < sizes[l]; ++i) {
      for (std::size_t j = 0; j < sizes[l + 1]; ++j) {
        at(5 + l, j, i) = -at(1 + l, i, j);
        at(7 + l, i, j) = attenuation(l + 1) * (leak + basal) / basal * at(1 + l, i, j);
      }
    }
  }
  n.state.set_parameters(all);
}

std::vector<double> last_of(std::size_t steps) {
  std::vector<double> weight(steps, 0.0);
  weight.back() = 1.0;
  return weight;
}

constexpr std::size_t settling = 3000;

double mean_apical_potential(const DynamicsNetwork& n) {
  double sum = 0.0;
  std::size_t count = 0;
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
      for (std::size_t j = 0; j < sizes[l]; ++j, ++count) {
        sum += std::abs(n.error(b, n.steps - 1, n.network.populations[l].second + j));
      }
    }
  }
  return sum / static_cast<double>(count);
}

TEST(DendriticError, ANetworkThatPredictsItselfHasNoApicalPotential) {
  DynamicsNetwork n(dendritic_settings(), sizes, local_error());
  n.run(std::vector<double>(settling, 0.0), last_of(settling));
  EXPECT_GT(mean_apical_potential(n), 0.1);

  predict_itself(n);
  n.run(std::vector<double>(settling, 0.0), last_of(settling));

  EXPECT_LT(mean_apical_potential(n), 1e-12);
  for (std::size_t l = 0; l < sizes.size(); ++l) EXPECT_LT(norm(n.gradient(l)), 1e-12) << "layer " << l;
}

// delta = (target - u) phi' at the outputs, phi' W^T delta below.
std::vector<std::vector<double>> back_propagation(const DynamicsNetwork& n) {
  std::vector<std::vector<double>> change;
  const auto width = [&](std::size_t l) { return l == 0 ? DynamicsNetwork::inputs : sizes[l - 1]; };
  for (std::size_t l = 0; l < sizes.size(); ++l) change.emplace_back(width(l) * sizes[l], 0.0);
  for (std::size_t b = 0; b < DynamicsNetwork::batch; ++b) {
    std::vector<std::vector<double>> u(sizes.size()), r(1), delta(sizes.size());
    for (std::size_t i = 0; i < DynamicsNetwork::inputs; ++i) r[0].push_back(n.input(b, i));
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      r.emplace_back();
      for (std::size_t j = 0; j < sizes[l]; ++j) {
        double sum = 0.0;
        for (std::size_t i = 0; i < width(l); ++i) sum += n.weight(l, i, j) * r[l][i];
        u[l].push_back(attenuation(l) * sum);
        r[l + 1].push_back(phi(u[l][j]));
      }
    }
    for (std::size_t l = sizes.size(); l-- > 0;) {
      for (std::size_t j = 0; j < sizes[l]; ++j) {
        double error = n.target(b, j) - u[l][j];
        if (l + 1 < sizes.size()) {
          error = 0.0;
          for (std::size_t k = 0; k < sizes[l + 1]; ++k) error += n.weight(l + 1, j, k) * delta[l + 1][k];
        }
        delta[l].push_back(error * slope(u[l][j]));
        for (std::size_t i = 0; i < width(l); ++i) change[l][i * sizes[l] + j] += delta[l][j] * r[l][i];
      }
    }
  }
  return change;
}

TEST(DendriticError, ComesToBackPropagationAsTheTeacherWeakens) {
  DynamicsNetwork n(dendritic_settings(), sizes, local_error());
  predict_itself(n);
  const auto exact = back_propagation(n);
  std::vector<std::vector<double>> cosines;
  for (const double strength : {0.8, 0.08, 0.008}) {
    n.run(std::vector<double>(settling, strength), last_of(settling));
    cosines.emplace_back();
    for (std::size_t l = 0; l < sizes.size(); ++l) {
      std::vector<double> change = n.gradient(l);
      for (double& c : change) c = -c;
      cosines.back().push_back(cosine(change, exact[l]));
    }
  }

  for (std::size_t l = 0; l < sizes.size(); ++l) {
    EXPECT_GT(cosines[0][l], 0.9) << "layer " << l;
    EXPECT_GE(cosines[2][l], 0.999) << "layer " << l;
    EXPECT_GT(cosines[2][l], cosines[0][l]) << "layer " << l;
  }
}

// From weights drawn at random onto interneurons and from them.
TEST(DendriticError, LearningToPredictItselfSilencesTheDendrites) {
  NetworkSettings settings = dendritic_settings();
  for (std::size_t p = 0; p < 3; ++p) settings.projections[p].trainable = false;
  for (std::size_t p = 5; p < 7; ++p) settings.projections[p].learning_rate_factor = 5.0;
  DynamicsNetwork n(settings, sizes, local_error());
  OptimizerSettings sgd;
  sgd.value = SgdParams{0.05};
  Updater<double> updater(n.state, n.learning, sgd, 0.0, 0.0);
  constexpr std::size_t pattern = 300;  // steps, 30 ms
  const std::vector<double> no_teacher(pattern, 0.0), weight(pattern, 1.0 / pattern);
  const auto held_out = [&] {
    n.first_trial = 1'000'000;
    n.run(no_teacher, weight);
    return mean_apical_potential(n);
  };
  const double before = held_out();

  for (std::size_t update = 0; update < 750; ++update) {  // 3000 patterns
    n.first_trial = update * DynamicsNetwork::batch;
    n.run(no_teacher, weight);
    updater.apply(1.0);
  }

  EXPECT_GT(before, 0.1);
  EXPECT_LT(held_out(), before / 10.0);
}

}  // namespace
}  // namespace spikeweave::testing
