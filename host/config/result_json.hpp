// The result file of a run.
//
// /epochs/N/<split>/<metric> and /epochs/N/seconds (N is the epoch), /final/<split>/<metric>,
// /baselines/<name>/<split>/<metric>, /digest/<name>, /warnings, /seed, /title, /backend, /device, /versions/<name>,
// and /config with every effective setting. A number that is not finite is null.
#pragma once

#include <string>

#include "spikeweave/config/experiment.hpp"
#include "spikeweave/train/result.hpp"

namespace spikeweave {

// JSON text. Throws Error unless the epochs are 0, 1, 2, ...
std::string write_result(const RunResult& result, const Experiment& experiment);

// The result of a run that is to go on, all but /config. null reads as NaN. file_name: stands in front of the messages.
// Throws InputError for what write_result does not write.
RunResult read_result(const std::string& json_text, const std::string& file_name);

}  // namespace spikeweave
