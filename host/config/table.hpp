// The settings as tables of text: key, type, unit, default, allowed values, meaning. For `describe` and docs/.
#pragma once

#include <string>
#include <vector>

#include "host/config/json.hpp"
#include "host/config/validate.hpp"

namespace spikeweave {

struct SettingRow {
  std::string key;   // relative to the section: "tau_m", "rate_regularization/average", "populations/N/name"
  std::string type;  // "number", "whole number", "list of names", ...
  std::string unit;
  std::string default_text;  // "required" where the key cannot be left out
  std::string allowed;       // range or names; "" where everything is allowed
  std::string help;
};

// The settings of a struct and of all structs inside it; what a Choice adds stands in sections of its own.
struct SettingSection {
  std::string pointer;  // JSON pointer of the object: "", "/task", "/network/populations/N/neuron"
  std::string tag;      // key that chooses: "type"; "" if the object is no alternative of a choice
  std::string name;     // the alternative: "adam"
  std::string summary, source;
  std::vector<SettingRow> rows;
};

template <class T>
std::string summary_of() {
  if constexpr (requires { T::summary; }) return std::string(T::summary);
  return "";
}
template <class T>
std::string source_of() {
  if constexpr (requires { T::source; }) return std::string(T::source);
  return "";
}

namespace detail {

template <class T>
std::string type_text() {
  if constexpr (std::same_as<T, bool>) {
    return "true or false";
  } else if constexpr (std::same_as<T, std::string>) {
    return "text";
  } else if constexpr (WholeNumber<T>) {
    return "whole number";
  } else if constexpr (std::same_as<T, double>) {
    return "number";
  } else if constexpr (std::same_as<T, Distribution>) {
    return "number or distribution";
  } else if constexpr (is_list<T>) {
    const std::string element = type_text<typename T::value_type>();
    return (std::same_as<typename T::value_type, std::string> ? "text or list of " : "list of ") + element + "s";
  } else if constexpr (SettingsStruct<T>) {
    return "object";
  } else {
    return "name";
  }
}

template <class T>
std::string default_text(const T& value, const Range& range) {
  if (must_be_given(value, range)) return "required";
  if constexpr (std::same_as<T, double> || WholeNumber<T>) return number_text(static_cast<double>(value));
  if constexpr (NamedEnum<T>) return std::string(name_of(value));
  if constexpr (is_choice<T>) return std::string(value.name());
  if constexpr (SettingsStruct<T>) return "";  // its members say theirs
  if constexpr (std::same_as<T, Distribution>) {
    if (value.is_constant()) return number_text(value.value);
  }
  return to_json(value).dump();
}

template <class T>
std::string allowed_text(const Range& range) {
  if constexpr (NamedEnum<T>) return join(words_of(EnumNames<T>::names));
  if constexpr (is_choice<T>) return join(words_of(T::names));
  return range_text(range);
}

// Adds the settings of `value` to section `section` of `out`, keys behind `prefix`, and a section per alternative.
template <SettingsStruct T>
void add_rows(const T& value, const std::string& prefix, std::size_t section, std::vector<SettingSection>& out);

template <class C>
void add_choice(const C& value, const SettingRow& row, const std::string& pointer, std::size_t section,
                std::vector<SettingSection>& out) {
  out[section].rows.push_back(row);
  Alternatives<C>::visit([&]<class A>(const A& defaults) {
    out.push_back({pointer, std::string(C::tag_key), std::string(A::name), summary_of<A>(), source_of<A>(), {}});
    const A* const effective = value.template get_if<A>();  // the owner may start it with other values than A does
    add_rows(effective ? *effective : defaults, "", out.size() - 1, out);
  });
}

// What stands inside of a struct, or inside of each element of a list of structs.
template <class T>
void add_inner_rows(const T& value, const std::string& key, std::size_t section, std::vector<SettingSection>& out) {
  if constexpr (SettingsStruct<T>) {
    add_rows(value, key + '/', section, out);
  } else if constexpr (is_list<T>) {
    add_inner_rows(typename T::value_type{}, key + "/N", section, out);
  }
}

template <SettingsStruct T>
void add_rows(const T& value, const std::string& prefix, std::size_t section, std::vector<SettingSection>& out) {
  for_each_field<T>([&](const auto& entry) {
    const auto& member = value.*(entry.member);
    using Member = std::remove_cvref_t<decltype(member)>;
    const std::string key = prefix + std::string(entry.key);
    SettingRow row{key, "", std::string(entry.unit), "", "", std::string(entry.help)};
    if constexpr (is_choice<Member>) {
      row.key += '/' + std::string(Member::tag_key);
      row.type = type_text<Member>();
      row.default_text = default_text(member, entry.range);
      row.allowed = allowed_text<Member>(entry.range);
      add_choice(member, row, out[section].pointer + '/' + key, section, out);
    } else {
      row.type = type_text<Member>();
      row.default_text = default_text(member, entry.range);
      row.allowed = allowed_text<Member>(entry.range);
      out[section].rows.push_back(row);
      add_inner_rows(member, key, section, out);
    }
  });
}

}  // namespace detail

// The settings of T, which stands at `pointer`; the first section is T's own.
template <SettingsStruct T>
std::vector<SettingSection> settings_table(const std::string& pointer) {
  std::vector<SettingSection> sections{{pointer, "", "", summary_of<T>(), source_of<T>(), {}}};
  detail::add_rows(T{}, "", 0, sections);
  return sections;
}

}  // namespace spikeweave
