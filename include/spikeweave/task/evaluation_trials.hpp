// How many trials a task that makes its trials has for evaluation.
#pragma once

#include "spikeweave/core/field.hpp"

namespace spikeweave {

// Trials for evaluation of the tasks that make their trials.
struct EvaluationTrials {
  int valid = 64;
  int test = 256;

  static constexpr auto fields() {
    using Self = EvaluationTrials;
    return std::tuple{
        field("valid", &Self::valid, "trials", closed(1, 1e9), "Trials of the validation split."),
        field("test", &Self::test, "trials", closed(1, 1e9), "Trials of the test split."),
    };
  }
};

}  // namespace spikeweave
