#include "host/record/piano_roll_json.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/record/gzip_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

using Json = nlohmann::json;

void require_list(const Json& value, const std::string& path, const std::string& place, const char* what) {
  if (value.is_array()) return;
  throw InputError(path, fmt::format("{}: is {}; a list of {} is needed", place, value.type_name(), what));
}

std::size_t column_of(const Json& pitch, const std::string& path, const std::string& place) {
  constexpr int highest_pitch = PianoRolls::lowest_pitch + static_cast<int>(PianoRolls::width) - 1;
  const double value = pitch.is_number() ? pitch.get<double>() : 0.;  // some of the files write 60.0 for 60
  const bool is_pitch = value >= PianoRolls::lowest_pitch && value <= highest_pitch && value == std::trunc(value);
  if (!is_pitch) {
    throw InputError(path, fmt::format("{}: pitch {} is not an integer in [{}, {}]", place,
                                       pitch.dump(-1, ' ', true, Json::error_handler_t::replace),
                                       PianoRolls::lowest_pitch, highest_pitch));
  }
  return static_cast<std::size_t>(value) - PianoRolls::lowest_pitch;
}

PianoRolls::Split split_from(const Json& sequences, const std::string& path, const std::string& name) {
  require_list(sequences, path, name, "sequences");
  PianoRolls::Split split;
  for (const Json& sequence : sequences) {
    const std::string place = fmt::format("{}, sequence {}", name, split.sequences.size());
    require_list(sequence, path, place, "steps");
    if (sequence.empty()) throw InputError(path, place + ": has no steps");
    std::vector<std::uint8_t> roll(sequence.size() * PianoRolls::width, 0);
    for (std::size_t step = 0; step < sequence.size(); ++step) {
      const std::string step_place = fmt::format("{}, step {}", place, step);
      require_list(sequence[step], path, step_place, "pitches");
      for (const Json& pitch : sequence[step]) {
        roll[step * PianoRolls::width + column_of(pitch, path, step_place)] = 1;
      }
    }
    split.sequences.push_back(std::move(roll));
  }
  return split;
}

}  // namespace

PianoRolls read_piano_roll_json(const std::string& path) {
  const std::string text = GzipReader(path).read_rest();
  Json root;
  try {
    root = Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw InputError(path, fmt::format("not JSON, at byte {}: {}", error.byte, error.what()));
  }
  if (!root.is_object()) {
    throw InputError(path, fmt::format("is {}; an object with train, valid and test is needed", root.type_name()));
  }
  for (const auto& [key, value] : root.items()) {
    if (key != "train" && key != "valid" && key != "test") {
      throw InputError(path, "unknown key \"" + key + "\"; known keys are test train valid");
    }
  }
  for (const char* key : {"train", "valid", "test"}) {
    if (!root.contains(key)) throw InputError(path, fmt::format("key \"{}\" is missing", key));
  }
  return {split_from(root["train"], path, "train"), split_from(root["valid"], path, "valid"),
          split_from(root["test"], path, "test")};
}

}  // namespace spikeweave
