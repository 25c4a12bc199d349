// The experiment file as a JSON Schema, for editors and other programs.
#pragma once

#include <string>

namespace spikeweave {

// Draft 2020-12. It says of every key what the reader checks, but for what depends on several settings together.
std::string experiment_schema();

}  // namespace spikeweave
