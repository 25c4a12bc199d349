// What all synapses of a cell share in the tiles of traces: its learning signals, and what arrives from it.
#pragma once

#include "kernels/eligibility_tiles.cuh"
#include "kernels/filtered_signals.cuh"
#include "kernels/launch.cuh"
#include "kernels/learning_signal.cuh"
#include "kernels/pre_cells.cuh"

namespace spikeweave::SW_DEVICE {

constexpr unsigned signal_block = 128;  // neurons, and threads
constexpr unsigned prefetch = 8;        // steps whose events are under way at once
constexpr unsigned arrival_block = 128;

// Trials are split in parts, which run side by side. A launch takes the next `group` trials of each part on; a slot
// has what the synapses of one such trial share.
struct TrialParts {
  std::size_t trials = 0;  // of one part
  unsigned count = 1;
  std::size_t group = 1;
  std::size_t first = 0;  // of the present group, within its part
  float* sums = nullptr;  // [count, synapses]; nullptr: there is one part, all of it in one group
  // [1 or 3, slots, steps, post cells]  filtered signals; unless the signal is plain, unfiltered ones and masks too
  float* signals = nullptr;
  float* arrived = nullptr;  // [slots, steps, pre cells]  what arrives or, of neurons that share a decay, low-passed

  __host__ __device__ std::size_t slots() const { return count * group; }
  // The trial of a slot; batch: none.
  __device__ __forceinline__ std::size_t trial_of(std::size_t slot, std::size_t batch) const {
    const std::size_t within = first + slot % group;
    const std::size_t trial = slot / group * trials + within;
    return within < trials && trial < batch ? trial : batch;
  }
};

// Whether the signal is that of the outputs alone and no neuron is hidden from the readout.
inline bool is_filtered_only(const EpropInputs<float>& in) {
  return in.rate_factor.empty() && in.local.empty() && in.readout_mask.empty();
}

__host__ __device__ __forceinline__ std::size_t steps_of(const StepWindow& window) {
  return window.end - window.begin;
}

// One behind the last step of the window that is in the trial.
__device__ __forceinline__ std::size_t end_of(const EligibilityArgs<float>& args, std::size_t trial) {
  return args.product.window.end_in(static_cast<std::size_t>(max(args.in.length[trial], 0)));
}

// Fills part.signals up to the trial's end. Block: tile_steps steps of a slot, and 128 neurons; thread: one neuron.
template <bool is_plain>
__global__ void __launch_bounds__(signal_block) tile_signal_kernel(EligibilityArgs<float> args, TrialParts part) {
  SW_SHARED(ErrorTile, errors, 1);
  const ProjectionView<float>& p = args.product.projection;
  const StepWindow& window = args.product.window;
  const std::size_t tiles = (steps_of(window) + tile_steps - 1) / tile_steps;
  const std::size_t slot = blockIdx.x / tiles;
  const std::size_t trial = part.trial_of(slot, args.psi.shape[0]);
  if (trial == args.psi.shape[0]) return;
  const std::size_t begin = window.begin + blockIdx.x % tiles * tile_steps, end = end_of(args, trial);
  if (begin >= end) return;
  const std::size_t column = blockIdx.y * std::size_t{signal_block} + threadIdx.x, post = p.post_begin + column;

  float filtered[tile_steps];
  filtered_signals(args.in, trial, begin, end, post, errors[0], filtered);
  if (column >= p.post_count) return;
  const std::size_t plane = part.slots() * steps_of(window) * p.post_count;
  float* const signals = part.signals + (slot * steps_of(window) + (begin - window.begin)) * p.post_count + column;
  SW_UNROLL(8)
  for (unsigned k = 0; k < tile_steps; ++k) {
    const std::size_t t = begin + k;
    if (t >= end) break;
    float* const signal = signals + k * p.post_count;
    *signal = filtered[k];
    if constexpr (!is_plain) {
      signal[plane] = rate_signal(args.in, trial, post) + local_signal_at(args.in, trial, t, post);
      signal[2 * plane] = readout_visibility(args.in, trial, t, post);
    }
  }
}

// Fills part.arrived; nothing arrives beyond the trial's end. Thread: one slot and pre cell.
template <class Trace, class T, bool shares_decay>
__global__ void __launch_bounds__(arrival_block)
    arrival_kernel(EligibilityArgs<float> args, ColumnsOf<Trace> kept, PreCells<T> cells, TrialParts part) {
  const ProjectionView<float>& p = args.product.projection;
  const StepWindow& window = args.product.window;
  const std::size_t index = blockIdx.x * std::size_t{arrival_block} + threadIdx.x;
  const std::size_t slot = index / p.pre_count, pre = index % p.pre_count;
  if (slot >= part.slots()) return;
  const std::size_t trial = part.trial_of(slot, args.psi.shape[0]);
  if (trial == args.psi.shape[0]) return;

  const EligibilityConstants<float> constants = args.in.constants.load(p.post_begin);
  Trace filter;
  if (shares_decay && window.begin > 0) filter = kept.load((trial * p.pre_count + pre) * p.post_count);
  float* arrived = part.arrived + slot * steps_of(window) * p.pre_count + pre;
  const std::size_t end = end_of(args, trial);
  for (std::size_t first = window.begin; first < window.end; first += prefetch) {
    T cell[prefetch];  // used behind the loop only, so that no load waits for another
    std::uint8_t mask[prefetch];
    SW_UNROLL(8)
    for (unsigned k = 0; k < prefetch; ++k) {
      const std::size_t t = first + k;
      cell[k] = T{0};
      mask[k] = 1;
      if (t < p.delay || t >= end) continue;
      const StepCells<T> step = cells.at(trial, static_cast<unsigned>(t - p.delay));
      cell[k] = step.row[p.pre_begin + pre];
      if (step.mask != nullptr) mask[k] = step.mask[p.pre_begin + pre];
    }
    SW_UNROLL(8)
    for (unsigned k = 0; k < prefetch; ++k) {
      if (first + k >= window.end) break;
      float x = mask[k] != 0 ? static_cast<float>(cell[k]) : 0.0f;
      if constexpr (shares_decay) {
        Trace::filter_pre(constants, filter, x);
        x = filter.zbar;
      }
      arrived[k * p.pre_count] = x;
    }
    arrived += prefetch * p.pre_count;
  }
}

}  // namespace spikeweave::SW_DEVICE
