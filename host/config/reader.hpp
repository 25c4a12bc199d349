// Reads an experiment file: JSON to the typed, validated Experiment.
//
// Every error is an InputError of one line: file name, JSON pointer, what was found, what is allowed.
#pragma once

#include <string>
#include <vector>

#include "spikeweave/config/experiment.hpp"

namespace spikeweave {

// file_name: stands in front of the messages.
Experiment read_experiment(const std::string& json_text, const std::string& file_name);

// overrides: "/json/pointer=value", applied in order before the file is checked; see host/config/override.hpp.
Experiment load_experiment(const std::string& path, const std::vector<std::string>& overrides = {});

}  // namespace spikeweave
