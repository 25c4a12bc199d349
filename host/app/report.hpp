// The last lines of a run: what was learned, beside what can be had without learning and what is
// published.
#pragma once

#include <string>
#include <vector>

#include "spikeweave/config/experiment.hpp"
#include "spikeweave/task/task.hpp"
#include "spikeweave/train/result.hpp"

namespace spikeweave::app {

std::string final_report(const RunResult& result, const Task& task, const std::vector<PublishedFigure>& published);

}  // namespace spikeweave::app
