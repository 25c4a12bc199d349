// The forward pass: its arguments as kernel parameters, and the launches it consists of.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/forward.cuh"
#include "kernels/forward_choice.cuh"
#include "kernels/launch.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

PopulationEntry make_entry(const PopulationView& population, std::size_t batch) {
  PopulationEntry entry{};
  entry.model = static_cast<unsigned>(population.model);
  entry.pseudo_derivative = static_cast<unsigned>(population.pseudo_derivative);
  entry.begin = static_cast<unsigned>(population.begin);
  entry.count = static_cast<unsigned>(population.count);
  entry.second = static_cast<unsigned>(population.second);
  NeuronModels::visit(population.model, [&]<template <class> class Model>() {
    const auto state = place_columns<typename Model<float>::State>(population.state, batch * population.count);
    const auto derived = place_columns<typename Model<float>::Derived>(population.derived, population.count);
    static_assert(sizeof(state) <= sizeof(entry.state) && sizeof(derived) <= sizeof(entry.derived));
    std::memcpy(entry.state, &state, sizeof(state));
    std::memcpy(entry.derived, &derived, sizeof(derived));
  });
  return entry;
}

// The pointer number `index`; nullptr where there are fewer.
template <class Pointers>
const float* pointer_at(const Pointers& pointers, std::size_t index) {
  if constexpr (requires { pointers.head; }) {
    return index == 0 ? pointers.head : pointer_at(pointers.tail, index - 1);
  } else {
    return nullptr;
  }
}

const float* column_of(const PopulationEntry& population, std::size_t column) {
  const float* pointer = nullptr;
  NeuronModels::visit(population.model, [&]<template <class> class Model>() {
    pointer = pointer_at(unpack<ColumnsOf<typename Model<float>::State>>(population.state).pointers, column);
  });
  SW_EXPECTS(pointer != nullptr, "forward: a trace names a column that the model does not have");
  return pointer;
}

// Uploads the lists of recorded neurons.
void upload_traces(Context& context, const ForwardArgs<float>& args, ForwardViews& views) {
  if (args.traces.empty()) return;
  std::vector<std::uint32_t> neurons;
  for (const TraceView& trace : args.traces) neurons.insert(neurons.end(), trace.neurons.begin(), trace.neurons.end());
  const std::size_t entry_bytes = args.traces.size() * sizeof(TraceEntry);
  auto* memory = context.tables.get<unsigned char>(entry_bytes + neurons.size() * sizeof(std::uint32_t),
                                                   "list of recorded neurons");
  const auto* device_neurons = reinterpret_cast<const std::uint32_t*>(memory + entry_bytes);

  std::vector<TraceEntry> entries;
  for (const TraceView& trace : args.traces) {
    SW_EXPECTS(trace.population < args.populations.size(), "forward: a trace names a population that does not exist");
    const PopulationEntry& population = views.populations.at[trace.population];
    entries.push_back({.column = column_of(population, trace.column),
                       .population_count = population.count,
                       .neurons = device_neurons,
                       .neuron_count = trace.neurons.size(),
                       .values = trace.values});
    device_neurons += trace.neurons.size();
  }
  SW_CUDA_CHECK(cudaMemcpyAsync(memory, entries.data(), entry_bytes, cudaMemcpyHostToDevice, context.stream));
  SW_CUDA_CHECK(cudaMemcpyAsync(memory + entry_bytes, neurons.data(), neurons.size() * sizeof(std::uint32_t),
                                cudaMemcpyHostToDevice, context.stream));
  SW_CUDA_CHECK(cudaStreamSynchronize(context.stream));  // the vectors end here
  views.traces = reinterpret_cast<const TraceEntry*>(memory);
  views.trace_count = static_cast<unsigned>(entries.size());
}

ForwardViews make_views(const ForwardArgs<float>& args) {
  SW_EXPECTS(args.populations.size() <= PopulationTable::capacity,
             "forward: at most " + std::to_string(PopulationTable::capacity) + " populations");
  ForwardViews views{.batch = args.batch,
                     .steps = static_cast<unsigned>(args.steps),
                     .window = {args.window.begin, args.window.end_in(args.steps)},
                     .neuron_count = args.neuron_count,
                     .cell_count = args.cell_count,
                     .length = args.length,
                     .input_scale = args.input_scale,
                     .input = args.input,
                     .bias = args.bias,
                     .recurrent = args.recurrent,
                     .within_step = args.within_step,
                     .populations = {},
                     .noise = {args.keys},
                     .forced = args.forced,
                     .clamp = args.clamp,
                     .teacher = args.teacher,
                     .average = args.average,
                     .frame_steps = static_cast<unsigned>(args.frame_steps),
                     .continues = args.continues,
                     .history = args.history,
                     .output_history = args.output_history,
                     .spikes = args.spikes,
                     .outputs = args.outputs,
                     .psi = args.psi,
                     .prediction = args.prediction,
                     .spike_count = args.spike_count,
                     .traces = nullptr,
                     .trace_count = 0};
  for (const PopulationView& population : args.populations) {
    views.populations.at[views.populations.count++] = make_entry(population, args.batch);
  }
  return views;
}

