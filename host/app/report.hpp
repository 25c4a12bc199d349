// The last lines of a run: what was learned, beside what can be had without learning.
#pragma once

#include <string>

#include "spikeweave/task/task.hpp"
#include "spikeweave/train/result.hpp"

namespace spikeweave::app {

std::string final_report(const RunResult& result, const Task& task);

}  // namespace spikeweave::app
