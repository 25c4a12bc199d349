// A setting that is one of several structs, told apart by a key: {"type": "adam", "learning_rate": 0.005}.
//
// Choice<"type", Sgd, Adam> is a std::variant with the name of that key. The first alternative is the default.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <variant>

#include "spikeweave/core/field.hpp"

namespace spikeweave {

template <std::size_t n>
struct FixedString {
  char text[n]{};
  constexpr FixedString(const char (&literal)[n]) { std::copy_n(literal, n, text); }
  constexpr std::string_view view() const { return {text, n - 1}; }
};

template <FixedString tag, Named... Alternatives>
struct Choice {
  static constexpr std::string_view tag_key = tag.view();
  static constexpr std::array<std::string_view, sizeof...(Alternatives)> names{Alternatives::name...};

  std::variant<Alternatives...> value{};

  std::string_view name() const { return names[value.index()]; }
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&value);
  }
  template <class Visitor>
  decltype(auto) visit(Visitor&& visitor) const {
    return std::visit(std::forward<Visitor>(visitor), value);
  }
};

}  // namespace spikeweave
