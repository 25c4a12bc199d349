// window.h5: every curve, fit and measured point, with the settings. Layout: docs/window.md.
#pragma once

#include <string>

#include "host/protocol/window_result.hpp"

namespace spikeweave {

// Writes an HDF5 file at `path`, which is replaced.
void write_window_file(const std::string& path, const WindowResult& result);

}  // namespace spikeweave
