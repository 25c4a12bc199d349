#include "host/config/override.hpp"

#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "host/config/text.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

// The keys of a JSON pointer, unescaped.
std::vector<std::string> keys_of_pointer(std::string_view pointer, const std::string& place) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      keys.emplace_back();
    } else if (pointer[i] != '~') {
      keys.back() += pointer[i];
    } else {
      const char code = ++i < pointer.size() ? pointer[i] : '\0';
      if (code != '0' && code != '1') throw InputError(place, "in a JSON pointer ~ stands only in ~0 (~) and ~1 (/)");
      keys.back() += code == '0' ? '~' : '/';
    }
  }
  return keys;
}

Json& element_of(Json& list, const std::string& key, const std::string& parent, const std::string& place) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (key.empty() || error != std::errc{} || end != key.data() + key.size() || index > list.size()) {
    throw InputError(place,
                     fmt::format("{} is a list of {}; {} is no index of it", parent, list.size(), in_quotes(key)));
  }
  if (index == list.size()) list.push_back(nullptr);
  return list[index];
}

Json value_of(const std::string& text, const std::string& place) {
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_discarded()) return value;
  value = text;
  try {
    static_cast<void>(value.dump());
  } catch (const Json::type_error&) {
    throw InputError(place, "the value is not UTF-8");
  }
  return value;
}

}  // namespace

void apply_override(Json& root, const std::string& text) {
  const std::string place = "--set " + text;
  const std::size_t equals = text.find('=');
  if (text.empty() || text.front() != '/' || equals == std::string::npos) {
    throw InputError(place, "expected /json/pointer=value, e.g. /training/epochs=10");
  }
  Json* node = &root;
  std::string parent;
  for (const std::string& key : keys_of_pointer(std::string_view(text).substr(0, equals), place)) {
    if (node->is_null()) *node = Json::object();
    if (node->is_object()) {
      node = &(*node)[key];
    } else if (node->is_array()) {
      node = &element_of(*node, key, parent, place);
    } else {
      throw InputError(
          place, fmt::format("{} is {}; only an object or a list has {}", parent, found_text(*node), in_quotes(key)));
    }
    parent += '/' + pointer_token(key);
  }
  *node = value_of(text.substr(equals + 1), place);
}

}  // namespace spikeweave
