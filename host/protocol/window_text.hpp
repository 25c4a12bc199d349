// The result of `spikeweave window` as text: a table for people and the same as CSV.
#pragma once

#include <string>

#include "host/protocol/window_result.hpp"

namespace spikeweave {

// Columns: the axes, the change of every curve with its error, and the fit where there is one.
std::string window_table(const WindowResult& result);

// The fits with their standard errors, the scale of the measured points, and what a reader should know of the run.
std::string window_summary(const WindowResult& result);

// The table with commas, all digits, a line of names, and the settings in comment lines (#) above it.
std::string window_csv(const WindowResult& result);

}  // namespace spikeweave
