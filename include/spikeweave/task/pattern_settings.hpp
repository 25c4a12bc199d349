// Settings of the task that classifies patterns which stand in the experiment file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spikeweave/core/field.hpp"

namespace spikeweave {

struct LabelledPattern {
  std::vector<double> input;
  int label = -1;

  static constexpr auto fields() {
    return std::tuple{
        field("input", &LabelledPattern::input, "", any_value, "A number for each input channel; a current."),
        field("label", &LabelledPattern::label, "", closed(0, 1e4), "Its class, counted from 0."),
    };
  }
};

struct PatternClassificationSettings {
  static constexpr std::string_view name = "pattern_classification";
  static constexpr std::string_view summary = "Tell the class of each pattern of a list in the experiment file.";
  static constexpr std::string_view source = "-";

  std::vector<LabelledPattern> patterns;
  int steps = 1;
  bool tested = true;

  static constexpr auto fields() {
    using Self = PatternClassificationSettings;
    return std::tuple{
        field("patterns", &Self::patterns, "The patterns, such as the rows of a truth table; the training split."),
        field("steps", &Self::steps, "steps", closed(1, 1e9), "How long a pattern is shown, all of it scored."),
        field("tested", &Self::tested,
              "Whether the patterns are the test split too; false where trials continue each other, which leaves "
              "nothing to evaluate on."),
    };
  }
  // One number of inputs; two classes or more.
  void validate(const std::string& place) const;
};

}  // namespace spikeweave
