// The smallest experiment file, and the text of an input error.
#pragma once

#include <string>

#include "spikeweave/core/error.hpp"

namespace spikeweave {

inline constexpr const char* small_experiment = R"({
  // one population of ten neurons
  "task": {"type": "pattern_generation"},
  "network": {
    "populations": [{"name": "a", "size": 10, "neuron": {"model": "lif"}}],
    "projections": [{"from": "input", "to": "a"}, {"from": ["a"], "to": ["output"]}]
  }
})";

// The text of the InputError that the action throws, or "no error".
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace spikeweave
