#include "host/protocol/rates_file.hpp"

#include <cstdint>
#include <span>
#include <vector>

#include "host/record/hdf5_file.hpp"
#include "spikeweave/version.hpp"

namespace spikeweave {

void write_rates_file(const std::string& path, const RateSequencesResult& result, const std::string& settings) {
  Hdf5File file = Hdf5File::create(path);
  const auto write = [&file](const std::string& name, const std::vector<double>& values, const char* axes,
                             const char* units) {
    file.write<double>(name, values, {values.size()}, {{"axes", axes}, {"units", units}});
  };
  const auto write_train = [&file](const std::string& name, const std::vector<std::uint8_t>& values) {
    file.write<std::uint8_t>(name, values, {values.size()}, {{"axes", "step"}, {"units", "1 or 0"}});
  };
  write("curves/distance", {result.distance.begin(), result.distance.end()}, "distance", "steps");
  write("curves/count", result.count, "distance", "pre spikes");
  write("curves/state_rule", result.state_rule, "distance", "weight");
  write("curves/window_rule", result.window_rule, "distance", "weight");
  write("bins/change", result.bin_change, "bin", "state/step");
  write("bins/window_rule", result.bin_window, "bin", "weight");
  write("example/pre_state", result.pre_state, "step", "state");
  write("example/post_state", result.post_state, "step", "state");
  write("example/weight", result.weight, "step", "weight");
  write_train("example/pre_train", result.pre_train);
  write_train("example/post_train", result.post_train);
  file.write_attribute("/", "version", std::int64_t{1});  // of this layout
  file.write_attribute("/", "spikeweave", std::string(version));
  file.write_attribute("/", "settings", settings);
  file.close();
}

}  // namespace spikeweave
