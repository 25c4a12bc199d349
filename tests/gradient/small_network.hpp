// A small recurrent network on random spikes, alive by construction, for tests of gradients: one experiment's worth of
// settings, run through the library's own simulator.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave::testing {

enum class FeedbackKind { symmetric, random, adaptive };

struct SmallNetworkCase {
  bool adaptation = false;  // half of the neurons ALIF
  FeedbackKind feedback = FeedbackKind::symmetric;
  double tau_out = 20.0;  // [ms]; 0: kappa = 0
  double rate_coefficient = 0.0;
  LossKind loss = LossKind::squared_error;
  double dropout = 0.0;  // of input and readout
  std::uint64_t seed = 1;
  LearningSignal signal = LearningSignal::global;
  double delay = 1.0;    // [ms]  of the recurrent projection
  bool relaxed = false;  // soft_alif neurons of width 0.3: no spikes
  bool bias = false;     // a fourth projection, from bias to all neurons
  std::size_t extra_inputs = 0;

  std::string name() const {
    const char* kinds[] = {"symmetric", "random", "adaptive"};
    const char* losses[] = {"squared", "softmax", "bernoulli"};
    return std::string(adaptation ? "alif" : "lif") + "_" + kinds[static_cast<int>(feedback)] +
           (tau_out > 0 ? "_filtered" : "_unfiltered") + (rate_coefficient > 0 ? "_regularized" : "") + "_" +
           losses[static_cast<int>(loss)] + (dropout > 0 ? "_dropout" : "") + (delay > 1.0 ? "_delayed" : "") +
           (relaxed ? "_relaxed" : "");
  }
};

// Sizes: 6 inputs, 10 neurons, 3 outputs; batch of 3 trials of 60, 45 and 60 steps, scored in their last 25 steps.
template <class Real>
class SmallNetwork {
 public:
  static constexpr std::size_t inputs = 6, neurons = 10, outputs = 3, batch = 3, steps = 60, window = 25;

  explicit SmallNetwork(const SmallNetworkCase& c)
      : case_(c),
        backend_(make_cpu_backend<Real>()),
        network(build_network(network_settings(c), task_shape(c), c.seed)),
        state(*backend_, network, feedback_settings(c), c.seed) {
    const std::vector<double> initial = initial_parameters(network, c.seed, "");
    state.set_parameters(std::vector<Real>(initial.begin(), initial.end()));
    trials = make_trials();
  }

  // [parameter_count]
  std::vector<Real> gradient(EpropForm form) {
    EpropParams rule;
    rule.form = form;
    rule.signal = case_.signal;
    return gradient(rule);
  }
  std::vector<Real> gradient(SpikePath path) {
    BpttParams rule;
    rule.recurrent_path = path;
    return gradient(rule);
  }
  // The sum of the gradients of windows of so many steps, under eprop.
  std::vector<Real> gradient_in_windows(std::size_t length) {
    std::vector<Real> sum(network.parameter_count, Real(0));
    run_windows(length, [&] {
      const std::vector<Real> part = state.arrays.gradient.download();
      for (std::size_t w = 0; w < sum.size(); ++w) sum[w] += part[w];
    });
    return sum;
  }
  // Calls after_window() when the gradient of a window is in the state. Returns the trials' losses.
  template <class AfterWindow>
  std::vector<double> run_windows(std::size_t length, AfterWindow&& after_window) {
    LearningSettings learning;
    EpropParams rule;
    rule.signal = case_.signal;
    rule.rate_regularization = {case_.rate_coefficient, 20.0, RateAverage::trial};
    learning.value = rule;
    Simulator<Real> simulator(state, learning, case_.loss, Reduction::mean_trial, 1, case_.seed);
    simulator.start(trials, std::vector<std::uint32_t>{0, 1, 2}, slice_steps);
    for (std::size_t begin = 0; begin < steps; begin += length) {
      simulator.run_window({begin, std::min(begin + length, steps)});
      after_window();
    }
    spikes = simulator.spikes();
    result = simulator.finish();
    return result.loss;
  }
  bool is_alive() const {
    constexpr std::size_t least = 60, most = 800;  // spikes of 10 neurons in 165 trial steps
    return case_.relaxed || (spike_count() > least && spike_count() < most);
  }
  std::size_t spike_count() const {
    return static_cast<std::size_t>(std::count(spikes.begin(), spikes.end(), std::uint8_t{1}));
  }

 private:
  template <class Rule>
  std::vector<Real> gradient(Rule rule) {
    rule.rate_regularization = {case_.rate_coefficient, 20.0, RateAverage::trial};
    LearningSettings learning;
    learning.value = rule;
    Simulator<Real> simulator(state, learning, case_.loss, Reduction::mean_trial, 1, case_.seed);
    result = simulator.run(trials, std::vector<std::uint32_t>{0, 1, 2},
                           {.training = true, .traces = {}, .slice_steps = slice_steps});
    spikes = simulator.spikes();
    digests = simulator.spike_digests();
    simulator.compute_gradient();
    spike_counts = simulator.spike_counts();
    return state.arrays.gradient.download();
  }

