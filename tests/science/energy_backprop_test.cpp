// Bengio et al. (2015), arXiv:1509.05936, section 8: a network of energy units that rests, and whose visible units are
// then driven towards a target, first moves each hidden layer along the gradient that backpropagation gives it.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/energy_network.hpp"

namespace spikeweave {
namespace {

using test::EnergyNetwork;
using test::Matrix;
using test::Vector;

constexpr std::size_t layer_count = 4;  // x, h1, h2, h3
constexpr std::size_t sizes[layer_count] = {5, 7, 6, 4};

std::size_t begin_of(std::size_t layer) {
  std::size_t begin = 0;
  for (std::size_t l = 0; l < layer; ++l) begin += sizes[l];
  return begin;
}

// Normal weights between neighbouring layers, symmetric.
Matrix layered_weights(std::uint64_t seed) {
  const RandomStream random(seed, Purpose::weights);
  Matrix w(begin_of(layer_count));
  for (std::size_t l = 0; l + 1 < layer_count; ++l) {
    for (std::size_t i = begin_of(l); i < begin_of(l + 1); ++i) {
      for (std::size_t j = begin_of(l + 1); j < begin_of(l + 2); ++j) {
        w(i, j) = w(j, i) = 0.3 / std::sqrt(7.0) * random.normal(i * w.n + j);
      }
    }
  }
  return w;
}

struct Neuron {
  double s, slope;  // state and rho'(s)
};

// From what it sends, in the active region.
Neuron neuron_of(RateFunction rate, double rho) {
  if (rate == RateFunction::hard) return {rho - 0.5, 1.0};
  return {0.25 * std::log(rho / (1.0 - rho)), 4.0 * rho * (1.0 - rho)};
}

double cosine(const Vector& a, const Vector& b) {
  double ab = 0.0, aa = 0.0, bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  return ab / std::sqrt(aa * bb);
}

// Cosine between the first move of layer k and its gradient, for k = 1, 2, 3.
Vector first_move_cosines(RateFunction rate, double epsilon, std::uint64_t seed) {
  const auto settle = static_cast<std::size_t>(160.0 / epsilon);
  const Matrix w = layered_weights(seed);
  const RandomStream random(seed, Purpose::task);
  Vector bias;
  for (std::size_t i = 0; i < w.n; ++i) {
    double b = 0.1 * (2.0 * random.uniform(i) - 1.0);
    for (std::size_t j = 0; j < w.n; ++j) b -= 0.5 * w(i, j);  // rests near s = 0
    bias.push_back(b);
  }
  Vector target;
  for (std::size_t i = 0; i < sizes[0]; ++i) target.push_back(static_cast<float>(random.uniform(1000 + i) - 0.5));
  EnergyUnitParams<Distribution> unit;
  unit.rate = rate;
  unit.epsilon = epsilon;
  EnergyNetwork network(unit, w, bias);

  network.run(settle + layer_count, target, settle);

  std::vector<Neuron> rest;
  for (const double rho : network.rates(settle - 1)) rest.push_back(neuron_of(rate, rho));
  // d_1 = (dR_x/dh_1)^T (X - x), d_k = (dR_{h(k-1)}/dh_k)^T d_{k-1};  dR_i/ds_j = rho'(s_i) W_ij rho'(s_j)
  Vector d;
  for (std::size_t i = 0; i < sizes[0]; ++i) d.push_back(target[i] - rest[i].s);
  Vector cosines;
  for (std::size_t k = 1; k < layer_count; ++k) {
    Vector next, move;
    for (std::size_t j = begin_of(k); j < begin_of(k + 1); ++j) {
      double sum = 0.0;
      for (std::size_t i = begin_of(k - 1); i < begin_of(k); ++i) {
        sum += rest[i].slope * w(i, j) * rest[j].slope * d[i - begin_of(k - 1)];
      }
      next.push_back(sum);
      // Nothing before step k + 1 of the clamped phase, whose first step is `settle`.
      EXPECT_NEAR(neuron_of(rate, network.rates(settle + k - 1)[j]).s, rest[j].s, 1e-14) << "layer " << k;
      move.push_back(neuron_of(rate, network.rates(settle + k)[j]).s - rest[j].s);
    }
    cosines.push_back(cosine(move, next));
    d = next;
  }
  return cosines;
}

TEST(EnergyBackprop, HardRatesMoveExactlyAlongTheGradient) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    for (const double epsilon : {0.1, 0.5}) {
      const Vector cosines = first_move_cosines(RateFunction::hard, epsilon, seed);
      for (std::size_t k = 0; k < cosines.size(); ++k) {
        EXPECT_GE(cosines[k], 1.0 - 1e-9) << "layer " << k + 1 << " epsilon " << epsilon << " seed " << seed;
      }
    }
  }
}

TEST(EnergyBackprop, SmoothRatesMoveAlongTheGradientForSmallSteps) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Vector cosines = first_move_cosines(RateFunction::smooth, 0.01, seed);
    for (std::size_t k = 0; k < 2; ++k) EXPECT_GE(cosines[k], 0.9999) << "layer " << k + 1 << " seed " << seed;
  }
}

// The step is finite, so with smooth rates it is not the gradient itself: the check above can fail.
TEST(EnergyBackprop, SmoothRatesDifferFromTheGradientForLargeSteps) {
  EXPECT_LT(first_move_cosines(RateFunction::smooth, 0.5, 1)[0], 1.0 - 1e-6);
}

}  // namespace
}  // namespace spikeweave
