// One entry per setting: key, member, unit, allowed range, meaning.
//
// A settings struct lists its entries in `static constexpr auto fields()`. The JSON reader, the JSON writer, the
// schema, `describe` and the reference in docs/ are derived from that list and nothing else; a default is the member's
// initialiser. A cross-check between settings stands in `void validate(const std::string& place) const` of the struct.
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <tuple>
#include <utility>

namespace spikeweave {

// The allowed values of a number.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = true;   // true: low itself is not allowed
  bool high_open = true;  // true: high itself is not allowed

  constexpr bool contains(double value) const {
    return (low_open ? value > low : value >= low) && (high_open ? value < high : value <= high);
  }
};

inline constexpr Range any_value{};
inline constexpr Range positive{0.0, std::numeric_limits<double>::infinity(), true, true};
inline constexpr Range non_negative{0.0, std::numeric_limits<double>::infinity(), false, true};
inline constexpr Range probability{0.0, 1.0, false, false};
inline constexpr Range below_one{0.0, 1.0, false, true};  // [0, 1)
inline constexpr Range open_unit{0.0, 1.0, true, true};   // (0, 1)
inline constexpr Range count_from(double low) {
  return {low, 1e15, false, false};
}
inline constexpr Range closed(double low, double high) {
  return {low, high, false, false};
}

template <class Owner, class T>
struct Field {
  std::string_view key;
  T Owner::*member;
  std::string_view unit;  // "" for a number without unit and for everything that is not a number
  Range range;            // of a number, of each number of a list, of a distribution's values
  std::string_view help;
};

template <class Owner, class T>
constexpr Field<Owner, T> field(std::string_view key, T Owner::*member, std::string_view unit, Range range,
                                std::string_view help) {
  return {key, member, unit, range, help};
}

template <class Owner, class T>
constexpr Field<Owner, T> field(std::string_view key, T Owner::*member, std::string_view help) {
  return {key, member, "", any_value, help};
}

// A struct with settings has fields().
template <class T>
concept HasFields = requires {
  T::fields();
};

// A struct that is one alternative of a Choice has a name; it may have a summary and a source too.
template <class T>
concept Named = requires {
  std::string_view{T::name};
};

// The JSON names of an enum's values, in the order of the enumerators, which count from 0: specialise for each enum.
template <class E>
struct EnumNames;  // static constexpr std::array<std::string_view, n> names

// Calls visit(field) for every entry of T.
template <class T, class Visitor>
constexpr void for_each_field(Visitor&& visit) {
  std::apply([&](const auto&... entry) { (visit(entry), ...); }, T::fields());
}

}  // namespace spikeweave
