// Neuron models with voltages in mV against numbers worked out by hand and an independent solution of their equations.

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "spikeweave/core/error.hpp"
#include "spikeweave/models/all.hpp"
#include "support/small_experiment.hpp"

namespace spikeweave {
namespace {

// alpha = 1/2: all numbers below are dyadic and every step is exact.
IafDeltaDerived<float> dyadic_iaf(float refractory_steps) {
  return {{/*e_leak=*/0.0f, /*v_threshold=*/20.0f, /*v_reset=*/10.0f, refractory_steps}, /*alpha=*/0.5f};
}

// Input 12 in every step, held for 2 steps after a spike:
//   0/2+12 = 12;  6+12 = 18;  9+12 = 21: fires, 10;  held, held;  5+12 = 17;  8.5+12 = 20.5: fires, 10
TEST(IafDelta, FollowsTheHandCalculation) {
  const auto d = dyadic_iaf(2);
  auto s = IafDelta<float>::initial_state(d);
  const std::vector<float> voltage{12, 18, 10, 10, 10, 17, 10};
  const std::vector<float> spike{0, 0, 1, 0, 0, 0, 1};

  for (std::size_t t = 0; t < voltage.size(); ++t) {
    const auto out = IafDelta<float>::step<PiecewiseLinear>(d, s, {12.0f});

    EXPECT_EQ(s.v, voltage[t]) << t;
    EXPECT_EQ(out.spike, spike[t]) << t;
    EXPECT_EQ(out.psi, 0.0f) << t;
  }
}

TEST(IafDelta, FiresExactlyAtTheThreshold) {
  const auto d = dyadic_iaf(0);
  auto at = IafDelta<float>::initial_state(d);
  auto below = at;

  EXPECT_EQ(IafDelta<float>::step<PiecewiseLinear>(d, at, {20.0f}).spike, 1.0f);
  EXPECT_EQ(IafDelta<float>::step<PiecewiseLinear>(d, below, {std::nextafter(20.0f, 0.0f)}).spike, 0.0f);
  EXPECT_EQ(at.v, 10.0f);
}

// Held for 2 steps from the first spike; the forced one in the first of them holds for 2 more, whose input is lost.
TEST(IafDelta, InputDuringRefractorinessIsLostAndAForcedSpikeStartsItAnew) {
  const auto d = dyadic_iaf(2);
  auto s = IafDelta<float>::initial_state(d);
  IafDelta<float>::step<PiecewiseLinear>(d, s, {30.0f});

  EXPECT_EQ(IafDelta<float>::step<PiecewiseLinear>(d, s, {30.0f, 0, 1.0f}).spike, 1.0f);
  EXPECT_EQ(IafDelta<float>::step<PiecewiseLinear>(d, s, {30.0f}).spike, 0.0f);
  EXPECT_EQ(IafDelta<float>::step<PiecewiseLinear>(d, s, {30.0f}).spike, 0.0f);
  EXPECT_EQ(s.v, 10.0f);
  IafDelta<float>::step<PiecewiseLinear>(d, s, {1.0f});
  EXPECT_EQ(s.v, 6.0f);  // 10/2 + 1
}

// A kick of 1 mV decays towards e_leak as exp(-t/tau_m).
TEST(IafDelta, DecaysToItsRestingVoltage) {
  IafDeltaParams<double> p;
  p.e_leak = -65.0;
  p.v_initial = -65.0;
  p.v_reset = -65.0;
  p.v_threshold = -50.0;
  const auto d = IafDelta<double>::derive(p, 0.1);
  auto s = IafDelta<double>::initial_state(d);
  EXPECT_EQ(s.v, -65.0);
  IafDelta<double>::step<PiecewiseLinear>(d, s, {1.0});
  for (int t = 1; t <= 400; ++t) IafDelta<double>::step<PiecewiseLinear>(d, s, {0.0});
  EXPECT_NEAR(s.v, -65.0 + std::exp(-2.0), 1e-11);
}

TEST(IafDelta, RefractoryTimeIsRoundedToSteps) {
  IafDeltaParams<double> p;
  EXPECT_EQ(IafDelta<double>::derive(p, 0.1).refractory_steps, 20.0);
  EXPECT_EQ(IafDelta<double>::derive(p, 0.75).refractory_steps, 3.0);  // 2.67
  EXPECT_EQ(IafDelta<double>::derive(p, 5.0).refractory_steps, 0.0);   // 0.4
}

// With g_ex = 1 and reversal potentials -70 and 0 the voltage heads for -35; rate ln(2)/2 makes
// exp(-rate (1 + g)) = 1/2: from -70 half of the way, -52.5. Then g_ex is 1/2 + 0: the target is -70/1.5.
TEST(IafCondExp, FollowsTheHandCalculation) {
  const IafCondExpDerived<double> d{{-70.0, /*v_threshold=*/-50.0, -60.0, 0.0, /*v_initial=*/-70.0},
                                    /*e_excitatory=*/0.0,
                                    /*decay=*/0.5,
                                    /*mean=*/1.0,
                                    /*rate=*/std::numbers::ln2 / 2};
  auto s = IafCondExp<double>::initial_state(d);
  IafCondExp<double>::step<PiecewiseLinear>(d, s, {1.0});
  EXPECT_EQ(s.v, -70.0);  // what arrives acts from the next step on
  EXPECT_EQ(s.g_ex, 1.0);

  IafCondExp<double>::step<PiecewiseLinear>(d, s, {0.0});
  EXPECT_NEAR(s.v, -52.5, 1e-13);
  EXPECT_EQ(s.g_ex, 0.5);

  // -70/1.5 + (-52.5 + 70/1.5) 2^(-3/4) = -46.667 - 5.833 * 0.5946 = -50.135: below -50
  EXPECT_EQ(IafCondExp<double>::step<PiecewiseLinear>(d, s, {0.0}).spike, 0.0);
  EXPECT_NEAR(s.v, -70.0 / 1.5 + (-52.5 + 70.0 / 1.5) * std::pow(2.0, -0.75), 1e-13);
}

// The voltage 1, 5 and 10 ms after g_ex jumped to 1 from rest: scipy.integrate.solve_ivp, DOP853, tolerances 1e-12.
// The scheme's error is of second order in dt, so ten times smaller steps must bring it down 100 times.
TEST(IafCondExp, FollowsTheDifferentialEquation) {
  const std::vector<double> time{1.0, 5.0, 10.0};
  const std::vector<double> voltage{-66.97680009518785, -61.10252473907911, -60.03123307245878};
  IafCondExpParams<double> p;
  p.v_threshold = 100.0;
  const auto error = [&](double dt, std::size_t n) {
    const auto d = IafCondExp<double>::derive(p, dt);
    auto s = IafCondExp<double>::initial_state(d);
    IafCondExp<double>::step<PiecewiseLinear>(d, s, {1.0});
    const long steps = std::lround(time[n] / dt);
    for (long t = 0; t < steps; ++t) IafCondExp<double>::step<PiecewiseLinear>(d, s, {0.0});
    return std::abs(s.v - voltage[n]);
  };
  for (std::size_t n = 0; n < time.size(); ++n) {
    EXPECT_LT(error(0.1, n), 1e-3) << time[n] << " ms";
    EXPECT_NEAR(error(0.1, n) / error(0.01, n), 100.0, 2.0) << time[n] << " ms";
  }
}

TEST(IafCondExp, StaysBelowTheReversalPotentialAndKeepsTheConductanceFromNegative) {
  const auto d = IafCondExp<float>::derive(IafCondExpParams<double>{}, 1.0);
  auto s = IafCondExp<float>::initial_state(d);
  IafCondExp<float>::step<PiecewiseLinear>(d, s, {-5.0f});
  EXPECT_EQ(s.g_ex, 0.0f);
  EXPECT_EQ(s.v, -70.0f);

  IafCondExpDerived<float> high = d;
  high.v_threshold = 1.0f;
  for (int t = 0; t < 50; ++t) IafCondExp<float>::step<PiecewiseLinear>(high, s, {1e6f});
  EXPECT_LE(s.v, 0.0f);
  EXPECT_GT(s.v, -1e-3f);
}

// The conductance goes on while the voltage is held; a spike resets to -60 in its own step.
TEST(IafCondExp, ConductanceDecaysDuringRefractoriness) {
  IafCondExpParams<double> p;
  p.tau_refractory = 3.0;
  const auto d = IafCondExp<double>::derive(p, 1.0);
  auto s = IafCondExp<double>::initial_state(d);
  IafCondExp<double>::step<PiecewiseLinear>(d, s, {8.0, 0, 1.0});
  EXPECT_EQ(s.v, -60.0);
  for (int t = 0; t < 3; ++t) {
    IafCondExp<double>::step<PiecewiseLinear>(d, s, {0.0});
    EXPECT_EQ(s.v, -60.0);
  }
  EXPECT_NEAR(s.g_ex, 8.0 * std::exp(-0.6), 1e-12);
}

// dt = 1 ms, I = 10, regular spiking. First half step: f = (0.04*(-65)+5)*(-65) + 140 + 13 + 10 = 2.4*(-65) + 163 = 7,
// v = -61.5. Second: (0.04*(-61.5)+5)*(-61.5) + 163 = 2.54*(-61.5) + 163 = 6.79, v = -58.105.
// u = -13 + 0.02*(0.2*(-58.105) + 13) = -13 + 0.02*1.379 = -12.97242.
TEST(Izhikevich, FollowsTheHandCalculation) {
  const auto d = Izhikevich<double>::derive(IzhikevichParams<double>{}, 1.0);
  auto s = Izhikevich<double>::initial_state(d);
  EXPECT_EQ(s.v, -65.0);
  EXPECT_EQ(s.u, -13.0);

  const auto out = Izhikevich<double>::step<PiecewiseLinear>(d, s, {10.0});

  EXPECT_NEAR(s.v, -58.105, 1e-12);
  EXPECT_NEAR(s.u, -12.97242, 1e-12);
  EXPECT_EQ(out.spike, 0.0);
}

// From v = 30 exactly with z = 1: reset to -65 and u = 2 + 8 = 10, then f = -156 + 140 - 10 + 26 = 0 twice:
// v stays -65, u = 10 + 0.02*(-13 - 10) = 9.54.
TEST(Izhikevich, ResetsAtTheStartOfTheStepAfterItsSpike) {
  const auto d = Izhikevich<double>::derive(IzhikevichParams<double>{}, 1.0);
  IzhikevichState<double> s{30.0, 2.0, 1.0};

  Izhikevich<double>::step<PiecewiseLinear>(d, s, {26.0});

  EXPECT_NEAR(s.v, -65.0, 1e-12);
  EXPECT_NEAR(s.u, 9.54, 1e-12);
  EXPECT_EQ(s.z, 0.0);
}

// v is left where it is by the spike, above the threshold or, if forced, below.
TEST(Izhikevich, SpikeLeavesTheVoltageUntilTheNextStep) {
  const auto d = Izhikevich<double>::derive(IzhikevichParams<double>{}, 1.0);
  IzhikevichState<double> high{20.0, 0.0, 0.0};
  // f = (0.8+5)*20+140 = 256, v = 148; f = (5.92+5)*148+140 = 1756.16, v = 1026.08
  EXPECT_EQ(Izhikevich<double>::step<PiecewiseLinear>(d, high, {0.0}).spike, 1.0);
  EXPECT_NEAR(high.v, 1026.08, 1e-9);

  auto forced = Izhikevich<double>::initial_state(d);
  EXPECT_EQ(Izhikevich<double>::step<PiecewiseLinear>(d, forced, {10.0, 0x80000000u, 1.0}).spike, 1.0);
  EXPECT_NEAR(forced.v, -58.105, 1e-12);
  Izhikevich<double>::step<PiecewiseLinear>(d, forced, {0.0});
  // from c = -65 with u = -12.97242 + 8: f = -156 + 140 + 4.97242, v = -70.51379; f = -8.708746, v = -74.868163
  EXPECT_NEAR(forced.v, -74.868163, 1e-6);
}

// noise 13: word 0 is -6.5, word 2^31 is 0, word 2^32-1 is 6.5 less 13 * 2^-24.
TEST(Izhikevich, NoiseIsUniformAroundZero) {
  IzhikevichParams<double> p;
  p.noise = 13.0;
  const auto noisy = Izhikevich<double>::derive(p, 1.0);
  const auto quiet = Izhikevich<double>::derive(IzhikevichParams<double>{}, 1.0);
  const auto voltage = [](const IzhikevichDerived<double>& d, double current, std::uint32_t word) {
    auto s = Izhikevich<double>::initial_state(d);
    Izhikevich<double>::step<PiecewiseLinear>(d, s, {current, word});
    return s.v;
  };
  EXPECT_NEAR(voltage(noisy, 1.0, 0u), voltage(quiet, -5.5, 0u), 1e-12);
  EXPECT_NEAR(voltage(noisy, 1.0, 0x80000000u), voltage(quiet, 1.0, 0u), 1e-12);
  EXPECT_NEAR(voltage(noisy, 1.0, 0xFFFFFFFFu), voltage(quiet, 7.5 - 13.0 / 16777216.0, 0u), 1e-12);
}

TEST(HardReset, ResetLiesBelowTheThresholdForEveryNeuron) {
  IafDeltaParams<Distribution> settings;
  settings.v_reset = 20.0;
  EXPECT_EQ(error_of([&] { settings.validate("/n"); }), "/n/v_reset: 20.000000 is not below v_threshold, 20.000000");

  settings.v_reset.kind = DistributionKind::uniform;
  settings.v_reset.low = 25.0;
  settings.v_reset.high = 26.0;
  EXPECT_EQ(error_of([&] { settings.validate("/n"); }), "no error");
  const std::string drawn = error_of([&] { draw_parameters<IafDeltaParams<double>>(settings, 1, 3, 0); });
  EXPECT_EQ(drawn.find("/network/populations/3/neuron/v_reset: 25."), 0u) << drawn;
}

}  // namespace
}  // namespace spikeweave
