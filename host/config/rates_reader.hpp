// Reads the settings of `spikeweave rates`.
#pragma once

#include <string>
#include <vector>

#include "spikeweave/protocol/rate_sequences.hpp"

namespace spikeweave {

// overrides: "/json/pointer=value". The result is validated.
RateSequencesSettings read_rates(const std::vector<std::string>& overrides);

// JSON text with every effective setting, in one line.
std::string write_rates(const RateSequencesSettings& settings);

}  // namespace spikeweave