// Keeps what was sent last for the pass that goes on from here: [batch, depth, cells].
template <class T>
__global__ void keep_history_kernel(ForwardViews views, View<T> sent, const T* before, View<T> after) {
  const std::size_t depth = after.shape[1];
  const std::size_t index = global_index_1d();
  const std::size_t cells = after.shape[2];
  if (index >= views.batch * depth * cells) return;
  const std::size_t trial = index / (depth * cells);
  const std::size_t row = index / cells % depth;
  const std::size_t cell = index % cells;
  const std::size_t length = views.running_steps(trial);
  // Row depth-1 is the last step of the pass.
  after[index] = depth - row <= length ? sent(trial, length - (depth - row), cell)
                                       : before[(trial * depth + row + length) * cells + cell];
}

template <class T>
void keep_history(Context& context, const ForwardViews& views, const View<T>& sent, const View<T>& history) {
  if (history.empty()) return;
  const std::size_t size = history.size();
  T* before = context.scratch.get<T>(size, "what was sent in the last steps");
  SW_CUDA_CHECK(cudaMemcpyAsync(before, history.data, size * sizeof(T), cudaMemcpyDeviceToDevice, context.stream));
  launch_1d(context.stream, size, keep_history_kernel<T>, views, sent, before, history);
}

// Neurons that run together in a step, in order: a projection within the step leads to the begin of a range or to the
// second compartments of what begins there, and from neurons before it.
std::vector<NeuronRange> ranges_within_step(const ForwardArgs<float>& args, const ForwardViews& views) {
  std::vector<std::size_t> begins{0};
  for (std::size_t p = 0; p < args.within_step.count; ++p) {
    begins.push_back(views.populations.neuron_of(args.within_step.at[p].post_begin));
  }
  std::sort(begins.begin(), begins.end());
  begins.erase(std::unique(begins.begin(), begins.end()), begins.end());
  begins.push_back(args.neuron_count);
  std::vector<NeuronRange> ranges;
  for (std::size_t n = 0; n + 1 < begins.size(); ++n) ranges.push_back({begins[n], begins[n + 1] - begins[n]});
  return ranges;
}

template <class T>
void run_each(Context& context, const ForwardArgs<float>& args, const ForwardViews& views, const PreCells<T>& input) {
  if (!args.continues && args.window.begin == 0) clear_plasticity(context, args);
  float* currents = context.scratch.get<float>(3 * args.batch * args.cell_count, "input currents of one step");
  for (auto t = static_cast<unsigned>(views.window.begin); t < views.window.end; ++t) {
    propagate_each(context, views, input, t, currents);
    for (const NeuronRange& range : ranges_within_step(args, views)) {
      propagate_within_step(context, views, t, range, currents);
      neuron_steps(context, views, {t, t + 1}, range, {currents, t, 1, args.cell_count});
    }
    record_step(context, views, t);
    online_plasticity(context, args, views, input, t);
  }
}

// Runs the window in stretches of as many steps as there is room for their input currents.
template <class T>
void run_stretches(Context& context, const ForwardArgs<float>& args, ForwardViews views, const PreCells<T>& input) {
  const StepWindow window = views.window;
  if (window.begin >= window.end) return;
  const bool is_layered = runs_layers(context, args);
  const ForwardChoice choice = is_layered ? ForwardChoice{} : choose_forward(context, args);
  const std::size_t stretch = stretch_steps(context, args, window.end - window.begin);
  float* const values = context.scratch.get<float>(stretch * args.batch * args.neuron_count, "input currents");
  for (std::size_t begin = window.begin; begin < window.end; begin += stretch) {
    views.window = {begin, std::min(begin + stretch, window.end)};
    const CurrentRows currents{values, begin, stretch, args.neuron_count};
    input_currents(context, views, input, args.draw, currents);
    if (is_layered) {
      run_layers(context, views, currents);
      continue;
    }
    switch (choice.form) {
      case Propagation::trial_block:
        run_trial_blocks(context, views, currents);
        break;
      case Propagation::gather:
      case Propagation::gemm:
        for (auto t = static_cast<unsigned>(begin); t < views.window.end; ++t) {
          propagate(context, views, currents, t, choice.form == Propagation::gemm);
          neuron_steps(context, views, {t, t + 1}, {0, args.neuron_count}, currents);
          record_step(context, views, t);
        }
        break;
      default:
        run_resident(context, views, choice.shape, currents);
    }
  }
}

}  // namespace

void forward(Context& context, const ForwardArgs<float>& args) {
  if (args.batch == 0 || args.neuron_count == 0) {
    if (args.draw != nullptr) encode(context, *args.draw);
    return;
  }
  SW_EXPECTS(args.plasticity.empty() || args.batch == 1, "forward: plasticity needs a batch of one trial");
  ForwardViews views = make_views(args);
  upload_traces(context, args, views);
  SW_EXPECTS(args.plasticity.empty() || (args.window.begin == 0 && args.window.end >= args.steps),
             "forward: plasticity runs a trial as a whole");
  if (args.window.begin == 0) {
    SW_CUDA_CHECK(
        cudaMemsetAsync(args.spike_count.data, 0, args.spike_count.size() * sizeof(std::uint32_t), context.stream));
  }
  with_pre_cells(args.events, args.values, args.input_mask, args.frame_steps, [&]<class T>(const PreCells<T>& input) {
    if (runs_layers(context, args) || is_plain(args)) return run_stretches(context, args, views, input);
    if (args.draw != nullptr) encode(context, *args.draw);
    run_each(context, args, views, input);
  });
  if (views.window.end < views.steps) return;
  keep_history(context, views, views.spikes, views.history);
  keep_history(context, views, views.outputs, views.output_history);
}

}  // namespace spikeweave::SW_DEVICE
