// Spikes drawn from random rates that change in time: does the change of a weight by the post neuron's change of state
// look like spike-timing-dependent plasticity?
//
// Source: Bengio, Mesnard, Fischer, Zhang & Wu (2015), arXiv:1509.05936, section 5, figs. 1 to 3. For each of many
// pairs of random sequences of a pre and a post state, spike trains are drawn; both rules judge every pre spike: the
// rule of eq. 2 by the change of the post state, the nearest-spike rule by the post spikes in a window around it.
// Choices, since the source names none: states are logistic(gain x) of Gaussian-smoothed white noise x of unit
// variance, spikes are Bernoulli(largest_probability * state).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "spikeweave/core/field.hpp"
#include "spikeweave/learning/plasticity/state_derivative.hpp"
#include "spikeweave/learning/plasticity/window_stdp.hpp"

namespace spikeweave {

struct RateSequencesSettings {
  int sequences = 500;
  int steps = 160;
  int trains = 1000;
  double smoothing = 8.0;
  double gain = 1.5;
  double largest_probability = 0.4;
  StateDifference difference = StateDifference::central;
  WindowStdpParams window{};
  int bins = 20;
  std::uint64_t seed = 1;

  static constexpr auto fields() {
    using Self = RateSequencesSettings;
    return std::tuple{
        field("sequences", &Self::sequences, "sequences", closed(1, 1e6), "Pairs of sequences of pre and post states."),
        field("steps", &Self::steps, "steps", closed(3, 1e6), "Length of a sequence."),
        field("trains", &Self::trains, "trains", closed(1, 1e6), "Spike trains of each sequence."),
        field("smoothing", &Self::smoothing, "steps", positive, "Standard deviation of the Gaussian that smooths."),
        field("gain", &Self::gain, "", positive, "States are logistic(gain x), x of unit variance."),
        field("largest_probability", &Self::largest_probability, "1/step", probability,
              "Probability of a spike at state 1."),
        field("difference", &Self::difference, "Change of the state in eq. 2."),
        field("window", &Self::window, "The nearest-spike rule."),
        field("bins", &Self::bins, "bins", closed(2, 1e4), "Bins of equal count of the change of state."),
        field("seed", &Self::seed, "", closed(0, 9007199254740991.0), "Seed of states and spikes."),
    };
  }
  void validate(const std::string& place) const;
};

// The state of one side of sequence `index`, [steps], in (0, 1). side: 0 pre, 1 post.
std::vector<double> rate_sequence(const RateSequencesSettings& settings, std::uint32_t index, std::uint32_t side);

struct RateSequencesResult {
  // Per distance D = t_post - t_pre of the nearest post spike, -N..-1, 1..N; over the pre spikes that the window rule
  // changes the weight for.
  std::vector<int> distance;
  std::vector<double> count;
  std::vector<double> state_rule;   // mean change by eq. 2: fig. 1, middle
  std::vector<double> window_rule;  // mean change by the window rule: fig. 1, right
  double curve_correlation = 0.0;   // of the two
  double antisymmetry_error = 0.0;  // largest |c(D) + c(-D)| of state_rule, as a share of its largest |c|
  std::size_t wrong_signs = 0;      // distances at which state_rule has not the sign of D

  // Fig. 2, right: bins of equal count of the change of state over all sequences and steps.
  std::vector<double> bin_change;   // mean change of state
  std::vector<double> bin_window;   // mean over the steps of the mean change by the window rule over pre spikes
  double bin_correlation = 0.0;     // of bin means
  double step_correlation = 0.0;    // of single sequences and steps
  double spike_correlation = 0.0;   // of the two changes at single pre spikes, 0 where the window rule makes none
  std::uint64_t pre_spikes = 0;     // away from the ends
  std::uint64_t judged_spikes = 0;  // those that the window rule changes the weight for

  // Fig. 3: one train, [steps].
  std::vector<double> pre_state, post_state, weight;
  std::vector<std::uint8_t> pre_train, post_train;
};

// settings must have passed validate(). The result does not depend on the number of threads.
RateSequencesResult run_rate_sequences(const RateSequencesSettings& settings);

}  // namespace spikeweave
