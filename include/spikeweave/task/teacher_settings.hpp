// Settings of the task whose targets another network makes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spikeweave/core/distribution.hpp"
#include "spikeweave/models/activation.hpp"
#include "spikeweave/task/evaluation_trials.hpp"

namespace spikeweave {

struct TeacherRegressionSettings {
  static constexpr std::string_view name = "teacher_regression";
  static constexpr std::string_view summary = "Learn what a network with random weights makes of random inputs.";
  static constexpr std::string_view source =
      "Lillicrap et al. 2016, Nat. Commun. 7:13276, Figs. 1-2; Sacramento et al. 2018, NeurIPS 31, Fig. 3";

  int inputs = 30;
  std::vector<int> hidden{20};
  int outputs = 10;
  Activation activation = Activation::tanh;
  Distribution weights = Distribution::gaussian(0.0, 1.0);
  WeightScale scale = WeightScale::fan_in;
  Distribution input = Distribution::gaussian(0.0, 1.0);
  int examples = 0;
  int steps = 1;
  int window_steps = 0;
  int teacher_seed = 1;
  EvaluationTrials evaluation{};

  static constexpr auto fields() {
    using Self = TeacherRegressionSettings;
    return std::tuple{
        field("inputs", &Self::inputs, "channels", closed(1, 1e5), "Input channels, given as currents."),
        field("hidden", &Self::hidden, "units", closed(1, 1e5),
              "Sizes of the teacher's hidden layers; empty: the targets are linear in the inputs."),
        field("outputs", &Self::outputs, "", closed(1, 1e4), "Outputs; those of the teacher are sums of weights."),
        field("activation", &Self::activation, "Of the teacher's hidden units."),
        field("weights", &Self::weights, "Weights of the teacher; it has no biases."),
        field("scale", &Self::scale, "fan_in divides them by the root of the number of units of the layer below."),
        field("input", &Self::input, "A channel's value, the same in all of a trial."),
        field("examples", &Self::examples, "trials", closed(0, 1e9),
              "Size of the training split; 0: drawn anew without end."),
        field("steps", &Self::steps, "steps", closed(1, 1e9), "How long an input is shown."),
        field("window_steps", &Self::window_steps, "steps", closed(0, 1e9),
              "Length of the scored window at the trial's end; 0: the whole trial."),
        field("teacher_seed", &Self::teacher_seed, "", closed(0, 2147483647), "Seed of the teacher's weights."),
        field("evaluation", &Self::evaluation, "Sizes of the splits for evaluation."),
    };
  }
  void validate(const std::string& place) const;
};

}  // namespace spikeweave
