// The gradient of a dense projection of spikes on tensor cores.
#pragma once

#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {

// args: of a dense projection with events; its window ends within the trial.
void spike_product(Context& context, const OuterProductArgs<float>& args);

}  // namespace spikeweave::SW_DEVICE
