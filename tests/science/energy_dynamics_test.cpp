// Bengio et al. (2015), arXiv:1509.05936: fixed points, energy and noise of networks of energy units.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "spikeweave/models/energy_unit.hpp"
#include "tests/support/energy_network.hpp"

namespace spikeweave {
namespace {

using test::EnergyNetwork;
using test::Matrix;
using test::Vector;

constexpr double beta1 = -0.5;

EnergyUnitParams<Distribution> unit() {
  EnergyUnitParams<Distribution> params;
  params.epsilon = 0.1;
  params.beta1 = beta1;
  params.initial.kind = DistributionKind::uniform;
  params.initial.low = -0.3;
  params.initial.high = 0.3;
  return params;
}

Vector random_bias(std::size_t n, double scale, std::uint64_t seed) {
  const RandomStream random(seed, Purpose::task);
  Vector bias;
  for (std::size_t i = 0; i < n; ++i) bias.push_back(scale * (2.0 * random.uniform(i) - 1.0));
  return bias;
}

// b + W rho
Vector target(const Matrix& w, const Vector& bias, const Vector& rho) {
  Vector r = bias;
  for (std::size_t i = 0; i < w.n; ++i) {
    for (std::size_t j = 0; j < w.n; ++j) r[i] += w(i, j) * rho[j];
  }
  return r;
}

// E of eq. 16 in the active region, where s = rho + beta1.
double energy(const Matrix& w, const Vector& bias, const Vector& rho) {
  double e = 0.0;
  for (std::size_t i = 0; i < w.n; ++i) {
    const double s = rho[i] + beta1;
    e += 0.5 * s * s - bias[i] * rho[i];
    for (std::size_t j = 0; j < i; ++j) e -= w(i, j) * rho[i] * rho[j];
  }
  return e;
}

bool is_active(const Vector& rho) {
  return std::all_of(rho.begin(), rho.end(), [](double r) { return r > 0.0 && r < 1.0; });
}

TEST(EnergyDynamics, SettlesAtTheSolutionOfTheLinearSystem) {
  constexpr std::size_t n = 30;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Matrix w = test::random_symmetric(n, 0.2, seed);
    const Vector bias = random_bias(n, 0.1, seed);
    EnergyNetwork network(unit(), w, bias);

    network.run(800);

    const Vector rho = network.rates(799);
    ASSERT_TRUE(is_active(rho)) << "seed " << seed;
    const Vector r = target(w, bias, rho);
    Vector right = bias;  // b - beta1 W 1
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_NEAR(rho[i] + beta1, r[i], 1e-14) << "residual, seed " << seed;
      for (std::size_t j = 0; j < n; ++j) right[i] -= beta1 * w(i, j);
    }
    const Vector s = test::solved(test::combined(1.0, test::identity(n), -1.0, w), right);
    for (std::size_t i = 0; i < n; ++i) EXPECT_NEAR(rho[i] + beta1, s[i], 1e-13) << "seed " << seed;
  }
}

// Both epsilons are below the bound 2/(1 + |W|), 1.4 for |W| = 0.4.
TEST(EnergyDynamics, TheEnergyNeverRisesInTheActiveRegion) {
  constexpr std::size_t n = 30;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    for (const double epsilon : {0.1, 0.5}) {
      const Matrix w = test::random_symmetric(n, 0.2, seed);
      const Vector bias = random_bias(n, 0.1, seed);
      EnergyUnitParams<Distribution> params = unit();
      params.epsilon = epsilon;
      EnergyNetwork network(params, w, bias);

      network.run(600);

      double before = energy(w, bias, network.rates(0));
      const double first = before;
      for (std::size_t t = 1; t < 600; ++t) {
        ASSERT_TRUE(is_active(network.rates(t))) << "step " << t << " seed " << seed;
        const double now = energy(w, bias, network.rates(t));
        ASSERT_LE(now, before + 1e-14 * std::abs(before)) << "step " << t << " seed " << seed;
        before = now;
      }
      EXPECT_LT(before, first - 0.1) << "seed " << seed;
    }
  }
}

