// Calls validate() of every struct of the settings, the nested ones first, each with its own JSON pointer.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <fmt/format.h>

#include "host/config/kinds.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/learning/all.hpp"
#include "spikeweave/network/settings.hpp"

namespace spikeweave {

// Throws InputError "<JSON pointer>: ..." at the first setting that does not go with the others.
// place: JSON pointer of `value`; "" for the whole experiment.
template <class T>
void validate_settings([[maybe_unused]] const T& value, [[maybe_unused]] const std::string& place) {
  if constexpr (is_choice<T>) {
    value.visit([&](const auto& alternative) { validate_settings(alternative, place); });
  } else if constexpr (is_list<T>) {
    for (std::size_t i = 0; i < value.size(); ++i) validate_settings(value[i], fmt::format("{}/{}", place, i));
  } else if constexpr (SettingsStruct<T>) {
    for_each_field<T>(
        [&](const auto& entry) { validate_settings(value.*(entry.member), fmt::format("{}/{}", place, entry.key)); });
    if constexpr (requires { value.validate(place); }) value.validate(place);
  }
}

inline bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether one of the ends of a projection is the population or a compartment of it.
inline bool reaches(const std::vector<std::string>& ends, std::string_view population) {
  return std::any_of(ends.begin(), ends.end(),
                     [population](const std::string& end) { return end_name(end).population == population; });
}

// True if the default of a setting is no valid value, so that the key cannot be left out.
template <class T>
bool must_be_given(const T& default_value, const Range& range) {
  if constexpr (WholeNumber<T> || std::same_as<T, double>) {
    return !range.contains(static_cast<double>(default_value));
  } else {
    try {
      validate_settings(default_value, "");
    } catch (const InputError&) {
      return true;
    }
    return false;
  }
}

// Whether weights change while a trial runs, by a plasticity rule.
inline bool changes_within_trial(const LearningSettings& learning) {
  bool is_online = false;
  visit_plasticity(learning, [&]<template <class> class>(const auto& settings) {
    is_online = settings.form != PlasticityForm::trial;
  });
  return is_online;
}
// Whether they do by a rule whose changes of single steps may count for more or less.
inline bool weighs_changes(const LearningSettings& learning) {
  bool is_known = false;
  visit_plasticity(learning, [&]<template <class> class Rule>(const auto&) { is_known = is_weighted<Rule<double>>; });
  return is_known && changes_within_trial(learning);
}

struct Experiment;
// What phases, teachers and rules of phases ask of the rest; place: of the experiment.
void check_phases(const Experiment& experiment, bool has_outputs, const std::string& place);
// Which rules know second compartments.
void check_compartments(const Experiment& experiment, const std::string& place);

}  // namespace spikeweave
