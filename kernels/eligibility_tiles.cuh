// The textbook form of a dense projection: tiles of synapses whose traces stay in registers for the steps of a window.
#pragma once

#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {

// args: of a dense projection; its window ends within the trial.
void eligibility_tiles(Context& context, const EligibilityArgs<float>& args);

}  // namespace spikeweave::SW_DEVICE
