// The learning signal of one neuron and step, as both forms of e-prop read it.
#pragma once

#include "kernels/cuda_api.cuh"
#include "spikeweave/ops/gradient.hpp"

namespace spikeweave::SW_DEVICE {

// readout gain * sum over outputs, ascending, of feedback * error; 0 where the step is not scored.
__device__ __forceinline__ float filtered_signal(const EpropInputs<float>& in, std::size_t trial, std::size_t t,
                                                 std::size_t neuron) {
  float signal = 0.0f;
  if (!in.error.empty() && in.segment(trial, t) >= 0) {
    const std::size_t outputs = in.feedback.shape[0];
    const std::size_t neurons = in.feedback.shape[1];
    const float* error = in.error.row(trial, t);
    const float* feedback = in.feedback.data + neuron;
    for (std::size_t k = 0; k < outputs; ++k) signal = signal + feedback[k * neurons] * error[k];
  }
  return in.readout.gain * signal;
}

// What the readout sees of the neuron's spike in the step.
__device__ __forceinline__ float readout_visibility(const EpropInputs<float>& in, std::size_t trial, std::size_t t,
                                                    std::size_t neuron) {
  if (in.readout_mask.empty()) return 1.0f;
  return in.readout_mask(trial, t / in.frame_steps, neuron) != 0 ? in.readout_mask_scale : 0.0f;
}

// The rate penalty's part of the signal, the same in all steps of the trial.
__device__ __forceinline__ float rate_signal(const EpropInputs<float>& in, std::size_t trial, std::size_t neuron) {
  return in.rate_factor.empty() ? 0.0f : in.rate_factor(trial, neuron);
}

__device__ __forceinline__ float local_signal_at(const EpropInputs<float>& in, std::size_t trial, std::size_t t,
                                                 std::size_t neuron) {
  return in.local.empty() ? 0.0f : in.local(trial, t, neuron);
}

}  // namespace spikeweave::SW_DEVICE
