// Which kernels run a forward pass.
#pragma once

#include "kernels/resident.cuh"

namespace spikeweave::SW_DEVICE {

struct ForwardChoice {
  Propagation form;     // each: a launch per step and projection
  ResidentShape shape;  // of the resident forms and of streamed_grid
};

// Whether the network has dense projections only, without further delays, whose weights stay as they are.
bool is_plain(const ForwardArgs<float>& args);

// Of a plain network. Throws Error where the options ask for a form that the network or the device does not allow.
ForwardChoice choose_forward(const Context& context, const ForwardArgs<float>& args);

}  // namespace spikeweave::SW_DEVICE
