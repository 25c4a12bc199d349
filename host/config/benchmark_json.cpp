#include "host/config/benchmark_json.hpp"

#include "host/config/json.hpp"

namespace spikeweave {

std::string write_benchmark(const BenchmarkResult& result, const Experiment& experiment,
                            const std::map<std::string, std::string>& about) {
  Json json = Json::object();
  json["title"] = experiment.title;
  for (const auto& [key, text] : about) json[key] = text;
  if (result.gradient_difference) json["gradient_difference"] = *result.gradient_difference;
  json["spikes_per_step"] = result.spikes_per_step;
  json["batch"] = result.batch;
  json["steps"] = result.steps;
  json["synapses"] = result.synapses;
  json["memory_bytes_per_second"] = result.memory_rate;
  Json& parts = json["parts"] = Json::array();
  for (const BenchmarkPart& part : result.parts) {
    parts.push_back(
        {{"name", part.name}, {"wall_seconds", part.wall}, {"cpu_seconds", part.cpu}, {"bytes", part.bytes}});
  }
  json["config"] = to_json(experiment);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace spikeweave
