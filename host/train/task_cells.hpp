// The neurons that are the task's (TaskShape::cells), as traces of the state variable that it scores.
#pragma once

#include <vector>

#include "spikeweave/train/simulator.hpp"

namespace spikeweave {

// One trace per population that has such cells, in order. Throws InputError where a model lacks the state variable.
std::vector<StateTrace> task_cell_traces(const Network& network);

}  // namespace spikeweave