// Eq. 17 as printed counts the leak twice: it settles at half of what eq. 26 asks for.
TEST(EnergyDynamics, TheLiteralFormSettlesAtHalfTheTarget) {
  constexpr std::size_t n = 30;
  const Matrix w = test::random_symmetric(n, 0.3, 1);
  const Vector bias = random_bias(n, 0.3, 1);
  EnergyUnitParams<Distribution> params = unit();
  params.dynamics = EnergyDynamics::literal;
  EnergyNetwork network(params, w, bias);

  network.run(800);

  const Vector rho = network.rates(799);
  ASSERT_TRUE(is_active(rho));
  const Vector r = target(w, bias, rho);
  double largest = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    EXPECT_NEAR(rho[i] + beta1, 0.5 * r[i], 1e-14);
    largest = std::max(largest, std::abs(rho[i] + beta1 - r[i]));
  }
  EXPECT_GT(largest, 0.05);
}

// A saturated unit has R = 0 and falls back to s = 0, inside the active region. One unit with b = 2: the fixed point of
// s = b would be saturated, so it never settles: it climbs above beta2 = 0.5, falls back, climbs again.
TEST(EnergyDynamics, ASaturatedUnitDoesNotStaySo) {
  EnergyUnitParams<Distribution> params = unit();
  params.initial = 0.0;
  EnergyNetwork network(params, Matrix(1), {2.0});

  network.run(400);

  // From 0: 0.2, 0.38, 0.542 (saturated), 0.4878, 0.63902, 0.575118, 0.5176062, 0.46584558
  const Vector by_hand{0.0, 0.2, 0.38, 0.542, 0.4878, 0.63902, 0.575118, 0.5176062, 0.46584558};
  for (std::size_t t = 0; t < by_hand.size(); ++t) EXPECT_NEAR(network.states(t)[0], by_hand[t], 1e-7) << t;
  std::size_t saturated = 0;
  for (std::size_t t = 100; t < 400; ++t) saturated += network.rates(t)[0] == 1.0 ? 1 : 0;
  EXPECT_GT(saturated, 100u);
  EXPECT_LT(saturated, 250u);
}

// Stable iff every eigenvalue of W is below 1. Here they are 2 and -2, though the determinant, -4, is below 1.
TEST(EnergyDynamics, ADeterminantBelowOneIsNotEnoughToBeStable) {
  Matrix w(2);
  w(0, 1) = w(1, 0) = 2.0;
  EnergyUnitParams<Distribution> params = unit();
  params.initial = 0.001;
  EnergyNetwork network(params, w, {-1.0, -1.0});  // s = 0 is a fixed point: -1 + 2 * 0.5

  network.run(100);

  EXPECT_GT(std::abs(network.states(60)[0]), 0.3);  // 0.001 * 1.1^60 = 0.304
}

// Covariance over the trial of the states, after `skip` steps.
Matrix covariance(const EnergyNetwork& network, std::size_t n, std::size_t skip, std::size_t steps) {
  Vector mean(n, 0.0);
  Matrix c(n);
  for (std::size_t t = skip; t < steps; ++t) {
    const Vector s = network.states(t);
    for (std::size_t i = 0; i < n; ++i) {
      mean[i] += s[i];
      for (std::size_t j = 0; j < n; ++j) c(i, j) += s[i] * s[j];
    }
  }
  const auto count = static_cast<double>(steps - skip);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) c(i, j) = c(i, j) / count - mean[i] / count * mean[j] / count;
  }
  return c;
}

double relative_distance(const Matrix& a, const Matrix& b) {
  double distance = 0.0, size = 0.0;
  for (std::size_t i = 0; i < a.a.size(); ++i) {
    distance += (a.a[i] - b.a[i]) * (a.a[i] - b.a[i]);
    size += b.a[i] * b.a[i];
  }
  return std::sqrt(distance / size);
}

constexpr std::size_t noisy_units = 4;
constexpr std::size_t noisy_steps = 400000;

TEST(EnergyDynamics, LangevinNoiseGivesTheCovarianceOfTheDiscreteChain) {
  const Matrix w = test::random_symmetric(noisy_units, 0.5, 2);
  EnergyUnitParams<Distribution> params = unit();
  params.noise = EnergyNoise::langevin;
  params.temperature = 0.003;
  Vector bias;  // the fixed point is s = 0
  for (std::size_t i = 0; i < noisy_units; ++i) {
    double sum = 0.0;
    for (std::size_t j = 0; j < noisy_units; ++j) sum += w(i, j);
    bias.push_back(beta1 * sum);
  }
  EnergyNetwork network(params, w, bias);

  network.run(noisy_steps);

  // S = T (I-W)^-1 (I - (eps/2)(I-W))^-1
  const Matrix one = test::identity(noisy_units);
  const Matrix k = test::combined(1.0, one, -1.0, w);
  Matrix expected = test::product(test::inverse(k), test::inverse(test::combined(1.0, one, -0.05, k)));
  for (double& x : expected.a) x *= 0.003;
  EXPECT_LT(relative_distance(covariance(network, noisy_units, 1000, noisy_steps), expected), 0.05);
}

