// The forward pass: one block per trial that runs all steps (small networks), or two launches per step.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/forward.cuh"
#include "kernels/gather.cuh"
#include "kernels/launch.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr std::size_t largest_block = 1024;  // threads; one neuron each in the persistent kernel
// Fewer threads list the input's active cells too slowly.
constexpr std::size_t smallest_block = 128;

// Block: one trial. Thread: one neuron, its state in registers. Trials need nothing of each other, so barriers of the
// block are all the synchronisation there is.
template <class T>
__global__ void __launch_bounds__(largest_block) forward_kernel(ForwardViews views, PreCells<T> input) {
  SW_SHARED(ActiveCells, active, 1);
  const std::size_t trial = blockIdx.x;
  const std::size_t neuron = threadIdx.x;
  const auto begin = static_cast<unsigned>(views.window.begin);
  const auto end = static_cast<unsigned>(views.window.end_in(views.running_steps(trial)));
  const unsigned population = views.populations.find(neuron);
  const bool is_neuron = neuron < views.neuron_count && population < views.populations.count;
  const PopulationEntry& own = views.populations.at[is_neuron ? population : 0];
  const std::size_t state_index = is_neuron ? trial * own.count + (neuron - own.begin) : 0;
  Cell cell;
  if (is_neuron && begin == 0) cell.load(own, neuron - own.begin);
  if (is_neuron && begin > 0) cell.resume(own, neuron - own.begin, state_index);
  std::uint32_t spike_count = is_neuron && begin > 0 ? views.spike_count(trial, neuron) : 0;
  const PostTile tile{0, views.neuron_count};

  for (unsigned t = begin; t < end; ++t) {
    const float from_input = gather_sum(input.at(trial, t), views.input, tile, active[0]);
    const float recurrent = t == 0 ? 0.0f : gather_sum(views.last_spikes(trial, t), views.recurrent, tile, active[0]);
    if (is_neuron) {
      const StepInput<float> in{views.input_scale * from_input + recurrent, 0, views.forced_spike(trial, t, neuron)};
      const StepOutput<float> output = cell.step(in, views.noise, trial, t, neuron);
      views.write(trial, t, neuron, /*is_rate=*/false, output);
      spike_count += output.spike != 0.0f ? 1u : 0u;
      if (views.trace_count > 0) cell.store(own, state_index);
    }
    __syncthreads();  // spikes and states of this step are written: the next step and the traces read them
    record_traces(views, trial, t, threadIdx.x, blockDim.x);
    if (views.trace_count > 0) __syncthreads();  // traces have been read: the next step overwrites the states
  }
  if (!is_neuron) return;
  cell.store(own, state_index);
  views.spike_count(trial, neuron) = spike_count;
}

