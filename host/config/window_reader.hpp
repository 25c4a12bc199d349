// Reads the settings of `spikeweave window`: a rule by its name, or an experiment, with changes on the command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spikeweave/protocol/forced_window.hpp"
#include "spikeweave/protocol/settings.hpp"

namespace spikeweave {

// What --protocol may be.
std::vector<std::string_view> protocol_names();

// overrides: "/json/pointer=value"; /protocol/... and /synapse/... are the settings of those structs, everything else
// is a setting of the rule (of the experiment, in the second function). The result is validated.
WindowSettings read_window(const std::string& rule, const std::string& protocol,
                           const std::vector<std::string>& overrides);

// Takes from the experiment the rule at /learning, the time step, and the bounds of the first trainable projection;
// reads and checks /learning and /network only.
WindowSettings load_window(const std::string& path, const std::string& protocol,
                           const std::vector<std::string>& overrides);

// The same of the protocol `forced`. Overrides: /protocol/... and /neuron/... Of an experiment: the rule, the time
// step, and the neurons that the first trainable projection ends at.
ForcedWindowSettings read_forced_window(const std::string& rule, const std::vector<std::string>& overrides);
ForcedWindowSettings load_forced_window(const std::string& path, const std::vector<std::string>& overrides);

// JSON text with every effective setting, in one line.
std::string write_window(const WindowSettings& settings);
std::string write_window(const ForcedWindowSettings& settings);

}  // namespace spikeweave
