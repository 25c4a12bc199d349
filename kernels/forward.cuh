// What the kernels of the forward pass share: its arguments as kernel parameters, and the steps it consists of.
#pragma once

#include "kernels/neuron_cell.cuh"
#include "kernels/neuron_range.cuh"
#include "kernels/operations.cuh"
#include "kernels/pre_cells.cuh"

namespace spikeweave::SW_DEVICE {

// TraceView on the device.
struct TraceEntry {
  const float* column;  // [batch, population_count]
  std::size_t population_count;
  const std::uint32_t* neurons;  // [neuron_count]  within the population
  std::size_t neuron_count;
  View<float> values;  // [batch, steps, neuron_count]
};

// Input currents of the steps from `begin` on: [batch, steps, neurons].
struct CurrentRows {
  float* values;
  std::size_t begin, steps, neurons;

  __device__ __forceinline__ float& at(std::size_t trial, std::size_t t, std::size_t neuron) const {
    return values[(trial * steps + (t - begin)) * neurons + neuron];
  }
};

struct ForwardViews {
  std::size_t batch;
  unsigned steps;
  StepWindow window;
  std::size_t neuron_count;
  std::size_t cell_count;
  View<const std::int32_t> length;
  float input_scale;
  ProjectionList<float> input;
  ProjectionList<float> bias;
  ProjectionList<float> recurrent;
  ProjectionList<float> within_step;
  PopulationTable populations;
  NeuronNoise noise;
  View<const std::uint8_t> forced;
  View<const float> clamp;
  TeacherView<float> teacher;
  View<const float> average;
  unsigned frame_steps;
  bool continues;
  View<std::uint8_t> history;  // [batch, depth, neurons]  spikes before step 0; empty unless the pass continues
  View<float> output_history;
  View<std::uint8_t> spikes;
  View<float> outputs;
  View<float> psi;
  View<float> prediction;
  View<std::uint32_t> spike_count;
  const TraceEntry* traces;  // in device memory
  unsigned trace_count;

