// How close a real neuron comes to the closed form: the STDP window that e-prop with a local signal has when a
// postsynaptic spike is forced over a noisy background. The full measurement is a command (docs/stdp-from-eprop.md).

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "spikeweave/protocol/forced_window.hpp"

namespace spikeweave {
namespace {

constexpr double tau = 20.0;  // [ms]  of the membrane and of the spike trace
const double alpha = std::exp(-1.0 / tau);

struct Window {
  std::vector<double> curve;  // D = -40..40
  double rate = 0.0;          // spikes per step of the free neuron

  double at(int delay) const { return curve[static_cast<std::size_t>(delay + 40)]; }
};

Window measured(const NeuronModels::Settings& neuron, double mean, double deviation) {
  EpropParams rule;
  rule.signal = LearningSignal::local;
  rule.tau_prediction = tau;
  ForcedWindowSettings settings;
  settings.rule.value = rule;
  settings.neuron = neuron;
  settings.protocol.mean = mean;
  settings.protocol.deviation = deviation;
  settings.protocol.trials = 600;
  settings.protocol.seed = 11;
  settings.validate("");
  const ProtocolResult result = run_forced_window(settings);
  return {result.curves.front().change, result.figures.front().value};
}

// The closed form for tau_m = tau_lam.
double stdp_kernel(int delay) {
  const double scale = (1.0 - alpha) / (1.0 - alpha * alpha);
  return delay >= 0 ? scale * std::pow(alpha, delay) : -scale * std::pow(alpha, -delay - 1);
}

// Time constant of an exponential through the values at delays 0..40: least squares of the logarithm, without those
// below 0.
double fitted_tau(const Window& window) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (int d = 0; d <= 40; ++d) {
    if (!(window.at(d) > 0.0)) continue;
    n += 1, x += d, y += std::log(window.at(d)), xx += d * d, xy += d * std::log(window.at(d));
  }
  return -(n * xx - x * x) / (n * xy - x * y);
}

NeuronModels::Settings escape_neuron(bool reset) {
  EscapeLifParams<Distribution> p;
  p.tau_m = tau;
  p.v_threshold = 1.0;
  p.refractory_steps = 0;
  p.width = 0.1;
  p.pseudo_derivative = EscapeDerivative::constant;
  p.reset = reset;
  return {p};
}

// A forced spike adds (1 - p0) to the mean of z, in the step and nowhere else.
TEST(StdpWindow, EscapeNoiseWithoutResetFollowsTheClosedForm) {
  const Window window = measured(escape_neuron(/*reset=*/false), .031, .02);

  EXPECT_NEAR(window.rate, .031, .002);
  for (int d = -20; d <= 20; ++d) {
    const double expected = (1.0 - window.rate) * stdp_kernel(d);
    EXPECT_NEAR(window.at(d), expected, .05 * std::abs(expected)) << "delay " << d;
  }
}

// The reset silences the neuron after the forced spike: less of both lobes, a shape that is no longer an exponential.
TEST(StdpWindow, EscapeNoiseWithResetKeepsItsSigns) {
  const Window window = measured(escape_neuron(/*reset=*/true), .04, .05);

  for (int d = 0; d <= 10; ++d) EXPECT_GT(window.at(d), 0.0) << "delay " << d;
  for (int d = -10; d <= -1; ++d) EXPECT_LT(window.at(d), 0.0) << "delay " << d;
}

// psi_bar * A_plus * exp(-delay/tau_m): the leak alone makes the lobe.
TEST(StdpWindow, HardThresholdPotentiatesWithTheMembranesTimeConstant) {
  LifParams<Distribution> p;
  p.tau_m = tau;
  p.v_threshold = 1.0;
  p.refractory_steps = 0;
  const Window window = measured({p}, .045, .08);

  EXPECT_NEAR(fitted_tau(window), tau, .05 * tau);
  for (int d = -10; d <= -1; ++d) EXPECT_LT(window.at(d), 0.0) << "delay " << d;
}

// A plasticity rule in the form trial measures the same window as e-prop, of which it is another writing.
TEST(StdpWindow, PredictiveStdpOfTheSameNeuronIsTheSame) {
  ForcedWindowSettings settings;
  EpropParams eprop;
  eprop.signal = LearningSignal::local;
  eprop.tau_prediction = tau;
  settings.rule.value = eprop;
  settings.neuron = escape_neuron(/*reset=*/false);
  settings.protocol.mean = .031;
  settings.protocol.deviation = .02;
  settings.protocol.from = -4.0;
  settings.protocol.to = 4.0;
  settings.protocol.trials = 100;
  const ProtocolResult gradient = run_forced_window(settings);
  Plastic<PredictiveStdpParams> stdp;
  stdp.learning_rate = 1.0;
  stdp.tau_m = tau;
  stdp.tau_prediction = tau;
  stdp.form = PlasticityForm::trial;
  settings.rule.value = stdp;
  const ProtocolResult plasticity = run_forced_window(settings);

  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_NEAR(plasticity.curves[0].change[i], gradient.curves[0].change[i], 1e-5) << i;
  }
}

}  // namespace
}  // namespace spikeweave
