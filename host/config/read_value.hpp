// Reads any settings value from JSON, checking types, ranges, names and keys on the way.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "host/config/json.hpp"
#include "host/config/parse.hpp"
#include "host/config/validate.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::detail {

// Where a value stands and what the declaration allows there.
struct Spot {
  std::string place;  // JSON pointer
  std::string_view unit;
  Range range;

  Spot below(std::string_view key) const { return {fmt::format("{}/{}", place, pointer_token(key)), unit, range}; }
};

inline void require_in_range(double value, const std::string& found, const Spot& at) {
  if (at.range.contains(value)) return;
  throw InputError(at.place, fmt::format("{} is outside {}{}", found, range_text(at.range), unit_text(at.unit)));
}

inline void require_object(const Json& json, const std::string& place) {
  if (!json.is_object()) fail_expected(place, "an object", json);
}

// Throws at the first key of the object that is not among `known`.
void require_known_keys(const Json& object, const std::string& place, Words known);

// Index of the name among `names`.
std::size_t read_name(const Json& json, const std::string& place, const Words& names);

void read_distribution(const Json& json, const Spot& at, Distribution& value);

// The numbers that both ranges allow.
inline Range overlap(Range a, const Range& b) {
  if (b.low > a.low) {
    a.low = b.low;
    a.low_open = b.low_open;
  }
  if (b.high < a.high) {
    a.high = b.high;
    a.high_open = b.high_open;
  }
  return a;
}

template <class T>
void read_value(const Json& json, const Spot& at, T& value);

template <WholeNumber T>
void read_whole_number(const Json& json, Spot at, T& value) {
  constexpr double exact = 9007199254740992.0;  // 2^53: up to here every whole number is a double
  const bool whole = json.is_number_integer() || (json.is_number() && std::abs(json.get<double>()) <= exact &&
                                                  std::trunc(json.get<double>()) == json.get<double>());
  if (!whole) fail_expected(at.place, "a whole number", json);
  const Range type = {static_cast<double>(std::numeric_limits<T>::min()),
                      std::min(static_cast<double>(std::numeric_limits<T>::max()), exact), false, false};
  at.range = overlap(at.range, type);
  require_in_range(json.get<double>(), json.dump(), at);
  value = json.is_number_integer() ? json.get<T>() : static_cast<T>(json.get<double>());
}

// What a setting that must not be left out looks like.
template <class T>
std::string expected_text(const Spot& at) {
  if constexpr (is_choice<T>) {
    return fmt::format("an object with {}, one of {}", in_quotes(T::tag_key), join(words_of(T::names)));
  } else if constexpr (SettingsStruct<T>) {
    return "an object with the keys " + join(keys_of<T>());
  } else {
    return fmt::format("a number in {}{}", range_text(at.range), unit_text(at.unit));
  }
}

// The member of an object under this key; if it is absent the value stays, unless that is no valid one.
template <class T>
void read_member(const Json& object, const Spot& at, std::string_view key, T& value) {
  const auto found = object.find(key);
  if (found != object.end()) {
    read_value(*found, at, value);
  } else if (must_be_given(value, at.range)) {
    throw InputError(at.place, "missing; expected " + expected_text<T>(at));
  }
}

template <SettingsStruct T>
void read_fields(const Json& json, const Spot& at, T& value) {
  for_each_field<T>([&](const auto& entry) {
    const Spot spot{fmt::format("{}/{}", at.place, entry.key), entry.unit, entry.range};
    read_member(json, spot, entry.key, value.*(entry.member));
  });
}

template <class C>
void read_choice(const Json& json, const Spot& at, C& value) {
  require_object(json, at.place);
  const auto tag = json.find(C::tag_key);
  const Spot tag_spot = at.below(C::tag_key);
  if (tag != json.end()) {
    const std::size_t index = read_name(*tag, tag_spot.place, words_of(C::names));
    if (index != value.value.index()) Alternatives<C>::emplace(value.value, index);
  } else if (C::names.size() > 1) {
    throw InputError(tag_spot.place, "missing; expected one of " + join(words_of(C::names)));
  }
  std::visit(
      [&]<class T>(T& alternative) {
        Words known = keys_of<T>();
        known.push_back(C::tag_key);
        require_known_keys(json, at.place, known);
        read_fields(json, at, alternative);
      },
      value.value);
}

template <class T>
void read_list(const Json& json, const Spot& at, std::vector<T>& value) {
  value.clear();
  if (std::same_as<T, std::string> && json.is_string()) {
    read_value(json, at, value.emplace_back());
    return;
  }
  if (!json.is_array()) fail_expected(at.place, std::same_as<T, std::string> ? "a string or a list" : "a list", json);
  for (std::size_t i = 0; i < json.size(); ++i) read_value(json[i], at.below(std::to_string(i)), value.emplace_back());
}

template <class T>
void read_value(const Json& json, const Spot& at, T& value) {
  if constexpr (std::same_as<T, bool>) {
    if (!json.is_boolean()) fail_expected(at.place, "true or false", json);
    value = json.get<bool>();
  } else if constexpr (std::same_as<T, std::string>) {
    if (!json.is_string()) fail_expected(at.place, "a string", json);
    value = json.get<std::string>();
  } else if constexpr (std::same_as<T, double>) {
    if (!json.is_number()) fail_expected(at.place, "a number", json);
    value = json.get<double>();
    require_in_range(value, json.dump(), at);
  } else if constexpr (WholeNumber<T>) {
    read_whole_number(json, at, value);
  } else if constexpr (NamedEnum<T>) {
    value = static_cast<T>(read_name(json, at.place, words_of(EnumNames<T>::names)));
  } else if constexpr (std::same_as<T, Distribution>) {
    read_distribution(json, at, value);
  } else if constexpr (is_list<T>) {
    read_list(json, at, value);
  } else if constexpr (is_choice<T>) {
    read_choice(json, at, value);
  } else {
    static_assert(SettingsStruct<T>, "a setting of this type cannot be read from JSON");
    require_object(json, at.place);
    require_known_keys(json, at.place, keys_of<T>());
    read_fields(json, at, value);
  }
}

}  // namespace spikeweave::detail
