// Errors travel back through the forward weights.
#pragma once

#include "spikeweave/learning/feedback/scheme.hpp"

namespace spikeweave {

struct SymmetricFeedback {
  static constexpr std::string_view name = "symmetric";
  static constexpr std::string_view summary = "B is the transpose of the forward weights, read at every update.";
  static constexpr std::string_view source = "Bellec et al. 2020";
  static constexpr bool is_drawn = false;

  static constexpr auto fields() { return std::tuple{}; }

  template <class Real>
  SW_HD static Real next(const FeedbackStep<Real>& step) {
    return step.weight;
  }
};

}  // namespace spikeweave
