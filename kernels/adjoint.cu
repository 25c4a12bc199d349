// Backward recursions: the post factors of the neurons and of the readout.
#include <algorithm>
#include <functional>
#include <vector>

#include "kernels/adjoint.cuh"
#include "kernels/block_sum.cuh"
#include "kernels/filtered_signals.cuh"
#include "kernels/launch.cuh"
#include "kernels/learning_signal.cuh"
#include "kernels/operations.cuh"
#include "kernels/trial_tiles.cuh"
#include "kernels/unroll.cuh"
#include "spikeweave/ops/layer_order.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

constexpr unsigned adjoint_block = 128;  // neurons, and threads
constexpr unsigned readout_steps = 16;   // steps of the readout whose errors are under way at once

// Block: one trial and a tile of neurons of the range, from the last steps to the first. Thread: one neuron. later:
// what their spikes do [batch, steps of the window, neurons of the range], of rules that follow them; nullptr: nothing.
template <class Rule>
__global__ void __launch_bounds__(adjoint_block)
    adjoint_kernel(AdjointArgs<float> args, ColumnsOf<typename Rule::template Adjoint<float>> carried,
                   NeuronRange range, unsigned blocks_per_trial, const float* later) {
  using Adjoint = typename Rule::template Adjoint<float>;
  using Signal = typename Rule::template Signal<float>;
  SW_SHARED(ErrorTile, errors, 1);
  const std::size_t trial = blockIdx.x / blocks_per_trial;
  const std::size_t local = blockIdx.x % blocks_per_trial * std::size_t{adjoint_block} + threadIdx.x;
  const std::size_t neuron = range.begin + local;
  const std::size_t neurons = args.psi_to_factor.shape[2];
  const bool is_neuron = local < range.count;
  const auto last = static_cast<unsigned>(args.window.end);
  const auto length = static_cast<unsigned>(max(args.in.length[trial], 0));
  const unsigned end = min(last, length);
  const auto first = static_cast<unsigned>(args.window.begin);

  EligibilityConstants<float> constants{};
  if (is_neuron) constants = args.in.constants.load(neuron);
  const float rate = is_neuron ? rate_signal(args.in, trial, neuron) : 0.0f;
  Signal signal{};
  if constexpr (follows_spikes<Signal>) signal.reset = args.follows_reset ? 1.0f : 0.0f;
  [[maybe_unused]] const bool has_effects = is_neuron && later != nullptr;
  Adjoint state;
  if (is_neuron && args.carried != nullptr && end < length) state = carried.load(trial * neurons + neuron);
  for (unsigned t = max(end, first); is_neuron && t < last; ++t) args.psi_to_factor(trial, t, neuron) = 0.0f;
  const unsigned steps = end > first ? end - first : 0;
  for (unsigned tile = (steps + tile_steps - 1) / tile_steps; tile-- > 0;) {
    const unsigned begin = first + tile * tile_steps;
    float psi[tile_steps], filtered[tile_steps];
    [[maybe_unused]] float effect[tile_steps];
    SW_UNROLL(8)
    for (unsigned r = 0; r < tile_steps; ++r) {
      psi[r] = is_neuron && begin + r < end ? args.psi_to_factor(trial, begin + r, neuron) : 0.0f;
      if constexpr (follows_spikes<Signal>) {
        const std::size_t row = trial * (last - first) + (begin + r - first);
        effect[r] = has_effects && begin + r < end ? later[row * range.count + local] : 0.0f;
      }
    }
    filtered_signals(args.in, trial, begin, end, neuron, errors[0], filtered);
    SW_UNROLL(8)
    for (unsigned back = 0; back < tile_steps; ++back) {
      const unsigned r = tile_steps - 1 - back;
      const unsigned t = begin + r;
      if (!is_neuron || t >= end) continue;
      signal.filtered = filtered[r];
      signal.unfiltered = rate + local_signal_at(args.in, trial, t, neuron);
      signal.mask = readout_visibility(args.in, trial, t, neuron);
      if constexpr (follows_spikes<Signal>) signal.later = effect[r];
      args.psi_to_factor(trial, t, neuron) = Adjoint::step(constants, args.in.readout.kappa, state, psi[r], signal);
    }
  }
  if (is_neuron && args.carried != nullptr) carried.store(trial * neurons + neuron, state);
}

