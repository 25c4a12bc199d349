#include "kernels/forward_choice.cuh"

#include <algorithm>
#include <string>

#include "spikeweave/ops/layer_order.hpp"

namespace spikeweave::SW_DEVICE {
namespace {

std::optional<ResidentShape> resident_shape(const Context& context, const ForwardArgs<float>& args, Propagation form) {
  const bool is_streamed = form == Propagation::streamed_grid;
  const Exchange exchange = form == Propagation::resident_block     ? Exchange::block
                            : form == Propagation::resident_cluster ? Exchange::cluster
                                                                    : Exchange::grid;
  if (!args.traces.empty()) return {};  // they read the states of every step
  const Residence residence = is_streamed                     ? Residence::none
                              : exchange == Exchange::cluster ? Residence::most
                                                              : Residence::all;
  if (context.options.group > 0) return fit_resident(context, args, exchange, context.options.group, residence);
  if (is_streamed) return fit_resident(context, args, exchange, context.device.multiprocessors, residence);
  return fit_smallest(context, args, exchange);
}

// Whether the dense product has blocks for the whole device. Fewer take as long: on an H100 64 of them, of 4096 neurons
// and 64 trials, took 500 us per step.
bool fills_with_gemm(const Context& context, const ForwardArgs<float>& args) {
  constexpr std::size_t tile = 64;  // trials and neurons of a block
  constexpr std::size_t blocks_per_multiprocessor = 2;
  const std::size_t tiles = (args.batch + tile - 1) / tile * ((args.neuron_count + tile - 1) / tile);
  return tiles >= blocks_per_multiprocessor * context.device.multiprocessors;
}

// The first that fits. Weights on the chip before all else, with as few blocks in a group as hold them; a barrier of
// the whole grid only beyond what a block of one trial can do. Most numbers are guesses that await a measurement on a
// GPU: the dense product reads each weight once per 64 trials, a gather once per spike and trial; two launches per step
// cost more than a barrier of the grid while few trials read weights.
ForwardChoice choose_automatically(const Context& context, const ForwardArgs<float>& args) {
  constexpr std::size_t gemm_batch = 64;      // one tile of the gemm kernel
  constexpr std::size_t gemm_neurons = 4096;  // 64 MiB of recurrent weights: more than the L2 cache of an H200
  constexpr std::size_t streamed_batch = 64;
  const auto shape_of = [&](Propagation form) { return resident_shape(context, args, form); };
  for (const Propagation form : {Propagation::resident_block, Propagation::resident_cluster}) {
    if (const auto shape = shape_of(form)) return {form, *shape};
  }
  const bool is_small = args.neuron_count <= largest_trial_block;
  if (!is_small || context.device.has_clusters) {
    if (const auto shape = shape_of(Propagation::resident_grid)) return {Propagation::resident_grid, *shape};
  }
  if (is_small) return {Propagation::trial_block, {}};
  if (args.batch >= gemm_batch && args.neuron_count >= gemm_neurons) {
    return {fills_with_gemm(context, args) ? Propagation::gemm : Propagation::gather, {}};
  }
  if (args.batch <= streamed_batch) {
    if (const auto shape = shape_of(Propagation::streamed_grid)) return {Propagation::streamed_grid, *shape};
  }
  return {Propagation::gather, {}};
}

}  // namespace

bool is_plain(const ForwardArgs<float>& args) {
  const auto all = [](const ProjectionList<float>& list, std::size_t delay) {
    return std::all_of(list.at, list.at + list.count,
                       [delay](const ProjectionView<float>& p) { return p.sparse == nullptr && p.delay == delay; });
  };
  return all(args.input, 0) && all(args.recurrent, 1) && args.within_step.count == 0 && args.plasticity.empty() &&
         args.history.empty() && args.outputs.empty() && !args.continues;
}

bool runs_layers(const Context& context, const ForwardArgs<float>& args) {
  constexpr std::size_t least_rows = 32;  // a guess: half of the rows of the smallest tile
  const std::size_t rows = args.batch * (args.window.end_in(args.steps) - args.window.begin);
  if (context.options.propagation != Propagation::automatic || rows < least_rows) return false;
  const bool has_input_currents = std::all_of(
      args.input.at, args.input.at + args.input.count,
      [](const ProjectionView<float>& projection) { return projection.sparse == nullptr && projection.delay == 0; });
  // A trace is of all populations in the same step, a second compartment has currents of its own.
  return has_input_currents && args.plasticity.empty() && args.traces.empty() && args.cell_count == args.neuron_count &&
         lead_ahead(args);
}

ForwardChoice choose_forward(const Context& context, const ForwardArgs<float>& args) {
  const Propagation wanted = context.options.propagation;
  switch (wanted) {
    case Propagation::automatic:
      return choose_automatically(context, args);
    case Propagation::trial_block:
      SW_EXPECTS(args.neuron_count <= largest_trial_block, "forward: a block per trial has at most 1024 neurons");
      return {wanted, {}};
    case Propagation::gather:
    case Propagation::gemm:
      return {wanted, {}};
    default:
      const auto shape = resident_shape(context, args, wanted);
      SW_EXPECTS(shape.has_value(), "forward: the group of blocks that was asked for cannot run this network");
      return {wanted, *shape};
  }
}

std::size_t stretch_steps(const Context& context, const ForwardArgs<float>& args, std::size_t steps) {
  return std::clamp<std::size_t>(context.options.current_bytes / current_bytes(args, 1), 1, steps);
}

Method forward_method(const Context& context, const ForwardArgs<float>& args) {
  const std::size_t steps = args.window.end_in(args.steps) - args.window.begin;
  if (args.batch == 0 || args.neuron_count == 0 || steps == 0) return {"nothing to do", 0};
  const std::size_t bytes = current_bytes(args, stretch_steps(context, args, steps));
  const std::string start = "input currents of many steps as one product; then ";
  if (runs_layers(context, args)) {
    return {start + "population by population, what arrives in many steps as one product and these steps in one launch",
            bytes};
  }
  if (!is_plain(args)) return {"a launch per step and projection", current_bytes(args, 3)};
  const ForwardChoice choice = choose_forward(context, args);
  const std::string group = std::to_string(choice.shape.group);
  const std::string trials = std::to_string(choice.shape.trials()) + " trials at a time";
  std::string text = start;
  switch (choice.form) {
    case Propagation::resident_block:
      text += "one launch, weights on the chip, a block for " + trials;
      break;
    case Propagation::resident_cluster:
      text += "one launch, weights on the chip, a cluster of " + group + " blocks for " + trials;
      break;
    case Propagation::resident_grid:
      text += "one launch, weights on the chip, " + group + " blocks of the grid for " + trials;
      break;
    case Propagation::streamed_grid:
      text += "one launch, weights through the L2 cache, " + group + " blocks of the grid for " + trials;
      break;
    case Propagation::trial_block:
      text += "one launch, weights through the caches, a block for each trial";
      break;
    case Propagation::gemm:
      text += "two launches per step, the spikes' currents as a dense product";
      break;
    default:
      text += "two launches per step, the spikes' currents as a gather";
  }
  return {text, bytes};
}

}  // namespace spikeweave::SW_DEVICE
