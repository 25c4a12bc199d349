#include "host/config/gradient_json.hpp"

#include "host/config/json.hpp"

namespace spikeweave {
namespace {

Json json_of(const GradientAgreement& check) {
  Json object = Json::object();
  object["epoch"] = check.epoch;
  object["loss"] = check.loss;
  object["rate"] = check.rate;
  Json& matrices = object["matrices"] = Json::array();
  for (const MatrixAgreement& m : check.matrices) {
    matrices.push_back({{"name", m.name},
                        {"cosine", m.cosine},
                        {"norm_ratio", m.norm_ratio},
                        {"update_norm", m.update_norm},
                        {"true_norm", m.true_norm}});
  }
  Json& layers = object["layers"] = Json::array();
  for (const LayerAngle& layer : check.layers) layers.push_back({{"name", layer.name}, {"angle", layer.degrees}});
  return object;
}

}  // namespace

std::string write_gradient_check(const GradientCheckResult& result, const Experiment& experiment) {
  Json json = Json::object();
  json["title"] = experiment.title;
  json["seed"] = experiment.seed;
  json["backend"] = result.backend;
  json["device"] = result.device;
  json["versions"] = result.versions;
  json["trials"] = result.trials;
  Json& checks = json["gradient_checks"] = Json::array();
  for (const GradientAgreement& check : result.checks) checks.push_back(json_of(check));
  Json& differences = json["finite_differences"] = Json::array();
  for (const DifferenceRow& row : result.differences) {
    differences.push_back({{"name", row.name},
                           {"weights", row.weights},
                           {"largest_gradient", row.largest},
                           {"deviation", row.deviation}});
  }
  json["config"] = to_json(experiment);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace spikeweave
