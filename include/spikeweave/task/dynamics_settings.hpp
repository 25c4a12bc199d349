// The settings of tasks without targets: networks whose own dynamics are watched.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spikeweave/task/evaluation_trials.hpp"

namespace spikeweave {

// Poisson input of one rate; the network is watched, not trained on anything.
struct BackgroundSettings {
  static constexpr std::string_view name = "background";
  static constexpr std::string_view summary = "Poisson input of constant rate; nothing is scored.";
  static constexpr std::string_view source = "-";

  static constexpr bool is_endless = true;

  int inputs = 0;
  double rate = 10.0;
  int steps = 1000;

  static constexpr bool has_outputs() { return false; }

  static constexpr auto fields() {
    using Self = BackgroundSettings;
    return std::tuple{
        field("inputs", &Self::inputs, "channels", closed(1, 1e8),
              "Input channels, each a Poisson process of its own."),
        field("rate", &Self::rate, "Hz", non_negative, "Rate of every channel; several events may fall in one step."),
        field("steps", &Self::steps, "steps", closed(1, 1e7), "Length of a trial."),
    };
  }
};

// Reward for the cells of one synapse that fire in the right order.
struct RewardedPairingSettings {
  static constexpr std::string_view name = "rewarded_pairing";
  static constexpr std::string_view summary =
      "Reward, seconds later, each spike of a synapse's post cell after its pre cell's.";
  static constexpr std::string_view source = "Izhikevich 2007, Cereb. Cortex 17:2443-2452, Fig. 1";

  static constexpr bool is_endless = true;

  int steps = 1000;
  int projection = 0;
  int synapse = 0;
  double window = 20.0;
  double reward = 0.5;
  double delay_low = 1000.0;
  double delay_high = 3000.0;

  static constexpr bool has_inputs() { return false; }
  static constexpr bool has_outputs() { return false; }

  static constexpr auto fields() {
    using Self = RewardedPairingSettings;
    return std::tuple{
        field("steps", &Self::steps, "steps", closed(1, 1e6), "Length of a trial; trials continue each other."),
        field("projection", &Self::projection, "", closed(0, 1e6), "Index of the projection of the synapse."),
        field("synapse", &Self::synapse, "", closed(0, 2147483647),
              "Index of the synapse in its projection, see single_weights there."),
        field("window", &Self::window, "ms", positive,
              "The post cell's spike counts if it comes after the pre cell's last one, by less than this."),
        field("reward", &Self::reward, "", any_value, "What the modulator gets for each such pair."),
        field("delay_low", &Self::delay_low, "ms", positive,
              "Shortest time from the pair to its reward; at least a trial's length."),
        field("delay_high", &Self::delay_high, "ms", positive, "Longest time; uniform between the two."),
    };
  }
};

// A logic gate of populations: two are driven by currents, a third is taught when to fire.
struct LogicGateSettings {
  static constexpr std::string_view name = "logic_gate";
  static constexpr std::string_view summary =
      "Two populations are driven by currents; a third learns for which pairs of them to fire.";
  static constexpr std::string_view source = "Payeur et al. 2021, Nat. Neurosci. 24:1010-1019, Fig. 5 and Methods";

  static constexpr bool is_endless = true;
  static constexpr bool weighs_steps = true;  // plasticity is off but for the end of an example

  int cells = 500;
  int steps = 100;
  std::vector<int> outputs{0, 1, 1, 0};
  double example_time = 8000.0;
  double teaching_time = 800.0;
  double warm_up = 6000.0;
  double low_current = -350.0;
  double high_current = 150.0;
  double teaching_current = 1000.0;
  double tau_average = 2000.0;
  double burst_interval = 16.0;
  double rate_low = 2.0;
  double rate_high = 10.0;
  double tolerance = 1.0;

  static constexpr bool has_inputs() { return false; }
  static constexpr bool has_outputs() { return false; }