  // Steps that the trial runs.
  __device__ __forceinline__ unsigned running_steps(std::size_t trial) const {
    const std::int32_t own = length[trial];
    return own <= 0 ? 0u : min(static_cast<unsigned>(own), steps);
  }
  // The input current of a neuron whose inputs sum to `sum`.
  __device__ __forceinline__ float input_current(float sum, std::size_t neuron) const {
    float current = input_scale * sum;
    for (std::size_t p = 0; p < bias.count; ++p) {
      const std::size_t j = neuron - bias.at[p].post_begin;  // wraps where the neuron is before the range
      if (j < bias.at[p].post_count) current = current + bias.at[p].weights[j];
    }
    return current;
  }
  // The spikes that reach the network in step t > 0.
  __device__ __forceinline__ StepCells<std::uint8_t> last_spikes(std::size_t trial, unsigned t) const {
    return {spikes.row(trial, t - 1), nullptr};
  }
  // Row `back` steps before step t of `now`, or of what was kept before step 0; nullptr where nothing is known of that
  // time.
  template <class T>
  __device__ __forceinline__ StepCells<T> row_of(const View<T>& now, const View<T>& before, std::size_t trial,
                                                 unsigned t, unsigned back) const {
    if (back <= t) return {now.row(trial, t - back), nullptr};
    const std::size_t depth = before.empty() ? 0 : before.shape[1];
    const std::size_t steps_before = back - t;  // 1: the step before step 0
    if (!continues || steps_before > depth) return {nullptr, nullptr};
    return {before.row(trial, depth - steps_before), nullptr};
  }
  __device__ __forceinline__ StepCells<std::uint8_t> spikes_of(std::size_t trial, unsigned t, unsigned back) const {
    return row_of(spikes, history, trial, t, back);
  }
  __device__ __forceinline__ float forced_spike(std::size_t trial, unsigned t, std::size_t neuron) const {
    return neuron < forced.shape[2] && !forced.empty() ? static_cast<float>(forced(trial, t, neuron)) : 0.0f;
  }
  // Clamps a unit of a rate model, or drives a cell, where the task does, lets a teacher drive it, and says what the
  // step counts in averages.
  __device__ __forceinline__ void drive_input(std::size_t trial, unsigned t, std::size_t neuron,
                                              StepInput<float>& in) const {
    if (!clamp.empty() && neuron < clamp.shape[2]) {
      const float value = clamp(trial, t / frame_steps, neuron);
      in.is_clamped = value == value;
      if (in.is_clamped) in.clamp = value;
    }
    if (!average.empty()) spikeweave::average(in, average[t]);
    const std::size_t taught = neuron - teacher.begin;  // wraps before the range
    if (teacher.strength.empty() || taught >= teacher.count) return;
    if (const float strength = teacher.strength(trial, t); strength != 0.0f) {
      teach(in, teacher.target(trial, taught), strength);
    }
  }
  __device__ __forceinline__ void write(std::size_t trial, unsigned t, std::size_t neuron, bool is_rate,
                                        const StepOutput<float>& output) const {
    spikes(trial, t, neuron) = !is_rate && output.spike != 0.0f ? 1 : 0;
    if (!outputs.empty()) outputs(trial, t, neuron) = output.spike - output.unsent;
    if (!psi.empty()) psi(trial, t, neuron) = output.psi;
    if (!prediction.empty()) prediction(trial, t, neuron) = output.prediction;
  }
};

// One trial's recorded columns of step t, copied by the threads first, first + stride, ...
__device__ __forceinline__ void record_traces(const ForwardViews& views, std::size_t trial, unsigned t,
                                              std::size_t first, std::size_t stride) {
  for (unsigned r = 0; r < views.trace_count; ++r) {
    const TraceEntry& trace = views.traces[r];
    const float* column = trace.column + trial * trace.population_count;
    float* const values = trace.values.row(trial, t);
    for (std::size_t i = first; i < trace.neuron_count; i += stride) values[i] = column[trace.neurons[i]];
  }
}

// Where a projection's pre cells are: the input, or the neurons.
template <class T>
struct InputSource {
  PreCells<T> cells;
  __device__ __forceinline__ StepCells<T> at(const ForwardViews&, std::size_t trial, unsigned t, unsigned back) const {
    return back <= t ? cells.at(trial, t - back) : StepCells<T>{nullptr, nullptr};
  }
};
struct SpikeSource {
  __device__ __forceinline__ StepCells<std::uint8_t> at(const ForwardViews& views, std::size_t trial, unsigned t,
                                                        unsigned back) const {
    return views.spikes_of(trial, t, back);
  }
};

// Of networks with rate models: what the neurons send.
struct OutputSource {
  __device__ __forceinline__ StepCells<float> at(const ForwardViews& views, std::size_t trial, unsigned t,
                                                 unsigned back) const {
    return views.row_of(views.outputs, views.output_history, trial, t, back);
  }
};

// What the input gives in the steps of the window, times its scale; draws the events first where asked to.
// input_current.cu.
template <class T>
void input_currents(Context& context, const ForwardViews& views, const PreCells<T>& input, const EncodeArgs* draw,
                    const CurrentRows& currents);

// All steps of the window, a block per trial; trial_block.cu.
constexpr std::size_t largest_trial_block = 1024;  // neurons, one thread each
void run_trial_blocks(Context& context, const ForwardViews& views, const CurrentRows& currents);

// All steps of the window, population by population, where no projection leads back; layer_current.cu.
void run_layers(Context& context, const ForwardViews& views, const CurrentRows& currents);

// Adds what the spikes of step t - 1 give in step t; propagate.cu.
void propagate(Context& context, const ForwardViews& views, const CurrentRows& currents, unsigned t, bool is_gemm);

// Sums of input and recurrent currents of step t for any projections but those within the step; propagate_each.cu.
// currents: [3, batch, cells]: room for the result, input, recurrent.
template <class T>
void propagate_each(Context& context, const ForwardViews& views, const PreCells<T>& input, unsigned t, float* currents);

// Adds to these what arrives within the step at neurons of the range, and puts the input current of step t of the range
// into the first block; propagate_each.cu.
void propagate_within_step(Context& context, const ForwardViews& views, unsigned t, const NeuronRange& range,
                           float* currents);

// Changes of the weights after step t; online_plasticity.cu.
template <class T>
void online_plasticity(Context& context, const ForwardArgs<float>& args, const ForwardViews& views,
                       const PreCells<T>& input, unsigned t);
// The states of the rules at rest.
void clear_plasticity(Context& context, const ForwardArgs<float>& args);

// States, spikes, psi and counts of the steps of a window, from all that arrives in them; neuron_step.cu.
void neuron_steps(Context& context, const ForwardViews& views, const StepWindow& window, const NeuronRange& range,
                  const CurrentRows& currents);
// Traces of step t; neuron_step.cu.
void record_step(Context& context, const ForwardViews& views, unsigned t);

}  // namespace spikeweave::SW_DEVICE
