#include "host/config/comparison_json.hpp"

#include <cmath>

#include "host/config/json.hpp"

namespace spikeweave {
namespace {

// Name -> angle; those that do not exist are left out.
Json angles_json(const std::vector<std::string>& names, const std::vector<double>& angles) {
  Json object = Json::object();
  for (std::size_t n = 0; n < names.size(); ++n) {
    if (std::isfinite(angles[n])) object[names[n]] = angles[n];
  }
  return object;
}

}  // namespace

std::string write_comparison(const std::vector<ComparedRun>& runs, const std::vector<Experiment>& experiments) {
  Json json = Json::object();
  json["title"] = experiments.front().title;
  json["seed"] = experiments.front().seed;
  json["backend"] = runs.front().result.backend;
  json["device"] = runs.front().result.device;
  json["versions"] = runs.front().result.versions;
  Json& list = json["runs"] = Json::array();
  for (std::size_t n = 0; n < runs.size(); ++n) {
    const ComparedRun& run = runs[n];
    Json one = Json::object();
    one["name"] = run.name;
    one["final"] = run.result.final;
    if (!run.no_angles.empty()) one["no_angles"] = run.no_angles;
    if (!run.result.warnings.empty()) one["warnings"] = run.result.warnings;
    Json& epochs = one["epochs"] = Json::array();
    for (const ComparedEpoch& epoch : run.epochs) {
      Json entry = {{"epoch", epoch.epoch}, {"seconds", epoch.seconds}, {"cpu_seconds", epoch.cpu_seconds}};
      entry["train"] = epoch.train;
      if (!epoch.valid.empty()) entry["valid"] = epoch.valid;
      entry["angle_errors"] = angles_json(run.populations, epoch.errors);
      entry["angle_updates"] = angles_json(run.projections, epoch.updates);
      entry["angle_feedback"] = angles_json(run.projections, epoch.feedback);
      epochs.push_back(entry);
    }
    one["config"] = to_json(experiments[n]);
    list.push_back(one);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace spikeweave
