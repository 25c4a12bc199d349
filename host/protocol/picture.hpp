// The picture of a result, as a script for gnuplot.
#pragma once

#include <string>

#include "host/protocol/window_result.hpp"

namespace spikeweave {

enum class PictureFormat { png, svg };

// The script writes the picture to `path`.
std::string picture_script(const WindowResult& result, PictureFormat format, const std::string& path);

}  // namespace spikeweave