PopulationEntry make_entry(const PopulationView& population, std::size_t batch) {
  PopulationEntry entry{};
  entry.model = static_cast<unsigned>(population.model);
  entry.pseudo_derivative = static_cast<unsigned>(population.pseudo_derivative);
  entry.begin = static_cast<unsigned>(population.begin);
  entry.count = static_cast<unsigned>(population.count);
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
                     .length = args.length,
                     .input_scale = args.input_scale,
                     .input = args.input,
                     .recurrent = args.recurrent,
                     .populations = {},
                     .noise = {args.keys},
                     .forced = args.forced,
                     .clamp = args.clamp,
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

// Whether the kernels that know dense projections of spikes without further delays do.
bool is_plain(const ForwardArgs<float>& args) {
  const auto all = [](const ProjectionList<float>& list, std::size_t delay) {
    return std::all_of(list.at, list.at + list.count,
                       [delay](const ProjectionView<float>& p) { return p.sparse == nullptr && p.delay == delay; });
  };
  return all(args.input, 0) && all(args.recurrent, 1) && args.plasticity.empty() && args.history.empty() &&
         args.outputs.empty() && !args.continues;
}

// Keeps what was sent last for the pass that goes on from here: [batch, depth, neurons].
template <class T>
__global__ void keep_history_kernel(ForwardViews views, View<T> sent, const T* before, View<T> after) {
  const std::size_t depth = after.shape[1];
  const std::size_t index = global_index_1d();
  if (index >= views.batch * depth * views.neuron_count) return;
  const std::size_t trial = index / (depth * views.neuron_count);
  const std::size_t row = index / views.neuron_count % depth;
  const std::size_t neuron = index % views.neuron_count;
  const std::size_t length = views.running_steps(trial);
  // Row depth-1 is the last step of the pass.
  after[index] = depth - row <= length ? sent(trial, length - (depth - row), neuron)
                                       : before[(trial * depth + row + length) * views.neuron_count + neuron];
}

template <class T>
void keep_history(Context& context, const ForwardViews& views, const View<T>& sent, const View<T>& history) {
  if (history.empty()) return;
  const std::size_t size = history.size();
  T* before = context.scratch.get<T>(size, "what was sent in the last steps");
  SW_CUDA_CHECK(cudaMemcpyAsync(before, history.data, size * sizeof(T), cudaMemcpyDeviceToDevice, context.stream));
  launch_1d(context.stream, size, keep_history_kernel<T>, views, sent, before, history);
}

template <class T>
void run_each(Context& context, const ForwardArgs<float>& args, const ForwardViews& views, const PreCells<T>& input) {
  if (!args.continues && args.window.begin == 0) clear_plasticity(context, args);
  float* currents = context.scratch.get<float>(3 * args.batch * args.neuron_count, "input currents of one step");
  for (auto t = static_cast<unsigned>(views.window.begin); t < views.window.end; ++t) {
    propagate_each(context, views, input, t, currents);
    neuron_step(context, views, t, currents);
    online_plasticity(context, args, views, input, t);
  }
  if (views.window.end < views.steps) return;
  keep_history(context, views, views.spikes, views.history);
  keep_history(context, views, views.outputs, views.output_history);
}

// Which kernels run. The limits are guesses that await a measurement on a GPU: gemm reads each weight once per 64
// trials, gather once per active cell and trial.
Propagation choose(Propagation wanted, const ForwardArgs<float>& args) {
  constexpr std::size_t gemm_batch = 64;      // one tile of the gemm kernel
  constexpr std::size_t gemm_neurons = 4096;  // 64 MiB of recurrent weights: more than the L2 cache of an H200
  if (wanted != Propagation::automatic) {
    SW_EXPECTS(wanted != Propagation::persistent || args.neuron_count <= largest_block,
               "forward: persistent propagation needs at most 1024 neurons");
    return wanted;
  }
  if (args.neuron_count <= largest_block) return Propagation::persistent;
  return args.batch >= gemm_batch && args.neuron_count >= gemm_neurons ? Propagation::gemm : Propagation::gather;
}

}  // namespace

std::string forward_method(const Context& context, const ForwardArgs<float>& args) {
  if (!is_plain(args)) return "a launch per step and projection";
  switch (choose(context.options.propagation, args)) {
    case Propagation::persistent:
      return "one launch, a block per trial";
    case Propagation::gemm:
      return "two launches per step, the currents as a dense product";
    default:
      return "two launches per step, the currents as a gather over spikes";
  }
}

void forward(Context& context, const ForwardArgs<float>& args) {
  if (args.batch == 0 || args.neuron_count == 0) return;
  SW_EXPECTS(args.plasticity.empty() || args.batch == 1, "forward: plasticity needs a batch of one trial");
  ForwardViews views = make_views(args);
  upload_traces(context, args, views);
  SW_EXPECTS(args.plasticity.empty() || (args.window.begin == 0 && args.window.end >= args.steps),
             "forward: plasticity runs a trial as a whole");
  if (args.window.begin == 0) {
    SW_CUDA_CHECK(
        cudaMemsetAsync(args.spike_count.data, 0, args.spike_count.size() * sizeof(std::uint32_t), context.stream));
  }
  const Propagation propagation = choose(context.options.propagation, args);
  with_pre_cells(args.events, args.values, args.input_mask, args.frame_steps, [&]<class T>(const PreCells<T>& input) {
    if (!is_plain(args)) return run_each(context, args, views, input);
    if (propagation == Propagation::persistent) {
      const std::size_t block = std::max((args.neuron_count + 31) / 32 * 32, smallest_block);
      launch({.grid = dim3(static_cast<unsigned>(args.batch)),
              .block = dim3(static_cast<unsigned>(block)),
              .stream = context.stream},
             forward_kernel<T>, views, input);
      return;
    }
    float* current = context.scratch.get<float>(args.batch * args.neuron_count, "input currents of one step");
    for (auto t = static_cast<unsigned>(views.window.begin); t < views.window.end; ++t) {
      propagate(context, views, input, t, propagation == Propagation::gemm, current);
      neuron_step(context, views, t, current);
    }
  });
}

}  // namespace spikeweave::SW_DEVICE
