// What the backward recursion consists of where no projection leads back.
#pragma once

#include "kernels/neuron_range.cuh"
#include "kernels/operations.cuh"

namespace spikeweave::SW_DEVICE {

// later[batch, steps of the window, cells of the range] = sum over the synapses of each cell of feedback weight * post
// factor in the step in which a spike of this step arrives; false: there are none, and `later` is left as it was.
// layer_error.cu.
bool layer_errors(Context& context, const AdjointArgs<float>& args, const NeuronRange& range, float* later);

}  // namespace spikeweave::SW_DEVICE
