#include "host/config/window_reader.hpp"

#include <algorithm>

#include "host/config/override.hpp"
#include "host/config/parse.hpp"
#include "host/config/read_value.hpp"
#include "host/config/validate.hpp"
#include "spikeweave/config/experiment.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

// Puts the name of the source in front of the message of an error in it.
template <class Action>
auto naming(const std::string& source, Action&& action) {
  try {
    return action();
  } catch (const InputError& error) {
    throw InputError(source, error.what());
  }
}

bool is_window_setting(const std::string& text) {
  return text.starts_with("/protocol/") || text.starts_with("/synapse/");
}

// Sets the overrides of `own` (those of the protocol and the synapse) or the others.
void apply(Json& root, const std::vector<std::string>& overrides, bool own) {
  for (const std::string& one : overrides) {
    if (is_window_setting(one) == own) apply_override(root, one);
  }
}

// What the protocol and the synapse say, over `settings`, whose defaults the source of the rule has set.
WindowSettings with_window_settings(WindowSettings settings, const std::string& protocol,
                                    const std::vector<std::string>& overrides) {
  const Words protocols = words_of(ProtocolSettings::names);
  if (std::find(protocols.begin(), protocols.end(), protocol) == protocols.end()) {
    throw InputError("--protocol", not_one_of(protocol, protocols));
  }
  Json json = Json::object();
  json["protocol"] = Json::object();
  json["protocol"][std::string(ProtocolSettings::tag_key)] = protocol;
  json["synapse"] = Json::object();
  apply(json, overrides, true);
  return naming("--set", [&] {
    detail::read_value(json["protocol"], {"/protocol", "", any_value}, settings.protocol);
    detail::read_value(json["synapse"], {"/synapse", "", any_value}, settings.synapse);
    validate_settings(settings, "");
    return settings;
  });
}

// Keys that an experiment's /learning object has for this rule beside those of the rule itself.
Words engine_keys(std::string_view rule) {
  Words keys;
  Alternatives<LearningSettings>::visit([&]<class A>(const A&) {
    if (A::name == rule) keys = keys_of<A>();
  });
  return keys;
}

PlasticitySettings rule_of_experiment(const Json& learning) {
  const std::string place = "/learning";
  const std::string tag(PlasticitySettings::tag_key);
  const Words names = words_of(PlasticitySettings::names);
  detail::require_object(learning, place);
  const auto name = learning.find(tag);
  if (name == learning.end()) throw InputError(place + "/" + tag, "missing; expected one of " + join(names));
  PlasticitySettings rule;
  Alternatives<PlasticitySettings>::emplace(rule.value, detail::read_name(*name, place + "/" + tag, names));
  std::visit(
      [&]<class Params>(Params& params) {
        Words known = keys_of<Params>();
        for (const std::string_view key : engine_keys(Params::name)) known.push_back(key);
        known.push_back(PlasticitySettings::tag_key);
        std::sort(known.begin(), known.end());
        known.erase(std::unique(known.begin(), known.end()), known.end());
        detail::require_known_keys(learning, place, known);
        detail::read_fields(learning, {place, "", any_value}, params);
      },
      rule.value);
  return rule;
}

const Json& member_of(const Json& json, const char* key) {
  detail::require_object(json, "");
  const auto found = json.find(key);
  if (found == json.end()) throw InputError(std::string("/") + key, "missing; expected an object");
  return *found;
}

WindowSettings settings_of_experiment(const Json& json) {
  WindowSettings settings;
  settings.rule = rule_of_experiment(member_of(json, "learning"));
  NetworkSettings network;
  detail::read_value(member_of(json, "network"), {"/network", "", any_value}, network);
  validate_settings(network, "/network");
  settings.synapse.dt = network.dt;
  const auto trained = std::find_if(network.projections.begin(), network.projections.end(),
                                    [](const ProjectionSettings& projection) { return projection.trainable; });
  if (trained == network.projections.end()) throw InputError("/network/projections", "none is trainable");
  settings.synapse.low = trained->low;
  settings.synapse.high = trained->high;
  return settings;
}

}  // namespace

WindowSettings read_window(const std::string& rule, const std::string& protocol,
                           const std::vector<std::string>& overrides) {
  const Words names = words_of(PlasticitySettings::names);
  if (std::find(names.begin(), names.end(), rule) == names.end()) throw InputError("--rule", not_one_of(rule, names));
  Json json = Json::object();
  json[std::string(PlasticitySettings::tag_key)] = rule;
  apply(json, overrides, false);
  WindowSettings settings;
  naming("--rule " + rule, [&] { detail::read_value(json, {"", "", any_value}, settings.rule); });
  return with_window_settings(std::move(settings), protocol, overrides);
}

WindowSettings load_window(const std::string& path, const std::string& protocol,
                           const std::vector<std::string>& overrides) {
  const std::string text = read_text_file(path);
  Json json = naming(path, [&] { return parse_json(text); });
  apply(json, overrides, false);
  return with_window_settings(naming(path, [&] { return settings_of_experiment(json); }), protocol, overrides);
}

std::string write_window(const WindowSettings& settings) {
  return to_json(settings).dump();
}

}  // namespace spikeweave
