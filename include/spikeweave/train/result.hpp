// What a run has found out: the content of its result file, without the settings.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace spikeweave {

using Metrics = std::map<std::string, double>;        // metric ("loss", "accuracy", ...) -> value
using SplitMetrics = std::map<std::string, Metrics>;  // split ("train", "valid", "test") -> its metrics

struct EpochResult {
  std::uint64_t epoch = 0;  // counts from 0; the epochs of a run follow each other without a gap
  SplitMetrics splits;
  double seconds = 0.0;
};

struct RunResult {
  std::string title;
  std::uint64_t seed = 0;
  std::string backend;  // cpu, cuda
  std::string device;   // in words
  std::map<std::string, std::string> versions;
  std::vector<EpochResult> epochs;
  SplitMetrics final;
  std::map<std::string, SplitMetrics> baselines;
  std::map<std::string, std::string> digest;  // what it is of -> hexadecimal number
  std::vector<std::string> warnings;
};

}  // namespace spikeweave