  static TaskShape task_shape(const SmallNetworkCase& c) {
    return {inputs + c.extra_inputs, outputs, 1, steps, c.loss, Encoding::events, 0, ""};
  }

  static NetworkSettings network_settings(const SmallNetworkCase& c) {
    NetworkSettings settings;
    settings.input.dropout = c.dropout;
    LifParams<Distribution> lif;
    lif.refractory_steps = 2;
    lif.tau_m = 8.0;
    AlifParams<Distribution> alif;
    alif.refractory_steps = 2;
    alif.tau_m = 12.0;
    alif.tau_adaptation = 40.0;
    alif.beta = 0.2;
    PopulationSettings first{"first", 5, {}};
    PopulationSettings second{"second", 5, {}};
    first.neuron.value = lif;
    second.neuron.value = lif;
    if (c.adaptation) second.neuron.value = alif;
    if (c.relaxed) {
      first.neuron.value = SoftAlifParams<Distribution>{.tau_m = lif.tau_m};
      second.neuron.value = SoftAlifParams<Distribution>{
          .tau_m = alif.tau_m, .tau_adaptation = alif.tau_adaptation, .beta = c.adaptation ? alif.beta : 0.0};
      if (!c.adaptation) second.neuron = first.neuron;
    }
    settings.populations = {first, second};
    settings.readout.tau = c.tau_out;
    settings.readout.bias = true;
    settings.readout.dropout = c.dropout;
    settings.projections.resize(3);
    const std::vector<std::string> all{"first", "second"};
    settings.projections[0].from = {"input"};
    settings.projections[0].to = all;
    settings.projections[1].from = all;
    settings.projections[1].to = all;
    settings.projections[1].delay = c.delay;
    settings.projections[2].from = all;
    settings.projections[2].to = {"output"};
    if (c.bias) {
      settings.projections.emplace_back();
      settings.projections[3].from = {"bias"};
      settings.projections[3].to = all;
      settings.projections[3].weights = Distribution::gaussian(0.05, 0.05);
    }
    return settings;
  }

  static FeedbackSettings feedback_settings(const SmallNetworkCase& c) {
    FeedbackSettings settings;
    if (c.feedback == FeedbackKind::random) settings.value = RandomFeedback{};
    if (c.feedback == FeedbackKind::adaptive) settings.value = AdaptiveFeedback{};
    return settings;
  }

  TrialBatch make_trials() const {
    TrialBatch b;
    b.batch = batch;
    b.steps = b.frames = steps;
    b.segments = window;
    b.length = {60, 45, 60};
    const RandomStream draw(case_.seed, Purpose::task, 77);
    for (std::size_t n = 0; n < batch * steps * inputs; ++n) b.events.push_back(draw.uniform(n) < 0.3 ? 1 : 0);
    b.segment.assign(batch * steps, -1);
    for (std::size_t n = 0; n < batch; ++n) {
      const auto length = static_cast<std::size_t>(b.length[n]);
      for (std::size_t s = 0; s < window; ++s) {
        b.segment[n * steps + length - window + s] = static_cast<std::int32_t>(s);
        b.target_class.push_back(static_cast<std::int32_t>((n + s) % outputs));
        for (std::size_t k = 0; k < outputs; ++k) b.target.push_back((n + s + k) % 2 == 0 ? 1.0 : 0.0);
      }
    }
    return b;
  }

  SmallNetworkCase case_;
  std::unique_ptr<Backend<Real>> backend_;

 public:
  const Network network;
  NetworkState<Real> state;
  TrialBatch trials;
  std::size_t slice_steps = 0;  // steps in memory at once; 0: all
  // Of the last gradient:
  std::vector<std::uint8_t> spikes;  // [batch, steps, neurons]; of the last slice
  TrialResult result;
  std::vector<std::uint64_t> digests;       // [batch]
  std::vector<std::uint32_t> spike_counts;  // [batch, neurons]
};

// Largest absolute difference over the largest absolute element of `expected`; NaN where anything is NaN.
template <class Real>
double relative_difference(const std::vector<Real>& found, const std::vector<Real>& expected) {
  double largest = 0.0;
  double difference = 0.0;
  for (std::size_t n = 0; n < expected.size(); ++n) {
    const double d = std::abs(static_cast<double>(found[n]) - static_cast<double>(expected[n]));
    if (std::isnan(d)) return d;
    difference = std::max(difference, d);
    largest = std::max(largest, std::abs(static_cast<double>(expected[n])));
  }
  return difference / largest;
}

}  // namespace spikeweave::testing
