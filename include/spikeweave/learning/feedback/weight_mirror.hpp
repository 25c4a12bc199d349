// Weight mirror: between updates the network is driven by noise, and the feedback weights learn the correlation of the
// noise that a cell sends with what the cells behind it receive, which is the forward weight.
//
// Source: Akrout, Wilson, Humphreys, Lillicrap & Tweed (2019), NeurIPS, eq. 7: with noise n of mean 0 sent by the cells
// before the synapses, and y = W n what arrives behind them,
//   B += mirror_rate n y^T - mirror_decay B,      so that B goes to (mirror_rate noise^2 / mirror_decay) W^T
// Differs from the source: y is the current, without the cells' bias and function, and the mean over `samples` is
// taken.
#pragma once

#include "spikeweave/learning/feedback/scheme.hpp"

namespace spikeweave {

struct WeightMirrorFeedback {
  static constexpr std::string_view name = "weight_mirror";
  static constexpr std::string_view summary = "B learns W from noise that is sent through it, in phases of its own.";
  static constexpr std::string_view source = "Akrout et al. 2019, NeurIPS, eq. 7";
  static constexpr bool is_drawn = true;

  double std = 1.0;
  FeedbackScale scale = FeedbackScale::population;
  double noise = 0.5;
  double mirror_rate = 0.1;
  double mirror_decay = 0.025;
  int samples = 20;
  int every = 1;

  static constexpr auto fields() {
    using Self = WeightMirrorFeedback;
    return std::tuple{
        field("std", &Self::std, "", positive, "Standard deviation of the initial B."),
        field("scale", &Self::scale, scale_text),
        field("noise", &Self::noise, "", positive, "Standard deviation of the noise."),
        field("mirror_rate", &Self::mirror_rate, "", positive, "Learning rate of B."),
        field("mirror_decay", &Self::mirror_decay, "", below_one, "Share of B that a phase takes away."),
        field("samples", &Self::samples, "", count_from(1), "Patterns of noise in a phase."),
        field("every", &Self::every, "updates", count_from(1), "A phase follows every so many updates."),
    };
  }
};

}  // namespace spikeweave
