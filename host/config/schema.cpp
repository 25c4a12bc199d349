#include "host/config/schema.hpp"

#include <cmath>

#include "host/config/json.hpp"
#include "host/config/validate.hpp"
#include "spikeweave/config/experiment.hpp"

namespace spikeweave {
namespace {

template <class T>
Json schema_of(const T& defaults, const Range& range);

Json typed(const char* type) {
  Json schema = Json::object();
  schema["type"] = type;
  return schema;
}

Json number_schema(const char* type, const Range& range) {
  Json schema = typed(type);
  // Bounds of whole numbers are whole numbers in the schema too.
  const auto bound = [&schema](const char* key, double value) {
    if (value == std::trunc(value)) {
      schema[key] = static_cast<std::int64_t>(value);
    } else {
      schema[key] = value;
    }
  };
  if (std::isfinite(range.low)) bound(range.low_open ? "exclusiveMinimum" : "minimum", range.low);
  if (std::isfinite(range.high)) bound(range.high_open ? "exclusiveMaximum" : "maximum", range.high);
  return schema;
}

Json names_schema(const Words& names) {
  Json schema = Json::object();
  schema["enum"] = Json::array();
  for (const std::string_view name : names) schema["enum"].push_back(std::string(name));
  return schema;
}

Json object_schema() {
  Json schema = typed("object");
  schema["properties"] = Json::object();
  schema["additionalProperties"] = false;
  return schema;
}

Json tag_schema(std::string_view name) {
  Json schema = Json::object();
  schema["const"] = std::string(name);
  return schema;
}

// Adds the keys of a struct to the schema of an object.
template <SettingsStruct T>
void add_properties(Json& schema, const T& defaults) {
  for_each_field<T>([&](const auto& entry) {
    const auto& member = defaults.*(entry.member);
    using Member = std::remove_cvref_t<decltype(member)>;
    const std::string key(entry.key);
    Json property = schema_of(member, entry.range);
    property["description"] = std::string(entry.help) + unit_text(entry.unit);
    if (must_be_given(member, entry.range)) {
      schema["required"].push_back(key);
    } else if constexpr (!SettingsStruct<Member>) {
      property["default"] = to_json(member);
    }
    schema["properties"][key] = std::move(property);
  });
}

Json distribution_schema(const Range& range) {
  Json schema = Json::object();
  schema["oneOf"] = Json::array({number_schema("number", range)});
  for (std::size_t i = 0; i < EnumNames<DistributionKind>::names.size(); ++i) {
    const auto kind = static_cast<DistributionKind>(i);
    Json object = object_schema();
    object["title"] = std::string(name_of(kind));
    object["required"] = Json::array({"distribution"});
    object["properties"]["distribution"] = tag_schema(name_of(kind));
    for_each_field<Distribution>([&](const auto& entry) {
      const Words keys = keys_of(kind);
      if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) return;
      const std::string key(entry.key);
      Json property = number_schema("number", key == "std" ? entry.range : range);
      property["description"] = std::string(entry.help);
      object["properties"][key] = std::move(property);
      if constexpr (std::same_as<std::remove_cvref_t<decltype(Distribution{}.*(entry.member))>, double>) {
        if (must_be_given(Distribution{}.*(entry.member), range)) object["required"].push_back(key);
      }
    });
    schema["oneOf"].push_back(std::move(object));
  }
  return schema;
}

template <class C>
Json choice_schema(const C& defaults) {
  Json schema = Json::object();
  schema["oneOf"] = Json::array();
  Alternatives<C>::visit([&]<class A>(const A& plain) {
    const std::string tag(C::tag_key);
    const A* const effective = defaults.template get_if<A>();
    Json object = object_schema();
    object["title"] = std::string(A::name);
    if constexpr (requires { A::summary; }) object["description"] = std::string(A::summary);
    object["required"] = Json::array();
    if (C::names.size() > 1) object["required"].push_back(tag);
    object["properties"][tag] = tag_schema(A::name);
    add_properties(object, effective ? *effective : plain);
    schema["oneOf"].push_back(std::move(object));
  });
  return schema;
}

template <class T>
Json schema_of(const T& defaults, const Range& range) {
  if constexpr (std::same_as<T, bool>) {
    return typed("boolean");
  } else if constexpr (std::same_as<T, std::string>) {
    return typed("string");
  } else if constexpr (WholeNumber<T>) {
    return number_schema("integer", range);
  } else if constexpr (std::same_as<T, double>) {
    return number_schema("number", range);
  } else if constexpr (NamedEnum<T>) {
    return names_schema(words_of(EnumNames<T>::names));
  } else if constexpr (std::same_as<T, Distribution>) {
    return distribution_schema(range);
  } else if constexpr (is_list<T>) {
    Json list = typed("array");
    list["items"] = schema_of(typename T::value_type{}, range);
    if constexpr (!std::same_as<typename T::value_type, std::string>) return list;
    Json schema = Json::object();
    schema["oneOf"] = Json::array({typed("string"), list});
    return schema;
  } else if constexpr (is_choice<T>) {
    return choice_schema(defaults);
  } else {
    Json schema = object_schema();
    add_properties(schema, defaults);
    return schema;
  }
}

}  // namespace

std::string experiment_schema() {
  Json schema = Json::object();
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "Spikeweave experiment";
  schema.update(schema_of(Experiment{}, any_value));
  return schema.dump(2);
}

}  // namespace spikeweave