  static constexpr auto fields() {
    using Self = LogicGateSettings;
    return std::tuple{
        field("cells", &Self::cells, "neurons", closed(1, 1e6),
              "Neurons of each of the first three populations: two inputs and the output."),
        field("steps", &Self::steps, "steps", closed(1, 1e6), "Length of a trial; trials continue each other."),
        field("outputs", &Self::outputs, "", closed(0, 1), "Truth table: whether to fire for 00, 10, 01, 11."),
        field("example_time", &Self::example_time, "ms", positive, "Length of an example; whole trials."),
        field("teaching_time", &Self::teaching_time, "ms", positive,
              "Its end, in which the output is taught and plasticity is on; whole trials, less than example_time."),
        field("warm_up", &Self::warm_up, "ms", non_negative, "Time before the first example; whole trials."),
        field("low_current", &Self::low_current, "pA", any_value, "Into an input population that stands for 0."),
        field("high_current", &Self::high_current, "pA", any_value, "Into one that stands for 1."),
        field("teaching_current", &Self::teaching_current, "pA", non_negative,
              "Largest current of the teacher, and its current at a distance of 1 Hz from the wrong rate."),
        field("tau_average", &Self::tau_average, "ms", positive, "Time constant of the rates that the teacher sees."),
        field("burst_interval", &Self::burst_interval, "ms", positive,
              "A spike is an event if the one before is longer ago than this, in whole steps."),
        field("rate_low", &Self::rate_low, "Hz", non_negative, "Event rate of an output that does not fire."),
        field("rate_high", &Self::rate_high, "Hz", positive, "Event rate of one that does; above rate_low."),
        field("tolerance", &Self::tolerance, "Hz", positive, "Within this of its goal an output is not taught."),
    };
  }
  void validate(const std::string& place) const;
};

// A stretch of a trial in which the same things drive the network.
struct PhaseSettings {
  std::string name;
  int steps = 0;
  bool clamp = false;

  static constexpr auto fields() {
    using Self = PhaseSettings;
    return std::tuple{
        field("name", &Self::name, "Name of the phase; unique."),
        field("steps", &Self::steps, "steps", closed(1, 1e7), "Length."),
        field("clamp", &Self::clamp, "Whether the pattern drives the visible units in place of the network."),
    };
  }
};

struct EnergyRelaxationSettings {
  static constexpr std::string_view name = "energy_relaxation";
  static constexpr std::string_view summary = "Let a network of rates relax, some of its units driven in some phases.";
  static constexpr std::string_view source = "Bengio et al. 2015, arXiv:1509.05936, sections 4, 7 and 8";

  int inputs = 0;
  int visible = 0;
  int patterns = 1;
  double low = 0.0;
  double high = 1.0;
  int pattern_seed = 1;
  std::vector<PhaseSettings> phases;
  EvaluationTrials evaluation{};

  bool has_inputs() const { return inputs > 0; }
  static constexpr bool has_outputs() { return false; }

  static constexpr auto fields() {
    using Self = EnergyRelaxationSettings;
    return std::tuple{
        field("inputs", &Self::inputs, "channels", closed(0, 1e6), "Input channels, given as currents in all phases."),
        field("visible", &Self::visible, "units", closed(0, 1e6), "Units that clamp phases drive: the first neurons."),
        field("patterns", &Self::patterns, "", closed(1, 1e6), "Patterns; trials show them in turn."),
        field("low", &Self::low, "", any_value, "Patterns and inputs are drawn uniformly from low to high."),
        field("high", &Self::high, "", any_value, "Upper end; not below low."),
        field("pattern_seed", &Self::pattern_seed, "", closed(0, 2147483647), "Seed of the patterns and inputs."),
        field("phases", &Self::phases, "Phases of a trial, in order."),
        field("evaluation", &Self::evaluation, "Sizes of the splits for evaluation."),
    };
  }
  void validate(const std::string& place) const;
};

}  // namespace spikeweave
