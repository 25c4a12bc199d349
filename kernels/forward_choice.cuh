// Which kernels run a forward pass.
#pragma once

#include "kernels/resident.cuh"

namespace spikeweave::SW_DEVICE {

struct ForwardChoice {
  Propagation form;
  ResidentShape shape;  // of the resident forms and of streamed_grid
};

// Whether the network has dense projections only, without further delays, whose weights stay as they are.
bool is_plain(const ForwardArgs<float>& args);

// Whether the network runs population by population: no projection leads back, and no form is asked for.
bool runs_layers(const Context& context, const ForwardArgs<float>& args);

// Of a plain network that does not. Throws Error where the options ask for a form that the network or the device does
// not allow.
ForwardChoice choose_forward(const Context& context, const ForwardArgs<float>& args);

// Of the input currents of so many steps.
inline std::size_t current_bytes(const ForwardArgs<float>& args, std::size_t steps) {
  return steps * args.batch * args.cell_count * sizeof(float);
}

// As many of the steps, at least 1, as there is room for their input currents.
std::size_t stretch_steps(const Context& context, const ForwardArgs<float>& args, std::size_t steps);

}  // namespace spikeweave::SW_DEVICE
