// The feedback weights have the signs of the forward weights, and magnitudes of their own that stay as they are drawn.
//
// Source: Liao, Leibo & Poggio (2016), AAAI, "fixed random-magnitude sign-concordant feedback" (frSF).
// A forward weight of 0 counts as positive.
#pragma once

#include "spikeweave/learning/feedback/scheme.hpp"

namespace spikeweave {

struct SignConcordantFeedback {
  static constexpr std::string_view name = "sign_concordant";
  static constexpr std::string_view summary = "B has the signs of the forward weights and fixed random magnitudes.";
  static constexpr std::string_view source = "Liao et al. 2016";
  static constexpr bool is_drawn = true;

  double std = 1.0;
  FeedbackScale scale = FeedbackScale::population;

  static constexpr auto fields() {
    using Self = SignConcordantFeedback;
    return std::tuple{
        field("std", &Self::std, "", positive, "Standard deviation of the normal distribution B is drawn from."),
        field("scale", &Self::scale, scale_text),
    };
  }

  template <class Real>
  SW_HD static Real next(const FeedbackStep<Real>& step) {
    return (step.back < Real(0)) == (step.weight < Real(0)) ? step.back : -step.back;
  }
};

}  // namespace spikeweave
