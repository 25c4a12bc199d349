// Runs gnuplot, a program apart, without a shell.
#pragma once

#include <string>

namespace spikeweave {

// The script is gnuplot's standard input. Throws InputError where there is no gnuplot (it names the package), Error
// with gnuplot's last words where it fails.
void run_gnuplot(const std::string& script);

// Text of a script: in single quotes gnuplot expands nothing; a quote inside is doubled.
std::string quoted(const std::string& text);

}  // namespace spikeweave
