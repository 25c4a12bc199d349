// What kinds of members a settings struct may have, told apart at compile time.
//
// The reader, the writer, the schema and the tables each treat every kind once: bool, whole number, number, string,
// enum, Distribution, list, Choice, struct.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "host/config/text.hpp"
#include "spikeweave/core/choice.hpp"
#include "spikeweave/core/distribution.hpp"
#include "spikeweave/core/field.hpp"

namespace spikeweave {

template <class T>
concept WholeNumber = std::same_as<T, int> || std::same_as<T, std::uint64_t>;

template <class T>
concept NamedEnum = std::is_enum_v<T> && requires {
  EnumNames<T>::names;
};

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;

template <class T>
inline constexpr bool is_choice = false;
template <FixedString tag, class... Alternatives>
inline constexpr bool is_choice<Choice<tag, Alternatives...>> = true;

template <class T>
concept SettingsStruct = HasFields<T> && !std::same_as<T, Distribution>;

// Calls visit(defaults) for each alternative of a Choice, in order.
template <class Variant>
struct AlternativesOf;
template <class... Alternatives>
struct AlternativesOf<std::variant<Alternatives...>> {
  template <class Visitor>
  static void visit(Visitor&& visitor) {
    (visitor(Alternatives{}), ...);
  }
  // Makes the alternative at `index`, with its defaults, the value.
  static void emplace(std::variant<Alternatives...>& value, std::size_t index) {
    emplace_at(value, index, std::index_sequence_for<Alternatives...>{});
  }

 private:
  template <std::size_t... i>
  static void emplace_at(std::variant<Alternatives...>& value, std::size_t index, std::index_sequence<i...>) {
    ((index == i ? static_cast<void>(value.template emplace<i>()) : void()), ...);
  }
};
template <class C>
using Alternatives = AlternativesOf<decltype(C::value)>;

template <class T>
Words keys_of() {
  Words keys;
  for_each_field<T>([&](const auto& entry) { keys.push_back(entry.key); });
  return keys;
}

// The keys that a distribution of this kind has beside "distribution".
inline Words keys_of(DistributionKind kind) {
  switch (kind) {
    case DistributionKind::constant:
      return {"value"};
    case DistributionKind::uniform:
    case DistributionKind::log_uniform:
      return {"low", "high"};
    case DistributionKind::normal:
    case DistributionKind::truncated_normal:
      break;
  }
  return {"mean", "std"};
}

template <NamedEnum E>
std::string_view name_of(E value) {
  return EnumNames<E>::names[static_cast<std::size_t>(value)];
}

}  // namespace spikeweave
