// What can be chosen in an experiment file, and every setting of it, as text for people.
#pragma once

#include <string>

namespace spikeweave {

// kind: "" for an overview of everything; else model, rule, feedback, optimizer, task or protocol.
// name: "" for an overview of the kind; else one of its names, described with all its settings.
// Throws InputError for a kind or a name that there is not.
std::string describe(const std::string& kind, const std::string& name);

// Markdown of every key of an experiment file.
std::string settings_reference();

}  // namespace spikeweave
