// The filtered learning signals of a tile of steps and neurons, made by a block together.
#pragma once

#include "kernels/learning_signal.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {

constexpr unsigned tile_steps = 8;      // steps that a thread has under way at once
constexpr unsigned tile_outputs = 128;  // outputs whose errors are in shared memory

// Errors of a tile of steps and outputs: [output][step]; 0 where there is none or the step is not scored.
using ErrorTile = float[tile_outputs][tile_steps];

__device__ __forceinline__ void load_errors(const EpropInputs<float>& in, std::size_t trial, std::size_t begin,
                                            std::size_t end, std::size_t first_output, ErrorTile& errors) {
  const std::size_t outputs = in.feedback.shape[0] - first_output;
  const unsigned count = outputs < tile_outputs ? static_cast<unsigned>(outputs) : tile_outputs;
  for (unsigned n = threadIdx.x; n < count * tile_steps; n += blockDim.x) {
    const std::size_t t = begin + n / count;
    const bool is_scored = t < end && in.segment(trial, t) >= 0;
    errors[n % count][n / count] = is_scored ? in.error(trial, t, first_output + n % count) : 0.0f;
  }
}

// filtered_signal of the steps begin ... end - 1, at most tile_steps, with its bits: a feedback weight is read once for
// all of them. All threads of the block call it.
__device__ __forceinline__ void filtered_signals(const EpropInputs<float>& in, std::size_t trial, std::size_t begin,
                                                 std::size_t end, std::size_t neuron, ErrorTile& errors,
                                                 float (&signal)[tile_steps]) {
  const std::size_t outputs = in.error.empty() ? 0 : in.feedback.shape[0];
  for (float& sum : signal) sum = 0.0f;
  for (std::size_t first = 0; first < outputs; first += tile_outputs) {
    __syncthreads();  // the errors of the last tile have been read
    load_errors(in, trial, begin, end, first, errors);
    __syncthreads();  // the errors are there
    if (neuron >= in.feedback.shape[1]) continue;
    const std::size_t count = outputs - first < tile_outputs ? outputs - first : tile_outputs;
    const float* const feedback = in.feedback.row(first) + neuron;
    for (std::size_t k = 0; k < count; ++k) {
      const float weight = feedback[k * in.feedback.shape[1]];
      SW_UNROLL(8)
      for (unsigned r = 0; r < tile_steps; ++r) signal[r] = signal[r] + weight * errors[k][r];
    }
  }
  for (float& sum : signal) sum = in.readout.gain * sum;
}

}  // namespace spikeweave::SW_DEVICE