// later[trial, i] += sum over the synapses of pre cell i with this delay of feedback weight * post factor at arrival,
// sparse. Thread: one trial and pre cell.
__global__ void follow_sparse_kernel(AdjointArgs<float> args, ProjectionView<float> projection, SparseView sparse,
                                     std::size_t delay_class, std::size_t delay, std::size_t t, float* later) {
  const std::size_t index = global_index_1d();
  if (index >= args.psi_to_factor.shape[0] * projection.pre_count) return;
  const std::size_t trial = index / projection.pre_count;
  const std::size_t i = index % projection.pre_count;
  const std::size_t arrival = t + delay;
  if (static_cast<std::int64_t>(arrival) >= args.in.length[trial]) return;
  const float* const factor = args.psi_to_factor.row(trial, arrival) + projection.post_begin;
  float sum = 0.0f;
  const std::uint32_t* const start = sparse.row_start.data + delay_class * projection.pre_count + i;
  for (std::uint32_t w = start[0]; w < start[1]; ++w) sum = sum + projection.backward[w] * factor[sparse.target[w]];
  later[trial * args.psi_to_factor.shape[2] + projection.pre_begin + i] += sum;
}

// The same of a dense projection, for a tile of trials and one of pre cells.
__global__ void __launch_bounds__(trial_tile_block)
    follow_dense_kernel(AdjointArgs<float> args, ProjectionView<float> projection, std::size_t t, float* later) {
  SW_SHARED(TrialTiles, tiles, 1);
  const std::size_t trial_begin = std::size_t{blockIdx.y} * trial_tile;
  const std::size_t pre_begin = std::size_t{blockIdx.x} * trial_tile;
  const std::size_t arrival = t + projection.delay;
  const auto is_running = [&](std::size_t trial) {
    return trial < args.psi_to_factor.shape[0] && static_cast<std::int64_t>(arrival) < args.in.length[trial];
  };
  const auto load = [&](std::size_t first, TrialTiles& to) {
    load_along_k(to.left, [&](unsigned row, unsigned k) {
      const bool is_factor = first + k < projection.post_count && is_running(trial_begin + row);
      return is_factor ? args.psi_to_factor(trial_begin + row, arrival, projection.post_begin + first + k) : 0.0f;
    });
    load_along_k(to.right, [&](unsigned row, unsigned k) {
      const bool is_weight = first + k < projection.post_count && pre_begin + row < projection.pre_count;
      return is_weight ? projection.backward[(pre_begin + row) * projection.post_count + first + k] : 0.0f;
    });
  };
  float sum[trials_per_thread][trials_per_thread] = {};
  multiply_tiles(projection.post_count, load, tiles[0], sum);
  for (unsigned i = 0; i < trials_per_thread; ++i) {
    for (unsigned j = 0; j < trials_per_thread; ++j) {
      const std::size_t trial = trial_begin + own_trial() + i, pre = pre_begin + own_column() + j;
      if (!is_running(trial) || pre >= projection.pre_count) continue;
      later[trial * args.psi_to_factor.shape[2] + projection.pre_begin + pre] += sum[i][j];
    }
  }
}

