// The rules that `spikeweave compare` knows by one name: a learning rule with a kind of feedback.
#pragma once

#include <string>
#include <vector>

#include "spikeweave/config/experiment.hpp"

namespace spikeweave::app {

// Settings that make of the experiment the one under that rule. name: one of those below, or RULE/FEEDBACK by the names
// of /learning/rule and /feedback/type. Throws InputError for another.
std::vector<std::string> rule_overrides(const std::string& name, const Experiment& experiment);

// All names, with what each stands for.
std::string known_rules();

}  // namespace spikeweave::app
