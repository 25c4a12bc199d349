// Any settings value as JSON, keys in the order of their declaration.
#pragma once

#include <algorithm>
#include <string>

#include "host/config/kinds.hpp"
#include "host/config/parse.hpp"

namespace spikeweave {

template <class T>
Json to_json(const T& value);

namespace detail {
// Adds the keys of a struct to an object.
template <SettingsStruct T>
void add_fields(Json& object, const T& value) {
  for_each_field<T>([&](const auto& entry) { object[std::string(entry.key)] = to_json(value.*(entry.member)); });
}
}  // namespace detail

// The effective setting: every key, also where it has its default.
template <class T>
Json to_json(const T& value) {
  if constexpr (NamedEnum<T>) {
    return std::string(name_of(value));
  } else if constexpr (std::same_as<T, Distribution>) {
    if (value.is_constant()) return value.value;
    Words keys = keys_of(value.kind);
    keys.push_back("distribution");
    Json object = Json::object();
    for_each_field<Distribution>([&](const auto& entry) {
      if (std::find(keys.begin(), keys.end(), entry.key) != keys.end()) {
        object[std::string(entry.key)] = to_json(value.*(entry.member));
      }
    });
    return object;
  } else if constexpr (is_list<T>) {
    Json list = Json::array();
    for (const auto& element : value) list.push_back(to_json(element));
    return list;
  } else if constexpr (is_choice<T>) {
    Json object = Json::object();
    object[std::string(T::tag_key)] = std::string(value.name());
    value.visit([&](const auto& alternative) { detail::add_fields(object, alternative); });
    return object;
  } else if constexpr (SettingsStruct<T>) {
    Json object = Json::object();
    detail::add_fields(object, value);
    return object;
  } else {
    return value;
  }
}

}  // namespace spikeweave
