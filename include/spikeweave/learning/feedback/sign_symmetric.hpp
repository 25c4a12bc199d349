// The feedback weights have the signs of the forward weights, and one magnitude.
//
// Source: Liao, Leibo & Poggio (2016), AAAI, "How important is weight symmetry in backpropagation?".
#pragma once

#include "spikeweave/learning/feedback/scheme.hpp"

namespace spikeweave {

struct SignSymmetricFeedback {
  static constexpr std::string_view name = "sign_symmetric";
  static constexpr std::string_view summary = "B has the signs of the forward weights, all with one magnitude.";
  static constexpr std::string_view source = "Liao et al. 2016; Akrout et al. 2019";
  static constexpr bool is_drawn = false;

  double std = 1.0;
  FeedbackScale scale = FeedbackScale::population;

  static constexpr auto fields() {
    using Self = SignSymmetricFeedback;
    return std::tuple{
        field("std", &Self::std, "", positive, "Magnitude of every B."),
        field("scale", &Self::scale, scale_text),
    };
  }

  template <class Real>
  SW_HD static Real next(const FeedbackStep<Real>& step) {
    return step.weight > Real(0) ? step.magnitude : step.weight < Real(0) ? -step.magnitude : Real(0);
  }
};

}  // namespace spikeweave
