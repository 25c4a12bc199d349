// Parts of a batch of trials, for what does not fit into memory at once.
#pragma once

#include "spikeweave/task/task.hpp"

namespace spikeweave {

// Trials begin .. begin + count - 1, padded as the whole batch is.
TrialBatch part_of(const TrialBatch& batch, std::size_t begin, std::size_t count);

// Appends the result of the next part.
void append(TrialResult& all, const TrialResult& part);

}  // namespace spikeweave