// Step t of the recursion; clears `later` for the step before. Thread: one trial and neuron from `begin` on.
template <class Rule>
__global__ void spike_adjoint_kernel(AdjointArgs<float> args, ColumnsOf<typename Rule::template Adjoint<float>> states,
                                     std::size_t t, std::size_t begin, std::size_t count, float* later) {
  const std::size_t neurons = args.psi_to_factor.shape[2];
  const std::size_t own = global_index_1d();
  if (own >= args.psi_to_factor.shape[0] * count) return;
  const std::size_t trial = own / count;
  const std::size_t neuron = begin + own % count;
  const std::size_t index = trial * neurons + neuron;
  float& factor = args.psi_to_factor(trial, t, neuron);
  if (static_cast<std::int64_t>(t) >= args.in.length[trial]) {
    factor = 0.0f;
    return;
  }
  typename Rule::template Signal<float> signal;
  signal.filtered = filtered_signal(args.in, trial, t, neuron);
  signal.unfiltered = rate_signal(args.in, trial, neuron) + local_signal_at(args.in, trial, t, neuron);
  signal.mask = readout_visibility(args.in, trial, t, neuron);
  signal.later = later[index];
  signal.reset = args.follows_reset ? 1.0f : 0.0f;
  typename Rule::template Adjoint<float> state = states.load(index);
  factor =
      Rule::template Adjoint<float>::step(args.in.constants.load(neuron), args.in.readout.kappa, state, factor, signal);
  states.store(index, state);
  later[index] = 0.0f;
}

// The states at the end of the window, of trials that go on behind it. Thread: one trial and neuron.
template <class Rule>
__global__ void recall_states_kernel(AdjointArgs<float> args, ColumnsOf<typename Rule::template Adjoint<float>> carried,
                                     ColumnsOf<typename Rule::template Adjoint<float>> states) {
  const std::size_t index = global_index_1d();
  const std::size_t neurons = args.psi_to_factor.shape[2];
  if (index >= args.psi_to_factor.shape[0] * neurons) return;
  if (static_cast<std::int64_t>(args.window.end) < args.in.length[index / neurons]) {
    states.store(index, carried.load(index));
  }
}

// What spikes of step t do through one projection.
void follow_synapses(Context& context, const AdjointArgs<float>& args, const ProjectionView<float>& projection,
                     std::size_t t, float* later) {
  const std::size_t batch = args.psi_to_factor.shape[0];
  if (projection.sparse == nullptr) {
    launch({.grid = trial_tile_grid(batch, projection.pre_count),
            .block = dim3(trial_tile_block),
            .stream = context.stream},
           follow_dense_kernel, args, projection, t, later);
    return;
  }
  for (std::size_t c = 0; c < projection.class_count(); ++c) {
    launch_1d(context.stream, batch * projection.pre_count, follow_sparse_kernel, args, projection, *projection.sparse,
              c, projection.delay_of(c), t, later);
  }
}

// A launch per step, delay and projection: the post factors of a step must be there before those of the step before it,
// and within the step those of the neurons that a projection leads to before those that it comes from.
template <class Rule>
void run_spike_adjoint(Context& context, const AdjointArgs<float>& args) {
  using Adjoint = typename Rule::template Adjoint<float>;
  const std::size_t cells = args.psi_to_factor.shape[0] * args.psi_to_factor.shape[2];
  const std::size_t state_bytes = columns_size<Adjoint>(cells);
  std::byte* const memory = context.scratch.get<std::byte>(state_bytes + cells * sizeof(float), "adjoints of a batch");
  SW_CUDA_CHECK(cudaMemsetAsync(memory, 0, state_bytes + cells * sizeof(float), context.stream));
  const auto states = place_columns<Adjoint>(memory, cells);
  float* const later = reinterpret_cast<float*>(memory + state_bytes);
  if (args.carried != nullptr) {
    launch_1d(context.stream, cells, recall_states_kernel<Rule>, args, place_columns<Adjoint>(args.carried, cells),
              states);
  }
  const std::vector<std::size_t> cuts = cuts_within_step(args);
  for (std::size_t t = args.window.end; t-- > args.window.begin;) {
    for (std::size_t p = 0; p < args.recurrent.count; ++p)
      follow_synapses(context, args, args.recurrent.at[p], t, later);
    std::size_t done = args.psi_to_factor.shape[2];  // neurons from here on are
    for (const std::size_t cut : cuts) {
      launch_1d(context.stream, args.psi_to_factor.shape[0] * (done - cut), spike_adjoint_kernel<Rule>, args, states, t,
                cut, done - cut, later);
      done = cut;
      for (std::size_t p = 0; p < args.within_step.count; ++p) {
        const ProjectionView<float>& projection = args.within_step.at[p];
        if (projection.pre_begin + projection.pre_count == cut) follow_synapses(context, args, projection, t, later);
      }
    }
  }
  if (args.carried == nullptr) return;
  SW_CUDA_CHECK(cudaMemcpyAsync(args.carried, memory, state_bytes, cudaMemcpyDeviceToDevice, context.stream));
}

