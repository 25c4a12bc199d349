// What `spikeweave bench --json` writes.
#pragma once

#include <map>
#include <string>

#include "host/train/benchmark.hpp"

namespace spikeweave {

// versions: of the program; backend, device: what it ran on.
std::string write_benchmark(const BenchmarkResult& result, const Experiment& experiment,
                            const std::map<std::string, std::string>& about);

}  // namespace spikeweave
