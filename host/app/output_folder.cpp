#include "host/app/output_folder.hpp"

#include <filesystem>
#include <fstream>

#include "host/record/atomic_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::app {

void make_output_folder(const std::string& path) {
  try {
    std::filesystem::create_directories(path);
  } catch (const std::filesystem::filesystem_error& error) {
    throw InputError("--out " + path, std::string("cannot be made: ") + error.what());
  }
}

void write_text_file(const std::string& path, const std::string& text) {
  replace_file(path, [&](const std::string& temporary) {
    std::ofstream file(temporary);
    file << text;
    file.close();
    if (!file) throw Error(path + ": cannot be written");
  });
}

}  // namespace spikeweave::app