template <class Rule>
void launch_adjoint(Context& context, const AdjointArgs<float>& args, const NeuronRange& range, const float* later) {
  using Adjoint = typename Rule::template Adjoint<float>;
  const std::size_t blocks = (range.count + adjoint_block - 1) / adjoint_block;
  launch({.grid = dim3(static_cast<unsigned>(args.psi_to_factor.shape[0] * blocks)),
          .block = dim3(adjoint_block),
          .stream = context.stream},
         adjoint_kernel<Rule>, args,
         place_columns<Adjoint>(args.carried, args.psi_to_factor.shape[0] * args.psi_to_factor.shape[2]), range,
         static_cast<unsigned>(blocks), later);
}

// Stretches of neurons, the last first, to each of which no projection leads from those before it in the list.
std::vector<NeuronRange> stretches(const AdjointArgs<float>& args) {
  std::vector<std::size_t> cuts{0, args.psi_to_factor.shape[2]};
  for (const ProjectionList<float>* list : {&args.recurrent, &args.within_step}) {
    for (std::size_t p = 0; p < list->count; ++p) cuts.push_back(list->at[p].pre_begin + list->at[p].pre_count);
  }
  std::sort(cuts.begin(), cuts.end(), std::greater<>());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::vector<NeuronRange> ranges;
  for (std::size_t n = 0; n + 1 < cuts.size(); ++n) ranges.push_back({cuts[n + 1], cuts[n] - cuts[n + 1]});
  return ranges;
}

// A stretch of neurons makes as many steps as there is room for before the one that sends to it. The room is that of
// the input currents of a forward pass of the same trials.
template <class Rule>
void run_layered_adjoint(Context& context, const AdjointArgs<float>& of) {
  using Adjoint = typename Rule::template Adjoint<float>;
  AdjointArgs<float> args = of;
  const StepWindow window = of.window;
  if (window.begin >= window.end) return;
  const std::size_t batch = args.psi_to_factor.shape[0], cells = batch * args.psi_to_factor.shape[2];
  if (cells == 0) return;
  const std::vector<NeuronRange> ranges = stretches(args);
  std::size_t widest = 0;
  for (const NeuronRange& range : ranges) widest = std::max(widest, range.count);
  const std::size_t step_bytes = cells * sizeof(float);
  const std::size_t room =
      std::clamp(context.options.current_bytes / step_bytes, std::size_t{1}, window.end - window.begin) * step_bytes;
  const std::size_t state_bytes = of.carried != nullptr ? 0 : columns_size<Adjoint>(cells);
  const std::size_t steps = std::clamp((room - std::min(room, state_bytes)) / (batch * widest * sizeof(float)),
                                       std::size_t{1}, window.end - window.begin);
  std::byte* const memory = context.scratch.get<std::byte>(state_bytes + steps * batch * widest * sizeof(float),
                                                           "errors of a stretch of neurons");
  if (of.carried == nullptr) {
    SW_CUDA_CHECK(cudaMemsetAsync(memory, 0, state_bytes, context.stream));
    args.carried = memory;
  }
  float* const later = reinterpret_cast<float*>(memory + state_bytes);
  for (std::size_t end = window.end; end > window.begin;) {
    const std::size_t begin = end - std::min(steps, end - window.begin);
    args.window = {begin, end};
    for (const NeuronRange& range : ranges) {
      const bool has_effects = layer_errors(context, args, range, later);
      launch_adjoint<Rule>(context, args, range, has_effects ? later : nullptr);
    }
    end = begin;
  }
}

