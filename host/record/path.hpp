// Where a file named in an experiment lies.
#pragma once

#include <filesystem>
#include <string>

namespace spikeweave {

// Relative names start at `directory` (the experiment file's); also for "file.h5:/data/set".
inline std::string resolve_path(const std::string& directory, const std::string& name) {
  return (std::filesystem::path(directory) / name).string();
}

}  // namespace spikeweave
