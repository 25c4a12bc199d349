// All steps of small networks: a block per trial, which needs nothing of the others; weights are read through the
// caches.
#include <algorithm>

#include "kernels/forward.cuh"
#include "kernels/gather.cuh"
#include "kernels/launch.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// Fewer threads list the active cells too slowly.
constexpr std::size_t smallest_block = 128;

// Block: one trial. Thread: one neuron, its state in registers.
__global__ void __launch_bounds__(largest_trial_block) trial_block_kernel(ForwardViews views, CurrentRows currents) {
  SW_SHARED(ActiveCells, active, 1);
  const std::size_t trial = blockIdx.x;
  const std::size_t neuron = threadIdx.x;
  const auto begin = static_cast<unsigned>(views.window.begin);
  const auto end = static_cast<unsigned>(views.window.end_in(views.running_steps(trial)));
  const unsigned population = views.populations.find(neuron);
  const bool is_neuron = neuron < views.neuron_count && population < views.populations.count;
  const PopulationEntry& own = views.populations.at[is_neuron ? population : 0];
  const std::size_t state_index = is_neuron ? trial * own.count + (neuron - own.begin) : 0;
  Cells<1> cell;
  if (is_neuron) cell.load(own, neuron - own.begin);
  if (is_neuron && begin > 0) cell.resume(0, own, state_index);
  std::uint32_t spike_count = is_neuron && begin > 0 ? views.spike_count(trial, neuron) : 0;
  const PostTile tile{0, views.neuron_count};

  for (unsigned t = begin; t < end; ++t) {
    const float recurrent = t == 0 ? 0.0f : gather_sum(views.last_spikes(trial, t), views.recurrent, tile, active[0]);
    if (is_neuron) {
      const StepInput<float> in{currents.at(trial, t, neuron) + recurrent, 0, views.forced_spike(trial, t, neuron)};
      const StepOutput<float> output = cell.step(0, in, views.noise, trial, t, neuron);
      views.write(trial, t, neuron, /*is_rate=*/false, output);
      spike_count += output.spike != 0.0f ? 1u : 0u;
      if (views.trace_count > 0) cell.store(0, own, state_index);
    }
    __syncthreads();  // spikes and states of this step are written: the next step and the traces read them
    record_traces(views, trial, t, threadIdx.x, blockDim.x);
    if (views.trace_count > 0) __syncthreads();  // traces have been read: the next step overwrites the states
  }
  if (!is_neuron) return;
  cell.store(0, own, state_index);
  views.spike_count(trial, neuron) = spike_count;
}

}  // namespace

void run_trial_blocks(Context& context, const ForwardViews& views, const CurrentRows& currents) {
  const std::size_t block = std::max((views.neuron_count + 31) / 32 * 32, smallest_block);
  launch({.grid = dim3(static_cast<unsigned>(views.batch)),
          .block = dim3(static_cast<unsigned>(block)),
          .stream = context.stream},
         trial_block_kernel, views, currents);
}

}  // namespace spikeweave::SW_DEVICE