// Thread: one trial and output, from the last step to the first.
__global__ void readout_adjoint_kernel(ReadoutAdjointArgs<float> args) {
  const std::size_t outputs = args.factor.shape[2];
  const std::size_t index = global_index_1d();
  if (index >= args.factor.shape[0] * outputs) return;
  const std::size_t trial = index / outputs;
  const std::size_t k = index % outputs;

  const std::size_t end = args.window.end_or(args.factor.shape[1]);
  const bool goes_on = !args.carried.empty() && static_cast<std::int64_t>(end) < args.length[trial];
  float factor = goes_on ? args.carried[index] : 0.0f;
  const std::size_t running_end = static_cast<std::size_t>(max(args.length[trial], 0));
  std::size_t tile_end = end;
  while (tile_end > args.window.begin) {
    const std::size_t left = tile_end - args.window.begin;
    float error[readout_steps];
    SW_UNROLL(16)
    for (unsigned back = 0; back < readout_steps; ++back) {
      const std::size_t t = tile_end - 1 - back;
      error[back] = back < left && t < running_end ? args.error(trial, t, k) : 0.0f;
    }
    SW_UNROLL(16)
    for (unsigned back = 0; back < readout_steps; ++back) {
      const std::size_t t = tile_end - 1 - back;
      if (back >= left) continue;
      if (t < running_end) factor = readout_step(args.readout, factor, error[back]);
      args.factor(trial, t, k) = t < running_end ? factor : 0.0f;
    }
    tile_end -= left < readout_steps ? left : readout_steps;
  }
  if (!args.carried.empty()) args.carried[index] = factor;
}

// Block: one output; thread: every 256th step of the batch.
__global__ void __launch_bounds__(sum_block) bias_gradient_kernel(ReadoutAdjointArgs<float> args) {
  SW_SHARED(double, partial, sum_block);
  const std::size_t k = blockIdx.x;
  const std::size_t steps = args.window.end_or(args.error.shape[1]) - args.window.begin;
  double own = 0.0;
  for (std::size_t row = threadIdx.x; row < args.error.shape[0] * steps; row += sum_block) {
    const std::size_t trial = row / steps;
    const std::size_t t = args.window.begin + row % steps;
    if (static_cast<std::int64_t>(t) < args.length[trial]) own += static_cast<double>(args.error(trial, t, k));
  }
  const double sum = block_sum(own, partial);
  if (threadIdx.x == 0) args.bias_gradient[k] += static_cast<float>(sum);
}

}  // namespace

void adjoint(Context& context, const AdjointArgs<float>& of) {
  AdjointArgs<float> args = of;
  args.window.end = args.window.end_or(args.psi_to_factor.shape[1]);
  GradientRules::visit(args.in.rule, [&]<class Rule>() {
    if constexpr (follows_spikes<typename Rule::template Signal<float>>) {
      if (!lead_ahead(args)) return run_spike_adjoint<Rule>(context, args);
      run_layered_adjoint<Rule>(context, args);
    } else {
      launch_adjoint<Rule>(context, args, {0, args.psi_to_factor.shape[2]}, nullptr);
    }
  });
}

void readout_adjoint(Context& context, const ReadoutAdjointArgs<float>& args) {
  launch_1d(context.stream, args.factor.shape[0] * args.factor.shape[2], readout_adjoint_kernel, args);
  launch({.grid = dim3(static_cast<unsigned>(args.bias_gradient.size())),
          .block = dim3(sum_block),
          .stream = context.stream},
         bias_gradient_kernel, args);
}

}  // namespace spikeweave::SW_DEVICE
