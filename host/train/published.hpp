// Published figures of an experiment beside those of its run.
#pragma once

#include <optional>

#include "spikeweave/config/experiment.hpp"
#include "spikeweave/train/result.hpp"

namespace spikeweave {

// The run's own value of a figure; nothing where its final result does not have the metric.
std::optional<double> measured(const PublishedFigure& figure, const RunResult& result);

}  // namespace spikeweave
