#include "host/config/result_json.hpp"

#include <limits>

#include <fmt/format.h>

#include "host/config/json.hpp"
#include "host/config/parse.hpp"
#include "host/train/published.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

constexpr const char* seconds_key = "seconds";

// Numbers that are not finite become null when the text is made.
Json json_of(const SplitMetrics& splits) {
  Json object = Json::object();
  for (const auto& [split, metrics] : splits) {
    Json& entry = object[split] = Json::object();
    for (const auto& [metric, value] : metrics) entry[metric] = value;
  }
  return object;
}

Json epochs_json(const std::vector<EpochResult>& epochs) {
  Json list = Json::array();
  for (const EpochResult& epoch : epochs) {
    SW_EXPECTS(epoch.epoch == list.size(), "result: the epochs do not follow each other from 0");
    Json entry = json_of(epoch.splits);
    entry[seconds_key] = epoch.seconds;
    list.push_back(std::move(entry));
  }
  return list;
}

// The figures that the experiment names, each with the run's own; null where the run has none.
Json published_json(const RunResult& result, const Experiment& experiment) {
  Json list = Json::array();
  for (const PublishedFigure& figure : experiment.published) {
    Json entry = to_json(figure);
    const std::optional<double> own = measured(figure, result);
    entry["measured"] = own ? Json(*own) : Json();
    list.push_back(std::move(entry));
  }
  return list;
}

// A value of the file that is read, with its JSON pointer for messages.
struct Node {
  const Json& json;
  std::string place;

  template <class Visitor>
  void for_each_member(Visitor&& visit) const {
    if (!json.is_object()) fail_expected(place, "an object", json);
    for (const auto& [key, value] : json.items()) {
      visit(key, Node{value, fmt::format("{}/{}", place, pointer_token(key))});
    }
  }
  template <class Visitor>
  void for_each_element(Visitor&& visit) const {
    if (!json.is_array()) fail_expected(place, "a list", json);
    for (std::size_t i = 0; i < json.size(); ++i) visit(Node{json[i], fmt::format("{}/{}", place, i)});
  }
  Node member(const char* key) const {
    if (!json.is_object()) fail_expected(place, "an object", json);
    if (!json.contains(key)) throw InputError(fmt::format("{}/{}", place, key), "missing");
    return {json[key], fmt::format("{}/{}", place, key)};
  }
  double number() const {
    if (json.is_null()) return std::numeric_limits<double>::quiet_NaN();
    if (!json.is_number()) fail_expected(place, "a number or null", json);
    return json.get<double>();
  }
  std::uint64_t count() const {
    if (!json.is_number_unsigned()) fail_expected(place, "a whole number from 0", json);
    return json.get<std::uint64_t>();
  }
  std::string text() const {
    if (!json.is_string()) fail_expected(place, "a string", json);
    return json.get<std::string>();
  }
};

Metrics metrics_from(const Node& node) {
  Metrics metrics;
  node.for_each_member([&](const std::string& metric, const Node& value) { metrics[metric] = value.number(); });
  return metrics;
}

SplitMetrics splits_from(const Node& node) {
  SplitMetrics splits;
  node.for_each_member([&](const std::string& split, const Node& value) { splits[split] = metrics_from(value); });
  return splits;
}

std::map<std::string, std::string> texts_from(const Node& node) {
  std::map<std::string, std::string> texts;
  node.for_each_member([&](const std::string& name, const Node& value) { texts[name] = value.text(); });
  return texts;
}

EpochResult epoch_from(const Node& node, std::uint64_t index) {
  EpochResult epoch;
  epoch.epoch = index;
  epoch.seconds = node.member(seconds_key).number();
  node.for_each_member([&](const std::string& key, const Node& value) {
    if (key != seconds_key) epoch.splits[key] = metrics_from(value);
  });
  return epoch;
}

RunResult result_from(const Node& root) {
  RunResult result;
  result.title = root.member("title").text();
  result.seed = root.member("seed").count();
  result.backend = root.member("backend").text();
  result.device = root.member("device").text();
  result.versions = texts_from(root.member("versions"));
  root.member("epochs").for_each_element(
      [&](const Node& epoch) { result.epochs.push_back(epoch_from(epoch, result.epochs.size())); });
  result.final = splits_from(root.member("final"));
  root.member("baselines").for_each_member([&](const std::string& name, const Node& splits) {
    result.baselines[name] = splits_from(splits);
  });
  result.digest = texts_from(root.member("digest"));
  root.member("warnings").for_each_element([&](const Node& text) { result.warnings.push_back(text.text()); });
  return result;
}

}  // namespace

std::string write_result(const RunResult& result, const Experiment& experiment) {
  Json json = Json::object();
  json["title"] = result.title;
  json["seed"] = result.seed;
  json["backend"] = result.backend;
  json["device"] = result.device;
  json["versions"] = result.versions;
  json["final"] = json_of(result.final);
  Json& baselines = json["baselines"] = Json::object();
  for (const auto& [name, splits] : result.baselines) baselines[name] = json_of(splits);
  json["published"] = published_json(result, experiment);
  json["digest"] = result.digest;
  json["warnings"] = result.warnings;
  json["config"] = to_json(experiment);
  json["epochs"] = epochs_json(result.epochs);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);  // a stray byte must not cost the result
}

RunResult read_result(const std::string& json_text, const std::string& file_name) {
  try {
    const Json json = parse_json(json_text);
    return result_from({json, ""});
  } catch (const InputError& error) {
    throw InputError(file_name, error.what());
  }
}

}  // namespace spikeweave