TEST(EnergyDynamics, NoiseOfTheStatesEntersOnlyThroughTheWeights) {
  const Matrix w = test::random_symmetric(noisy_units, 0.5, 2);
  const double sigma = 0.1, epsilon = 0.1;
  EnergyUnitParams<Distribution> params = unit();
  params.noise = EnergyNoise::paper;
  params.sigma = sigma;
  Vector bias;
  for (std::size_t i = 0; i < noisy_units; ++i) {
    double sum = 0.0;
    for (std::size_t j = 0; j < noisy_units; ++j) sum += w(i, j);
    bias.push_back(beta1 * sum);
  }
  EnergyNetwork network(params, w, bias);

  network.run(noisy_steps);

  // S = M S M^T + eps^2 sigma^2 W W^T with M = (1 - eps) I + eps W, by iteration
  const Matrix m = test::combined(1.0 - epsilon, test::identity(noisy_units), epsilon, w);
  Matrix drive = test::product(w, test::transposed(w));
  for (double& x : drive.a) x *= epsilon * epsilon * sigma * sigma;
  Matrix expected = drive;
  for (int n = 0; n < 2000; ++n) {
    expected = test::combined(1.0, test::product(test::product(m, expected), test::transposed(m)), 1.0, drive);
  }
  EXPECT_LT(relative_distance(covariance(network, noisy_units, 1000, noisy_steps), expected), 0.05);

  EnergyNetwork unconnected(params, Matrix(noisy_units), Vector(noisy_units, 0.0));
  unconnected.run(2000);
  for (std::size_t i = 0; i < noisy_units; ++i) {
    EXPECT_NEAR(unconnected.states(1999)[i], 0.0, 1e-30);
    EXPECT_NE(unconnected.rates(1999)[i], 0.5);  // what is sent is noisy all the same
  }
}

// Eq. 15: s~[t+1] = s~[t] - eps dE/ds~ + n[t+1] - (1 - eps) n[t], of the model's own steps.
TEST(EnergyDynamics, NoisyStatesGoDownTheEnergyWithCorrelatedNoise) {
  constexpr std::size_t n = 5;
  using Unit = EnergyUnit<double>;
  const Matrix w = test::random_symmetric(n, 0.5, 3);
  const Vector bias = random_bias(n, 0.05, 3);
  EnergyUnitParams<double> params;
  params.noise = EnergyNoise::paper;
  params.sigma = 0.02;
  std::vector<Unit::Derived> derived;
  std::vector<Unit::State> states;
  for (std::size_t i = 0; i < n; ++i) {
    params.bias = bias[i];
    derived.push_back(Unit::derive(params, 1.0));
    states.push_back(Unit::initial_state(derived[i]));
  }
  Vector rho(n, 0.0);
  for (std::uint32_t t = 0; t < 200; ++t) {
    const std::vector<Unit::State> before = states;
    Vector sent(n);
    for (std::size_t i = 0; i < n; ++i) {
      double current = 0.0;
      for (std::size_t j = 0; j < n; ++j) current += w(i, j) * rho[j];
      const PhiloxCounter words = philox4x32_10({t, static_cast<std::uint32_t>(i), 0, 0}, {1, 2});
      sent[i] = Unit::step<PiecewiseLinear>(derived[i], states[i], {current, words.x}).spike;
    }
    if (t > 0) {
      for (std::size_t i = 0; i < n; ++i) {
        double slope = before[i].noisy - bias[i];  // dE/ds~ in the active region
        for (std::size_t j = 0; j < n; ++j) slope -= w(i, j) * (before[j].noisy - beta1);
        const double now = states[i].noisy - states[i].s;
        const double last = before[i].noisy - before[i].s;
        EXPECT_NEAR(states[i].noisy, before[i].noisy - 0.1 * slope + now - 0.9 * last, 1e-14) << t;
        EXPECT_NE(now, last);
        ASSERT_LT(std::abs(before[i].noisy), 0.5) << "outside of the active region";
      }
    }
    rho = sent;
  }
}

}  // namespace
}  // namespace spikeweave
