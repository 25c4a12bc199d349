#include "host/config/rates_reader.hpp"

#include "host/config/json.hpp"
#include "host/config/override.hpp"
#include "host/config/read_value.hpp"
#include "host/config/validate.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {

RateSequencesSettings read_rates(const std::vector<std::string>& overrides) {
  Json json = Json::object();
  for (const std::string& one : overrides) apply_override(json, one);
  RateSequencesSettings settings;
  try {
    detail::read_value(json, {"", "", any_value}, settings);
    validate_settings(settings, "");
  } catch (const InputError& error) {
    throw InputError("--set", error.what());
  }
  return settings;
}

std::string write_rates(const RateSequencesSettings& settings) {
  return to_json(settings).dump();
}

}  // namespace spikeweave
