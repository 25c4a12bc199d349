// An array read from a file: row-major values with their shape, and the one rule by which stored numbers become
// elements of another type.
//
// Rule: a number may be rounded to a floating-point type, and is otherwise kept exactly. What an integer type cannot
// hold (a fraction, NaN, a value out of range) and what overflows to infinity is an InputError that names the element.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "spikeweave/core/error.hpp"

namespace spikeweave {

template <class T>
struct Array {
  std::vector<std::size_t> shape;  // outermost dimension first; empty for a single number
  std::vector<T> values;           // row-major
};

// Product of the extents; nothing where it does not fit std::size_t.
inline std::optional<std::size_t> element_count(std::span<const std::size_t> shape) {
  for (const std::size_t extent : shape) {
    if (extent == 0) return 0;
  }
  std::size_t count = 1;
  for (const std::size_t extent : shape) {
    if (count > std::numeric_limits<std::size_t>::max() / extent) return std::nullopt;
    count *= extent;
  }
  return count;
}

inline std::string shape_text(std::span<const std::size_t> shape) {
  std::string text = "[";  // a loop: fmt::join over integers makes g++ 12 warn at -O3 (fmt 9)
  for (const std::size_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  return text + "]";
}

// "float32", "uint8", ...: the name NumPy gives the type.
template <class T>
std::string element_type_name() {
  static_assert(std::is_arithmetic_v<T>);
  const char* kind = std::is_floating_point_v<T> ? "float" : std::is_signed_v<T> ? "int" : "uint";
  return kind + std::to_string(8 * sizeof(T));
}

template <class To, class From>
bool is_representable(From value) {
  if constexpr (std::is_floating_point_v<To> && std::is_floating_point_v<From>) {
    if constexpr (sizeof(To) >= sizeof(From)) return true;
    return !std::isfinite(value) || std::abs(value) <= static_cast<From>(std::numeric_limits<To>::max());
  } else if constexpr (std::is_floating_point_v<To>) {
    return true;
  } else if constexpr (std::is_floating_point_v<From>) {
    const auto number = static_cast<double>(value);
    return number >= static_cast<double>(std::numeric_limits<To>::min()) &&
           number < std::ldexp(1.0, std::numeric_limits<To>::digits) && number == std::trunc(number);
  } else {
    return std::in_range<To>(value);
  }
}

// Appends stored numbers to values; place names their source in an error.
template <class To, class From>
void append_converted(std::span<const From> stored, const std::string& place, std::vector<To>& values) {
  if constexpr (std::is_same_v<To, From>) {
    values.insert(values.end(), stored.begin(), stored.end());
  } else {
    for (const From number : stored) {
      if (!is_representable<To>(number)) {
        throw InputError(place, fmt::format("element {} is {}, which {} cannot hold", values.size(), number,
                                            element_type_name<To>()));
      }
      values.push_back(static_cast<To>(number));
    }
  }
}

}  // namespace spikeweave
