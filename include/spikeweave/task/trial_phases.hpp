// The phases of a trial: stretches of steps in which a teacher is there or not, and what learning makes of each.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "spikeweave/core/field.hpp"

namespace spikeweave {

enum class TeacherMode { none, clamp, nudge };
template <>
struct EnumNames<TeacherMode> {
  static constexpr std::array<std::string_view, 3> names{"none", "clamp", "nudge"};
};

enum class LearningMoment { last_step, every_step };
template <>
struct EnumNames<LearningMoment> {
  static constexpr std::array<std::string_view, 2> names{"last_step", "every_step"};
};

struct TrialPhase {
  std::string name;
  int steps = 0;
  TeacherMode teacher = TeacherMode::none;
  double strength = 1.0;
  double weight = 0.0;
  LearningMoment moment = LearningMoment::last_step;
  bool average = false;
  bool scored = false;

  static constexpr auto fields() {
    using Self = TrialPhase;
    return std::tuple{
        field("name", &Self::name, "Name of the phase; unique."),
        field("steps", &Self::steps, "steps", count_from(1), "Length."),
        field(
            "teacher", &Self::teacher,
            "Whether the target stands in the place of what the taught neurons do, or pulls them; not in evaluation."),
        field("strength", &Self::strength, "", any_value, "nudge: how strongly."),
        field("weight", &Self::weight, "", any_value,
              "What learning multiplies its products of the phase by; 0: none."),
        field("moment", &Self::moment, "Of which steps the products are taken."),
        field("average", &Self::average, "Whether neurons that compare phases take averages over this one."),
        field("scored", &Self::scored, "Whether the task scores the outputs of the phase, in place of its own window."),
    };
  }
};

struct TrialPhases {
  std::string teaches;
  double low = 0.0;
  double high = 1.0;
  bool random_sign = false;
  std::vector<TrialPhase> sequence;

  static constexpr auto fields() {
    using Self = TrialPhases;
    return std::tuple{
        field("teaches", &Self::teaches,
              "The population that a teacher drives; as many neurons as the task has outputs, or as many for each."),
        field("low", &Self::low, "", any_value, "Target of a class that is not the trial's."),
        field("high", &Self::high, "", any_value, "Target of the class that is."),
        field("random_sign", &Self::random_sign,
              "Whether strength and weight of all phases change their signs in half of the trials, drawn at random."),
        field("sequence", &Self::sequence, "The phases in order, as long together as a trial; empty: there are none."),
    };
  }
  void validate(const std::string& place) const;
};

}  // namespace spikeweave
