// Where commands leave their files.
#pragma once

#include <string>

namespace spikeweave::app {

// Makes the folder of --out, with those above it. Throws InputError where it cannot.
void make_output_folder(const std::string& path);

// Replaces the file as a whole or not at all. Throws Error where it cannot be written.
void write_text_file(const std::string& path, const std::string& text);

}  // namespace spikeweave::app
