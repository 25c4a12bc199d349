// Neuron models against numbers worked out by hand and closed forms (specification, section A).

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "spikeweave/core/random.hpp"
#include "spikeweave/core/sampling.hpp"
#include "spikeweave/models/all.hpp"
#include "spikeweave/models/leaky_readout.hpp"

namespace spikeweave {
namespace {

// alpha = 1/2 exactly would need tau_m = 1/ln 2; the dyadic numbers below make every step exact.
template <class Real>
LifDerived<Real> dyadic_lif(Real refractory_steps) {
  return {{Real(0.5), Real(1), Real(1), refractory_steps}, Real(0.5), Real(1)};
}

// v: .75, .375+.75, .5625+.75-1, .15625+.75, .453125+.75; spikes at steps 2 and 5. psi = .5 * max(0, 1-|v-1|).
TEST(LifStep, FollowsTheHandCalculation) {
  MembraneState<double> s;
  const std::vector<double> voltage{0.75, 1.125, 0.3125, 0.90625, 1.203125};
  const std::vector<double> psi{0.375, 0.4375, 0.15625, 0.453125, 0.3984375};
  const std::vector<double> spike{0, 1, 0, 0, 1};

  for (std::size_t t = 0; t < 5; ++t) {
    const auto out = Lif<double>::step<PiecewiseLinear>(dyadic_lif<double>(1), s, {0.75, 0});

    EXPECT_EQ(s.v, voltage[t]) << t;
    EXPECT_EQ(out.psi, psi[t]) << t;
    EXPECT_EQ(out.spike, spike[t]) << t;
  }
}

TEST(LifStep, FiresExactlyAtTheThreshold) {
  MembraneState<float> at;
  MembraneState<float> below;
  EXPECT_EQ(Lif<float>::step<PiecewiseLinear>(dyadic_lif<float>(0), at, {1.0f, 0}).spike, 1.0f);
  EXPECT_EQ(Lif<float>::step<PiecewiseLinear>(dyadic_lif<float>(0), below, {std::nextafter(1.0f, 0.0f), 0}).spike,
            0.0f);
}

TEST(LifStep, RefractoryNeuronHasNoPseudoDerivative) {
  MembraneState<double> s;
  Lif<double>::step<PiecewiseLinear>(dyadic_lif<double>(3), s, {1.0, 0});
  EXPECT_EQ(Lif<double>::step<PiecewiseLinear>(dyadic_lif<double>(3), s, {1.5, 0}).psi, 0.0);    // v = 1, r = 2
  EXPECT_EQ(Lif<double>::step<PiecewiseLinear>(dyadic_lif<double>(3), s, {0.5, 0}).psi, 0.0);    // v = 1, r = 1
  EXPECT_EQ(Lif<double>::step<PiecewiseLinear>(dyadic_lif<double>(3), s, {0.5, 0}).spike, 1.0);  // r = 0
}

// v[t] = zeta I (1 - alpha^t) / (1 - alpha) while there is no spike.
TEST(LifStep, ChargesAsTheClosedForm) {
  LifParams<double> p;
  p.v_threshold = 100.0;
  const auto d = Lif<double>::derive(p, 1.0);
  const double alpha = std::exp(-1.0 / 20.0);
  MembraneState<double> s;
  for (int t = 1; t <= 100; ++t) {
    Lif<double>::step<PiecewiseLinear>(d, s, {0.3, 0});
    EXPECT_NEAR(s.v, 0.3 * (1.0 - std::pow(alpha, t)) / (1.0 - alpha), 1e-12) << t;
  }
}

// a[t] = sum over spikes before t of rho^(t-1-s).
TEST(AlifStep, AdaptationIsTheFilteredSpikeTrain) {
  AlifParams<double> p;
  p.beta = 0.1;
  p.tau_adaptation = 30.0;
  const auto d = Alif<double>::derive(p, 1.0);
  const double rho = std::exp(-1.0 / 30.0);
  AlifState<double> s;
  std::vector<int> spikes;
  for (int t = 0; t < 200; ++t) {
    const auto out = Alif<double>::step<PiecewiseLinear>(d, s, {0.2, 0});
    double expected = 0.0;
    for (const int spike : spikes) expected += std::pow(rho, t - 1 - spike);
    EXPECT_NEAR(s.a, expected, 1e-12) << t;
    if (out.spike > 0) spikes.push_back(t);
  }
  EXPECT_GT(spikes.size(), 5u);
}

TEST(AlifStep, WithoutBetaIsLifBitForBit) {
  AlifParams<double> p;
  p.beta = 0.0;
  const auto alif = Alif<float>::derive(p, 1.0);
  const auto lif = Lif<float>::derive(LifParams<double>{}, 1.0);
  const RandomStream draw(5, Purpose::task);
  AlifState<float> a;
  MembraneState<float> l;
  int spikes = 0;
  for (std::uint64_t t = 0; t < 2000; ++t) {
    const auto current = static_cast<float>(0.2 * draw.normal(t));
    const auto from_alif = Alif<float>::step<PiecewiseLinear>(alif, a, {current, 0});
    const auto from_lif = Lif<float>::step<PiecewiseLinear>(lif, l, {current, 0});
    ASSERT_EQ(from_alif.spike, from_lif.spike);
    ASSERT_EQ(from_alif.psi, from_lif.psi);
    ASSERT_EQ(a.v, l.v);
    spikes += from_lif.spike > 0 ? 1 : 0;
  }
  EXPECT_GT(spikes, 20);
}

EscapeLifParams<double> escape(EscapeFunction function) {
  EscapeLifParams<double> p;
  p.escape = function;
  p.rate_at_threshold = 100.0;
  p.base_probability = 0.1;
  p.slope = 0.5;
  p.largest_probability = 0.8;
  return p;
}

TEST(EscapeLif, ProbabilityFollowsItsFormula) {
  double p = 0;
  double slope = 0;
  EscapeLif<double>::escape(EscapeLif<double>::derive(escape(EscapeFunction::logistic), 1.0), 0.7, p, slope);
  EXPECT_NEAR(p, 1.0 / (1.0 + std::exp(-1.0)), 1e-12);
  EXPECT_NEAR(slope, p * (1.0 - p) / 0.1, 1e-12);
  EscapeLif<double>::escape(EscapeLif<double>::derive(escape(EscapeFunction::exponential), 1.0), 0.5, p, slope);
  EXPECT_NEAR(p, 1.0 - std::exp(-0.1 * std::exp(-1.0)), 1e-12);
  EXPECT_NEAR(slope, std::exp(-0.1 * std::exp(-1.0)) * 0.1 * std::exp(-1.0) / 0.1, 1e-12);
  EscapeLif<double>::escape(EscapeLif<double>::derive(escape(EscapeFunction::linear), 1.0), 0.6, p, slope);
  EXPECT_NEAR(p, 0.4, 1e-12);
  EXPECT_NEAR(slope, 0.5, 1e-12);
  EscapeLif<double>::escape(EscapeLif<double>::derive(escape(EscapeFunction::linear), 1.0), 9.0, p, slope);
  EXPECT_EQ(p, 0.8);
  EXPECT_EQ(slope, 0.0);
}

// alpha = 1/2 by its derived value; threshold .6. Forced: v = 1, then .5 - .6 with reset or .5 without.
TEST(EscapeLif, ResetIsOptional) {
  for (const bool reset : {true, false}) {
    EscapeLifParams<double> settings = escape(EscapeFunction::linear);
    settings.reset = reset;
    auto d = EscapeLif<double>::derive(settings, 1.0);
    d.alpha = 0.5;
    MembraneState<double> s;
    EscapeLif<double>::step<PiecewiseLinear>(d, s, {1.0, 0, 1});
    EscapeLif<double>::step<PiecewiseLinear>(d, s, {0.0, 0, 2});
    EXPECT_DOUBLE_EQ(s.v, reset ? -0.1 : 0.5);
  }
}

TEST(EscapeLif, ConstantPseudoDerivativeIsGammaUnlessRefractory) {
  EscapeLifParams<double> settings = escape(EscapeFunction::logistic);
  settings.pseudo_derivative = EscapeDerivative::constant;
  settings.gamma = 0.7;
  settings.refractory_steps = 2;
  const auto d = EscapeLif<double>::derive(settings, 1.0);
  MembraneState<double> s;
  EXPECT_EQ(EscapeLif<double>::step<PiecewiseLinear>(d, s, {-3.0, 0, 1}).psi, 0.7);
  EXPECT_EQ(EscapeLif<double>::step<PiecewiseLinear>(d, s, {9.0, 0, 2}).psi, 0.0);
  EXPECT_EQ(EscapeLif<double>::step<PiecewiseLinear>(d, s, {9.0, 0, 2}).psi, 0.7);
}

TEST(EscapeLif, PredictsItsProbabilityAndNothingWhileRefractory) {
  EscapeLifParams<double> settings = escape(EscapeFunction::logistic);
  settings.refractory_steps = 2;
  const auto d = EscapeLif<double>::derive(settings, 1.0);
  MembraneState<double> s;
  EXPECT_NEAR(EscapeLif<double>::step<PiecewiseLinear>(d, s, {0.5, 0, 1}).prediction, 1.0 / (1.0 + std::exp(1.0)),
              1e-12);
  EXPECT_EQ(EscapeLif<double>::step<PiecewiseLinear>(d, s, {5.0, 0, 0}).prediction, 0.0);
}

TEST(LifStep, ConstantPseudoDerivativeIsItsHeightAtAnyVoltage) {
  MembraneState<double> s;
  EXPECT_EQ(Lif<double>::step<Constant>(dyadic_lif<double>(0), s, {-9.0, 0}).psi, 0.5);
  EXPECT_EQ(Lif<double>::step<Constant>(dyadic_lif<double>(0), s, {99.0, 0}).psi, 0.5);
}

// Mean and variance of a Bernoulli variable over n = 40 000 draws: 4 standard errors.
TEST(EscapeLif, FiresWithItsProbability) {
  EscapeLifParams<double> settings = escape(EscapeFunction::logistic);
  settings.refractory_steps = 0;
  const auto d = EscapeLif<float>::derive(settings, 1.0);
  const double expected = 1.0 / (1.0 + std::exp((0.6 - 0.5) / 0.1));
  double fired = 0.0;
  for (std::uint32_t n = 0; n < 40000; ++n) {
    MembraneState<float> s;
    const auto word = philox4x32_10(random_counter(Purpose::neuron_noise, 0, n, 0, 0), random_key(9)).x;
    fired += EscapeLif<float>::step<PiecewiseLinear>(d, s, {0.5f, word}).spike;
  }
  EXPECT_NEAR(fired / 40000.0, expected, 4.0 * std::sqrt(expected * (1.0 - expected) / 40000.0));
}

TEST(PortableExp, IsWithinTwoUnitsInTheLastPlace) {
  for (double x = -87.0; x < 88.0; x += 0.0137) {
    const auto argument = static_cast<float>(x);
    const double exact = std::exp(static_cast<double>(argument));
    EXPECT_NEAR(portable_exp(argument), exact, 2.5e-7 * exact) << x;
  }
}

TEST(PoissonCount, HasTheMeanAndVarianceOfItsRate) {
  for (const float mean : {0.05f, 1.0f, 7.5f, 40.0f}) {
    double sum = 0.0;
    double squares = 0.0;
    constexpr double n = 40000;
    for (std::uint32_t i = 0; i < 40000; ++i) {
      const auto word = philox4x32_10(random_counter(Purpose::input_spikes, 0, i, 0, 0), random_key(3)).x;
      const double count = poisson_count(mean, word);
      sum += count;
      squares += count * count;
    }
    const double average = sum / n;
    const double rate = mean;
    EXPECT_NEAR(average, rate, 4.0 * std::sqrt(rate / n)) << mean;
    EXPECT_NEAR(squares / n - average * average, rate, 4.0 * std::sqrt((rate + 2.0 * rate * rate) / n)) << mean;
  }
}

TEST(BernoulliThreshold, NeverAndAlways) {
  EXPECT_EQ(bernoulli_threshold(0.0f), 0u);
  EXPECT_EQ(bernoulli_threshold(-1.0f), 0u);
  EXPECT_EQ(bernoulli_threshold(0.5f), std::uint64_t{1} << 31);
  EXPECT_EQ(bernoulli_threshold(1.0f), std::uint64_t{1} << 32);
  EXPECT_EQ(bernoulli_threshold(2.0f), std::uint64_t{1} << 32);
}

// alpha = rho = zeta/2 = 1/2, A = 1 + a/2, width 1. v: 2*.5; .5-.5. a: 0; .5. z: 1/2 at the threshold; 1/(1+e^1.25).
TEST(SoftAlifStep, FollowsTheHandCalculation) {
  const SoftAlifDerived<double> d{0.5, 2.0, 1.0, 0.5, 0.5, 1.0};
  SoftAlifState<double> s;

  const auto first = SoftAlif<double>::step<PiecewiseLinear>(d, s, {0.5, 0});
  EXPECT_EQ(s.v, 1.0);
  EXPECT_EQ(first.spike, 0.5);
  EXPECT_EQ(first.psi, 0.25);

  const auto second = SoftAlif<double>::step<PiecewiseLinear>(d, s, {0.0, 0});
  EXPECT_EQ(s.v, 0.0);
  EXPECT_EQ(s.a, 0.5);
  EXPECT_NEAR(second.spike, 0.2227001, 1e-7);
  EXPECT_NEAR(second.psi, 0.2227001 * 0.7772999, 1e-7);
}

// y: .5*1, .25+.5*0, .125+.5*2
TEST(LeakyReadout, FiltersItsDrive) {
  const LeakyReadoutDerived<double> d{0.5, 0.5};
  double y = readout_step(d, 0.0, 1.0);
  EXPECT_EQ(y, 0.5);
  y = readout_step(d, y, 0.0);
  EXPECT_EQ(y, 0.25);
  EXPECT_EQ(readout_step(d, y, 2.0), 1.125);
}

}  // namespace
}  // namespace spikeweave
