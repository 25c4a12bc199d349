#include "host/config/reader.hpp"

#include "host/config/override.hpp"
#include "host/config/parse.hpp"
#include "host/config/read_value.hpp"
#include "host/config/validate.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

Experiment experiment_from(const Json& json) {
  Experiment experiment;
  detail::read_value(json, {"", "", any_value}, experiment);
  validate_settings(experiment, "");
  return experiment;
}

// Puts the file's name in front of the message of an error in it.
template <class Action>
auto naming(const std::string& file_name, Action&& action) {
  try {
    return action();
  } catch (const InputError& error) {
    throw InputError(file_name, error.what());
  }
}

}  // namespace

Experiment read_experiment(const std::string& json_text, const std::string& file_name) {
  return naming(file_name, [&] { return experiment_from(parse_json(json_text)); });
}

Experiment load_experiment(const std::string& path, const std::vector<std::string>& overrides) {
  const std::string text = read_text_file(path);
  Json json = naming(path, [&] { return parse_json(text); });
  for (const std::string& one : overrides) apply_override(json, one);
  return naming(path, [&] { return experiment_from(json); });
}

}  // namespace spikeweave
