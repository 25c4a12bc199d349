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
  return text.starts_with("/protocol/") || text.starts_with("/synapse/") || text.starts_with("/neuron/");
}

// Sets the overrides of `own` (those of the protocol and what it acts on) or the others.
void apply(Json& root, const std::vector<std::string>& overrides, bool own) {
  for (const std::string& one : overrides) {
    if (is_window_setting(one) == own) apply_override(root, one);
  }
}

// What the overrides say of the window, over `settings`, whose defaults the source of the rule has set.
template <class Settings>
Settings with_window_settings(Settings settings, Json json, const std::vector<std::string>& overrides) {
  apply(json, overrides, true);
  return naming("--set", [&] {
    detail::read_value(json, {"", "", any_value}, settings);
    validate_settings(settings, "");
    return settings;
  });
}

// The protocol chosen on the command line, without settings.
Json json_of(const std::string& protocol) {
  const Words protocols = words_of(ProtocolSettings::names);
  if (std::find(protocols.begin(), protocols.end(), protocol) == protocols.end()) {
    throw InputError("--protocol", not_one_of(protocol, protocol_names()));
  }
  Json json = Json::object();
  json["protocol"][std::string(ProtocolSettings::tag_key)] = protocol;
  return json;
}

// The rule of this name with the overrides that are settings of it.
template <class C>
void read_rule(const std::string& rule, const std::vector<std::string>& overrides, C& settings) {
  const Words names = words_of(C::names);
  if (std::find(names.begin(), names.end(), rule) == names.end()) throw InputError("--rule", not_one_of(rule, names));
  Json json = Json::object();
  json[std::string(C::tag_key)] = rule;
  apply(json, overrides, false);
  naming("--rule " + rule, [&] { detail::read_value(json, {"", "", any_value}, settings); });
}

PlasticitySettings rule_of_experiment(const Json& json) {
  LearningSettings learning;
  detail::read_value(json, {"/learning", "", any_value}, learning);
  PlasticitySettings rule;
  learning.visit([&]<class S>(const S& settings) {
    if constexpr (PlasticSettings<S>) {
      rule.value = static_cast<const typename S::RuleParams&>(settings);
    } else {
      throw InputError("/learning/rule", not_one_of(S::name, words_of(PlasticitySettings::names)));
    }
  });
  return rule;
}

const Json& member_of(const Json& json, const char* key) {
  detail::require_object(json, "");
  const auto found = json.find(key);
  if (found == json.end()) throw InputError(std::string("/") + key, "missing; expected an object");
  return *found;
}

NetworkSettings network_of(const Json& experiment) {
  NetworkSettings network;
  detail::read_value(member_of(experiment, "network"), {"/network", "", any_value}, network);
  validate_settings(network, "/network");
  return network;
}

const ProjectionSettings& first_trainable(const NetworkSettings& network) {
  const auto trained = std::find_if(network.projections.begin(), network.projections.end(),
                                    [](const ProjectionSettings& projection) { return projection.trainable; });
  if (trained == network.projections.end()) throw InputError("/network/projections", "none is trainable");
  return *trained;
}

WindowSettings settings_of_experiment(const Json& json) {
  WindowSettings settings;
  settings.rule = rule_of_experiment(member_of(json, "learning"));
  const NetworkSettings network = network_of(json);
  settings.synapse.dt = network.dt;
  settings.synapse.low = first_trainable(network).low;
  settings.synapse.high = first_trainable(network).high;
  return settings;
}

ForcedWindowSettings forced_settings_of_experiment(const Json& json) {
  ForcedWindowSettings settings;
  detail::read_value(member_of(json, "learning"), {"/learning", "", any_value}, settings.rule);
  const NetworkSettings network = network_of(json);
  settings.protocol.dt = network.dt;
  const std::string& to = first_trainable(network).to.front();
  const auto post = std::find_if(network.populations.begin(), network.populations.end(),
                                 [&to](const PopulationSettings& population) { return population.name == to; });
  if (post == network.populations.end()) {
    throw InputError("/network/projections",
                     "the first trainable one ends at " + in_quotes(to) + "; expected a population of neurons");
  }
  settings.neuron = post->neuron;
  return settings;
}

// The experiment in the file with the overrides that are settings of it, through `settings_of`.
template <class SettingsOf>
auto read_experiment(const std::string& path, const std::vector<std::string>& overrides, SettingsOf&& settings_of) {
  const std::string text = read_text_file(path);
  Json json = naming(path, [&] { return parse_json(text); });
  apply(json, overrides, false);
  return naming(path, [&] { return settings_of(json); });
}

}  // namespace

Words protocol_names() {
  Words names = words_of(ProtocolSettings::names);
  names.push_back(ForcedProtocol::name);
  return names;
}

WindowSettings read_window(const std::string& rule, const std::string& protocol,
                           const std::vector<std::string>& overrides) {
  WindowSettings settings;
  read_rule(rule, overrides, settings.rule);
  return with_window_settings(std::move(settings), json_of(protocol), overrides);
}

WindowSettings load_window(const std::string& path, const std::string& protocol,
                           const std::vector<std::string>& overrides) {
  return with_window_settings(read_experiment(path, overrides, settings_of_experiment), json_of(protocol), overrides);
}

ForcedWindowSettings read_forced_window(const std::string& rule, const std::vector<std::string>& overrides) {
  ForcedWindowSettings settings;
  read_rule(rule, overrides, settings.rule);
  return with_window_settings(std::move(settings), Json::object(), overrides);
}

ForcedWindowSettings load_forced_window(const std::string& path, const std::vector<std::string>& overrides) {
  return with_window_settings(read_experiment(path, overrides, forced_settings_of_experiment), Json::object(),
                              overrides);
}

std::string write_window(const WindowSettings& settings) {
  return to_json(settings).dump();
}

std::string write_window(const ForcedWindowSettings& settings) {
  return to_json(settings).dump();
}

}  // namespace spikeweave
