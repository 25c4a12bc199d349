// Runs gnuplot, a program apart, without a shell.
#pragma once

#include <string>

namespace spikeweave {

// The script is gnuplot's standard input. Throws InputError where there is no gnuplot (it names the package), Error
// with gnuplot's last words where it fails.
void run_gnuplot(const std::string& script);

}  // namespace spikeweave
