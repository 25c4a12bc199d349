// The gradient of a dense projection of spikes: a product on tensor cores.
#pragma once

#include "kernels/sum_parts.cuh"

namespace spikeweave::SW_DEVICE {

// args: of a dense projection with events; its window ends within the trial.
Part spike_parts(const OuterProductArgs<float>& args);
void spike_product(Context& context, const OuterProductArgs<float>& args);

}  // namespace spikeweave::SW_DEVICE
