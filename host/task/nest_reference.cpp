#include "host/task/nest_reference.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "spikeweave/core/error.hpp"
#include "spikeweave/core/numpy_random.hpp"

namespace spikeweave {
namespace {

constexpr std::uint32_t rng_seed = 1;

// [count] standard normal values / divisor, rounded to float last, as the recipe does.
std::vector<float> normal_weights(NumpyRandom& random, std::size_t count, double divisor) {
  std::vector<float> weights(count);
  for (float& weight : weights) weight = static_cast<float>(random.randn() / divisor);
  return weights;
}

// The recipe draws the feedback as [neuron_count, output_count].
std::vector<float> feedback_weights(NumpyRandom& random, const NestReferenceCase& c, double divisor) {
  const std::vector<float> drawn = normal_weights(random, c.neuron_count * c.output_count, divisor);
  std::vector<float> feedback(drawn.size());
  for (std::size_t j = 0; j < c.neuron_count; ++j) {
    for (std::size_t k = 0; k < c.output_count; ++k) {
      feedback[k * c.neuron_count + j] = drawn[j * c.output_count + k];
    }
  }
  return feedback;
}

// The diagonal is drawn too and then set to zero.
void draw_hidden_weights(NumpyRandom& random, NestReferenceCase& c) {
  const auto root = [](std::size_t count) { return std::sqrt(static_cast<double>(count)); };
  c.weights_in = normal_weights(random, c.input_count * c.neuron_count, root(c.input_count));
  c.weights_rec = normal_weights(random, c.neuron_count * c.neuron_count, root(c.neuron_count));
  for (std::size_t j = 0; j < c.neuron_count; ++j) c.weights_rec[j * c.neuron_count + j] = 0.f;
}

// Adds one sine of whole cycles over the trial, its phase running over both end points.
void add_sine(std::vector<double>& signal, double amplitude, double phase, std::size_t period) {
  const std::size_t steps = signal.size();
  const std::size_t cycles = steps / period;
  const double stop = phase + 2.0 * std::numbers::pi * static_cast<double>(cycles);
  const double increment = (stop - phase) / static_cast<double>(steps - 1);
  for (std::size_t t = 0; t < steps; ++t) {
    const double angle = t + 1 == steps ? stop : static_cast<double>(t) * increment + phase;
    signal[t] += amplitude * std::sin(angle);
  }
}

std::vector<double> superimposed_sines(NumpyRandom& random, std::size_t steps) {
  constexpr std::array<std::size_t, 4> periods = {1000, 500, 333, 200};  // [steps]
  std::array<double, 4> amplitudes{};
  std::array<double, 4> phases{};
  for (double& amplitude : amplitudes) amplitude = random.uniform(0.5, 2.0);
  for (double& phase : phases) phase = random.uniform(0.0, 2.0 * std::numbers::pi);

  std::vector<double> signal(steps, 0.0);
  for (std::size_t n = 0; n < periods.size(); ++n) add_sine(signal, amplitudes[n], phases[n], periods[n]);
  const double first = signal.front();
  double largest = 1e-6;  // the recipe's guard against a silent target
  for (double& value : signal) {
    value -= first;
    largest = std::max(largest, std::abs(value));
  }
  for (double& value : signal) value /= largest;
  return signal;
}

// Spike probabilities of one evidence trial, [step_count, input_count]: left, right, recall and noise group.
std::vector<double> evidence_probabilities(const NestReferenceCase& c, const std::int32_t* cues) {
  constexpr std::size_t group_count = 4;
  constexpr std::size_t cue_steps = 100;
  constexpr std::size_t spacing_steps = 50;
  constexpr double spike_probability = 0.04;
  const std::size_t group_size = c.input_count / group_count;
  std::vector<double> probability(c.step_count * c.input_count, 0.0);
  const auto fill = [&](std::size_t start, std::size_t stop, std::size_t group, double value) {
    for (std::size_t t = start; t < stop; ++t) {
      std::fill_n(probability.begin() + static_cast<std::ptrdiff_t>(t * c.input_count + group * group_size), group_size,
                  value);
    }
  };
  for (std::size_t n = 0; n < c.cue_count; ++n) {
    const std::size_t start = n * (cue_steps + spacing_steps) + spacing_steps;
    fill(start, start + cue_steps, static_cast<std::size_t>(cues[n]), spike_probability);
  }
  fill(c.step_count - c.learning_window_steps, c.step_count, 2, spike_probability);
  fill(0, c.step_count, 3, spike_probability / 4.0);
  return probability;
}

// One batch: the favoured side of every trial, then the cues of every trial, then one uniform number per input cell.
void draw_evidence_batch(NumpyRandom& random, NestReferenceCase& c) {
  constexpr float side_probability[2] = {0.3f, 0.7f};  // float in the recipe: 0.3f is not 0.3
  std::vector<std::uint32_t> side(c.batch_size);
  for (std::uint32_t& s : side) s = random.randint(2);

  const std::size_t first_cue = c.cues.size();
  for (const std::uint32_t s : side) {
    std::int32_t right = 0;
    for (std::size_t n = 0; n < c.cue_count; ++n) {
      const int cue =
          random.choice_of_two(static_cast<double>(side_probability[s]), static_cast<double>(side_probability[1 - s]));
      c.cues.push_back(cue);
      right += cue;
    }
    c.target_classes.push_back(right > static_cast<std::int32_t>(c.cue_count / 2) ? 1 : 0);
  }

  for (std::size_t b = 0; b < c.batch_size; ++b) {
    const std::vector<double> probability = evidence_probabilities(c, &c.cues[first_cue + b * c.cue_count]);
    for (std::size_t cell = 0; cell < probability.size(); ++cell) {
      const bool spike = probability[cell] > random.random_sample();
      c.input_spikes.push_back(spike && cell >= c.input_count ? 1 : 0);  // step 0 is silent
    }
  }
}

}  // namespace

NestReferenceCase nest_regression_case() {
  NestReferenceCase c;
  c.name = "nest_regression";
  c.input_count = 100;
  c.neuron_count = 100;
  c.output_count = 1;
  c.step_count = 1000;
  c.learning_window_steps = 1000;
  c.tau_m = 30.0;
  c.tau_out = 30.0;
  c.v_th = 0.03;
  c.scale_input = true;
  c.eta = 1e-4;
  c.published_losses = {101.964356999041, 103.466731126205, 103.340607074771, 103.680244037686, 104.412775748752};

  NumpyRandom random(rng_seed);
  draw_hidden_weights(random, c);
  const double root_neurons = std::sqrt(static_cast<double>(c.neuron_count));
  c.weights_out = normal_weights(random, c.neuron_count * c.output_count, root_neurons);
  c.feedback = feedback_weights(random, c, root_neurons);

  const std::size_t cells = c.step_count * c.input_count;
  c.input_spikes.reserve(NestReferenceCase::iteration_count * cells);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const bool spike = random.random_sample() < 0.05;
    c.input_spikes.push_back(spike && cell >= c.input_count ? 1 : 0);  // step 0 is silent
  }
  for (std::size_t cell = cells; cell < NestReferenceCase::iteration_count * cells; ++cell) {
    c.input_spikes.push_back(c.input_spikes[cell - cells]);
  }
  c.target_signal = superimposed_sines(random, c.step_count);
  return c;
}

