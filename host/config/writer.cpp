#include "host/config/writer.hpp"

#include "host/config/json.hpp"

namespace spikeweave {

std::string write_experiment(const Experiment& experiment, int indent) {
  return to_json(experiment).dump(indent);
}

}  // namespace spikeweave
