// One setting given on the command line: /json/pointer=value.
#pragma once

#include <string>

#include "host/config/parse.hpp"

namespace spikeweave {

// Sets the value in `root`. The value is taken as JSON where it is JSON, else as a string; objects on the way that are
// absent are made, a list grows by one with the index that follows its last.
// Throws InputError "--set <text>: ..." where the pointer leads nowhere.
void apply_override(Json& root, const std::string& text);

}  // namespace spikeweave