NestReferenceCase nest_evidence_case(std::size_t batch_size) {
  SW_EXPECTS(batch_size == 1 || batch_size == 2,
             "nest_evidence_case: batch size " + std::to_string(batch_size) + " has no published losses; 1 and 2 have");
  NestReferenceCase c;
  c.name = "nest_evidence_batch_" + std::to_string(batch_size);
  c.classification = true;
  c.batch_size = batch_size;
  c.input_count = 40;
  c.neuron_count = 100;
  c.adaptive_count = 50;
  c.output_count = 2;
  c.cue_count = 7;
  c.learning_window_steps = 150;
  c.step_count = c.cue_count * 150 + 1050 + c.learning_window_steps;  // cues with spacing, delay, recall
  c.beta = 1.7 * ((1.0 - std::exp(-c.dt / c.tau_a)) / (1.0 - std::exp(-c.dt / c.tau_m)));
  c.refractory_steps = 5;
  c.average_gradient = true;
  c.adam = true;
  c.eta = 5e-3;
  if (batch_size == 1) {
    c.published_losses = {0.741152550006, 0.740388187700, 0.665785233177, 0.663644193322, 0.729428962844};
  } else {
    c.published_losses = {0.702163370672, 0.735555303152, 0.740354864111, 0.683882815282, 0.707841122268};
  }

  NumpyRandom random(rng_seed);
  draw_hidden_weights(random, c);
  const double fan_mean = static_cast<double>(c.neuron_count + c.output_count) / 2.0;
  const double glorot_limit = std::sqrt(3.0 * (1.0 / fan_mean));
  c.weights_out.resize(c.neuron_count * c.output_count);
  for (float& weight : c.weights_out) weight = static_cast<float>(random.uniform(-glorot_limit, glorot_limit));
  c.feedback = feedback_weights(random, c, 1.0);

  c.input_spikes.reserve(NestReferenceCase::iteration_count * batch_size * c.step_count * c.input_count);
  for (std::size_t n = 0; n < NestReferenceCase::iteration_count; ++n) draw_evidence_batch(random, c);
  return c;
}

}  // namespace spikeweave
