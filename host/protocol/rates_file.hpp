// What `spikeweave rates` found, as an HDF5 file.
#pragma once

#include <string>

#include "spikeweave/protocol/rate_sequences.hpp"

namespace spikeweave {

// settings: JSON text, kept as an attribute.
void write_rates_file(const std::string& path, const RateSequencesResult& result, const std::string& settings);

}  // namespace spikeweave
