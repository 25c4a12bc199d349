// Kolen-Pollack: the feedback weights get the increments of the forward weights, and both decay, so that their
// difference shrinks by 1 - decay at every update.
//
// Source: Kolen & Pollack (1994); Akrout et al. (2019), NeurIPS, eqs. 16-17.
#pragma once

#include "spikeweave/learning/feedback/scheme.hpp"

namespace spikeweave {

struct AdaptiveFeedback {
  static constexpr std::string_view name = "adaptive";
  static constexpr std::string_view summary = "B gets the forward weights' increments; both decay (Kolen-Pollack).";
  static constexpr std::string_view source = "Kolen & Pollack 1994; Akrout et al. 2019; Bellec et al. 2020";
  static constexpr bool is_drawn = true;

  double std = 1.0;
  FeedbackScale scale = FeedbackScale::neuron_count;
  double decay = 1e-4;

  static constexpr auto fields() {
    using Self = AdaptiveFeedback;
    return std::tuple{
        field("std", &Self::std, "", positive, "Standard deviation of the initial B."),
        field("scale", &Self::scale, scale_text),
        field("decay", &Self::decay, "1/update", below_one, "Both B and the forward weights are multiplied by 1 - it."),
    };
  }

  template <class Real>
  SW_HD static Real next(const FeedbackStep<Real>& step) {
    return step.decay * (step.back + step.increment);
  }
};

}  // namespace spikeweave
