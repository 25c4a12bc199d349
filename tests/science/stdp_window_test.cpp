// How close a real neuron comes to the closed form: the STDP window that e-prop with a local signal has when a
// postsynaptic spike is forced over a noisy background. SW_STDP_TRIALS=60000 measures with that many trials instead of
// the few that CI has time for, and prints the windows (docs/stdp-from-eprop.md).

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {
namespace {

constexpr double tau = 20.0;  // [ms]  of the membrane and of the spike trace
constexpr int widest = 40;    // delays [steps]: -widest..widest, one neuron each
constexpr std::size_t cells = 2 * widest + 1;
constexpr std::size_t settled_step = 120;  // the background has settled: 6 tau
constexpr std::size_t pre_step = 160;
constexpr std::size_t steps = 340;  // the traces of the latest pair have vanished: 7 tau
constexpr std::size_t block = 50;   // trials run together

struct Background {
  double mean, deviation;  // current per step
};

struct Window {
  std::vector<double> curve;      // [cells]  change with the forced spike minus the change without, per pair
  std::vector<double> deviation;  // [cells]  standard error
  double rate = 0.0;              // spikes per step without the forced spike
  double baseline = 0.0;          // change per presynaptic spike without the forced spike
  std::size_t trials = 0;

  double at(int delay) const { return curve[static_cast<std::size_t>(delay + widest)]; }
};

std::size_t trial_count() {
  const char* wanted = std::getenv("SW_STDP_TRIALS");
  return wanted == nullptr ? 600 : static_cast<std::size_t>(std::atoll(wanted));
}

// Channel 0 is the background current, channel 1 the presynaptic spike, with weights 1 and 0.
NetworkSettings network_of(const NeuronModels::Settings& neuron) {
  NetworkSettings settings;
  settings.populations = {{"post", static_cast<int>(cells), neuron}};
  settings.projections.resize(1);
  settings.projections[0].from = {"input"};
  settings.projections[0].to = {"post"};
  return settings;
}

// A block of trials; the noise is a function of (seed, trial, step), so that a run with and one without forced spikes
// see the same.
TrialBatch trials_of(std::size_t first, const Background& background, bool is_forced) {
  TrialBatch batch;
  batch.batch = block;
  batch.steps = batch.frames = steps;
  batch.length.assign(block, static_cast<std::int32_t>(steps));
  batch.segment.assign(block * steps, -1);
  batch.intensity.assign(block * steps * 2, 0.0f);
  batch.forced.assign(block * steps * cells, 0);
  for (std::size_t b = 0; b < block; ++b) {
    const RandomStream noise(11, Purpose::task, 0, static_cast<std::uint32_t>(first + b));
    for (std::size_t t = 0; t < steps; ++t) {
      batch.intensity[(b * steps + t) * 2] =
          static_cast<float>(background.mean + background.deviation * noise.normal(t));
    }
    batch.intensity[(b * steps + pre_step) * 2 + 1] = 1.0f;
    for (std::size_t j = 0; is_forced && j < cells; ++j) {
      batch.forced[(b * steps + pre_step - widest + j) * cells + j] = 1;
    }
  }
  return batch;
}

// The simulator's weight change of channel 1, mean over the block.
class Measurement {
 public:
  Measurement(const NeuronModels::Settings& neuron, const Background& background)
      : background_(background),
        backend_(make_cpu_backend<float>()),
        network_(build_network(network_of(neuron),
                               {.inputs = 2,
                                .outputs = 0,
                                .frame_steps = 1,
                                .max_steps = steps,
                                .loss = LossKind::softmax,
                                .encoding = Encoding::current,
                                .cells = cells,
                                .state = ""},
                               1)),
        state_(*backend_, network_, {}, 1) {
    std::vector<float> weights(2 * cells, 0.0f);
    std::fill_n(weights.begin(), cells, 1.0f);
    state_.set_parameters(weights);
    EpropParams rule;
    rule.signal = LearningSignal::local;
    rule.tau_prediction = tau;
    LearningSettings learning;
    learning.value = rule;
    simulator_ =
        std::make_unique<Simulator<float>>(state_, learning, LossKind::softmax, Reduction::sum, 1, /*seed=*/12);
  }

  Window measure(std::size_t trials) {
    Window window{std::vector<double>(cells, 0.0), std::vector<double>(cells, 0.0)};
    std::vector<double> squares(cells, 0.0);
    const std::size_t blocks = (trials + block - 1) / block;
    window.trials = blocks * block;
    for (std::size_t n = 0; n < blocks; ++n) {
      const std::vector<double> forced = change(n * block, true);
      const std::vector<double> free = change(n * block, false);
      for (std::size_t j = 0; j < cells; ++j) {
        const double difference = forced[j] - free[j];
        window.curve[j] += difference / static_cast<double>(blocks);
        squares[j] += difference * difference / static_cast<double>(blocks);
        window.baseline += free[j] / static_cast<double>(blocks * cells);
      }
      window.rate += settled_rate() / static_cast<double>(blocks);
    }
    for (std::size_t j = 0; j < cells; ++j) {
      const double variance = squares[j] - window.curve[j] * window.curve[j];
      window.deviation[j] = std::sqrt(std::max(variance, 0.0) / static_cast<double>(blocks));
    }
    return window;
  }

 private:
  // Spikes per neuron and step of the last block, once the background has settled.
  double settled_rate() const {
    const std::vector<std::uint8_t> spikes = simulator_->spikes();
    double count = 0.0;
    for (std::size_t row = 0; row < block * steps; ++row) {
      if (row % steps < settled_step) continue;
      for (std::size_t j = 0; j < cells; ++j) count += spikes[row * cells + j];
    }
    return count / static_cast<double>(block * (steps - settled_step) * cells);
  }

  std::vector<double> change(std::size_t first, bool is_forced) {
    std::vector<std::uint32_t> keys;
    for (std::size_t b = 0; b < block; ++b) keys.push_back(static_cast<std::uint32_t>(first + b));
    simulator_->run(trials_of(first, background_, is_forced), keys, {.training = true, .traces = {}});
    simulator_->compute_gradient();
    const std::vector<float> gradient = state_.arrays.gradient.download();
    std::vector<double> change;
    for (std::size_t j = 0; j < cells; ++j) change.push_back(-static_cast<double>(gradient[cells + j]));
    return change;
  }

  Background background_;
  std::unique_ptr<Backend<float>> backend_;
  Network network_;
  NetworkState<float> state_;
  std::unique_ptr<Simulator<float>> simulator_;
};

const double alpha = std::exp(-1.0 / tau);

// The closed form for tau_m = tau_lam.
double stdp_kernel(int delay) {
  const double scale = (1.0 - alpha) / (1.0 - alpha * alpha);
  return delay >= 0 ? scale * std::pow(alpha, delay) : -scale * std::pow(alpha, -delay - 1);
}

// Time constant of an exponential through the values at delays first..last in steps of `stride`: least squares of the
// logarithm, without those that are not of the sign `sign`.
double fitted_tau(const Window& window, int first, int last, double sign) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  const int stride = first < last ? 1 : -1;
  for (int d = first; d != last + stride; d += stride) {
    const double value = sign * window.at(d);
    if (!(value > 0.0)) continue;
    const double distance = std::abs(d);
    n += 1, x += distance, y += std::log(value), xx += distance * distance, xy += distance * std::log(value);
  }
  return -(n * xx - x * x) / (n * xy - x * y);
}

void print(const char* name, const Window& window) {
  if (std::getenv("SW_STDP_TRIALS") == nullptr) return;
  std::printf("%s: %zu trials, %.4f spikes/step, baseline %+.4f per presynaptic spike\n", name, window.trials,
              window.rate, window.baseline);
  for (const int d : {-40, -30, -20, -10, -5, -2, -1, 0, 1, 2, 5, 10, 20, 30, 40}) {
    std::printf("  delay %+3d  measured %+.4f +- %.4f  K %+.4f  (1-p0) K %+.4f\n", d, window.at(d),
                window.deviation[static_cast<std::size_t>(d + widest)], stdp_kernel(d),
                (1.0 - window.rate) * stdp_kernel(d));
  }
  std::printf("  fitted tau: LTP %.2f ms (delays 0..40), LTD %.2f ms (-1..-40)\n", fitted_tau(window, 0, 40, 1.0),
              fitted_tau(window, -1, -40, -1.0));
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
  const Window window = Measurement(escape_neuron(/*reset=*/false), {.031, .02}).measure(trial_count());
  print("escape noise, no reset", window);

  EXPECT_NEAR(window.rate, .031, .002);
  for (int d = -20; d <= 20; ++d) {
    const double expected = (1.0 - window.rate) * stdp_kernel(d);
    EXPECT_NEAR(window.at(d), expected, .05 * std::abs(expected)) << "delay " << d;
  }
}

// The reset silences the neuron after the forced spike: less of both lobes, a shape that is no longer an exponential.
TEST(StdpWindow, EscapeNoiseWithResetKeepsItsSigns) {
  const Window window = Measurement(escape_neuron(/*reset=*/true), {.04, .05}).measure(trial_count());
  print("escape noise, reset", window);

  for (int d = 0; d <= 10; ++d) EXPECT_GT(window.at(d), 0.0) << "delay " << d;
  for (int d = -10; d <= -1; ++d) EXPECT_LT(window.at(d), 0.0) << "delay " << d;
}

// psi_bar * A_plus * exp(-delay/tau_m): the leak alone makes the lobe.
TEST(StdpWindow, HardThresholdPotentiatesWithTheMembranesTimeConstant) {
  LifParams<Distribution> p;
  p.tau_m = tau;
  p.v_threshold = 1.0;
  p.refractory_steps = 0;
  const Window window = Measurement({p}, {.045, .08}).measure(trial_count());
  print("hard threshold, triangular psi", window);

  EXPECT_NEAR(fitted_tau(window, 0, 40, 1.0), tau, .05 * tau);
  for (int d = -10; d <= -1; ++d) EXPECT_LT(window.at(d), 0.0) << "delay " << d;
}

}  // namespace
}  // namespace spikeweave
