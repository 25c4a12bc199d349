// Feedback alignment: fixed random weights; the forward weights come to fit them.
#pragma once

#include "spikeweave/learning/feedback/scheme.hpp"

namespace spikeweave {

struct RandomFeedback {
  static constexpr std::string_view name = "random";
  static constexpr std::string_view summary =
      "B is drawn once and stays as it is: feedback alignment with the rule bptt, direct feedback alignment with "
      "eprop.";
  static constexpr std::string_view source = "Lillicrap et al. 2016; Nokland 2016; Bellec et al. 2020";
  static constexpr bool is_drawn = true;

  double std = 1.0;
  FeedbackScale scale = FeedbackScale::unit;

  static constexpr auto fields() {
    using Self = RandomFeedback;
    return std::tuple{
        field("std", &Self::std, "", positive, "Standard deviation of the normal distribution B is drawn from."),
        field("scale", &Self::scale, scale_text),
    };
  }
};

}  // namespace spikeweave
