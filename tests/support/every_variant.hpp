// Every combination of the settings that are a choice between names.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>

#include "spikeweave/core/field.hpp"

namespace spikeweave::test {

// Calls visit(settings, text) for every combination; text tells which one. Other settings stay as they are.
template <std::size_t index = 0, class Params, class Visitor>
void for_every_variant(Params params, const Visitor& visit, const std::string& text = std::string(Params::name)) {
  if constexpr (index == std::tuple_size_v<decltype(Params::fields())>) {
    visit(params, text);
  } else {
    constexpr auto entry = std::get<index>(Params::fields());
    using T = std::decay_t<decltype(params.*entry.member)>;
    if constexpr (std::is_enum_v<T>) {
      for (std::size_t i = 0; i < EnumNames<T>::names.size(); ++i) {
        params.*entry.member = static_cast<T>(i);
        for_every_variant<index + 1>(params, visit,
                                     text + ", " + std::string(entry.key) + " " + std::string(EnumNames<T>::names[i]));
      }
    } else {
      for_every_variant<index + 1>(params, visit, text);
    }
  }
}

// Sets all amplitudes and learning rates, the settings with the unit of a weight. Returns how many there are.
template <class Params>
int set_amplitudes(Params& params, double value) {
  int count = 0;
  for_each_field<Params>([&](const auto& entry) {
    if constexpr (std::is_same_v<std::decay_t<decltype(params.*entry.member)>, double>) {
      if (entry.unit == "weight") {
        params.*entry.member = value;
        ++count;
      }
    }
  });
  return count;
}

}  // namespace spikeweave::test
