// Neuron dynamics of one step, or of as many as have their currents; states stay in memory between the launches.
#include <algorithm>

#include "kernels/forward.cuh"
#include "kernels/launch.cuh"
#include "kernels/unroll.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// Thread: one trial and neuron. has_seconds: whether any model has a second compartment; those models take twice the
// registers.
template <bool has_seconds>
__global__ void neuron_step_kernel(ForwardViews views, StepWindow window, NeuronRange range, CurrentRows currents) {
  const std::size_t index = global_index_1d();
  if (index >= views.batch * range.count) return;
  const std::size_t trial = index / range.count;
  const std::size_t neuron = range.begin + index % range.count;
  const unsigned p = views.populations.find(neuron);
  if (p == views.populations.count) return;
  const PopulationEntry& population = views.populations.at[p];
  const std::size_t local = neuron - population.begin;
  const auto begin = static_cast<unsigned>(window.begin);
  const auto end = static_cast<unsigned>(window.end_in(views.running_steps(trial)));
  const bool goes_on = begin > 0 || views.continues;
  if (begin >= end && goes_on) return;

  const auto run = [&]<class Model>() {
    const auto states = unpack<ColumnsOf<typename Model::State>>(population.state);
    const std::size_t state_index = trial * population.count + local;
    const auto derived = unpack<ColumnsOf<typename Model::Derived>>(population.derived).load(local);
    typename Model::State state = goes_on ? states.load(state_index) : Model::initial_state(derived);
    [[maybe_unused]] const std::size_t second = population.second + local;
    unsigned spike_count = 0;
    float current = begin < end ? currents.at(trial, begin, neuron) : 0.0f;
    SW_UNROLL(1)
    for (unsigned t = begin; t < end; ++t) {
      StepInput<float> in{current, views.noise.template word<Model>(trial, t, neuron),
                          views.forced_spike(trial, t, neuron)};
      if (t + 1 < end) current = currents.at(trial, t + 1, neuron);  // under way during this step
      if constexpr (Model::is_rate || takes_current<Model>) views.drive_input(trial, t, neuron, in);
      if constexpr (has_second<Model>) in.second = currents.at(trial, t, second);
      const StepOutput<float> output = step_model<Model>(population.pseudo_derivative, derived, state, in);
      views.write(trial, t, neuron, Model::is_rate, output);
      if constexpr (has_second<Model>) {
        views.outputs(trial, t, second) = output.second;
        if (!views.psi.empty()) views.psi(trial, t, second) = output.second_psi;
      }
      spike_count += output.spike != 0.0f ? 1u : 0u;
    }
    if (!Model::is_rate) views.spike_count(trial, neuron) += spike_count;
    states.store(state_index, state);
  };
  if constexpr (has_seconds) {
    CellModels::visit(population.model, run);
  } else {
    CellModels::visit_single(population.model, run);
  }
}

// Block: one trial.
__global__ void record_traces_kernel(ForwardViews views, unsigned t) {
  const std::size_t trial = blockIdx.x;
  if (t < views.running_steps(trial)) record_traces(views, trial, t, threadIdx.x, blockDim.x);
}

}  // namespace

void neuron_steps(Context& context, const ForwardViews& views, const StepWindow& window, const NeuronRange& range,
                  const CurrentRows& currents) {
  const PopulationTable& all = views.populations;
  const bool has_seconds = std::any_of(all.at, all.at + all.count, [](const auto& p) { return p.second > 0; });
  launch_1d(context.stream, views.batch * range.count,
            has_seconds ? neuron_step_kernel<true> : neuron_step_kernel<false>, views, window, range, currents);
}

void record_step(Context& context, const ForwardViews& views, unsigned t) {
  if (views.trace_count == 0) return;
  launch({.grid = dim3(static_cast<unsigned>(views.batch)), .block = dim3(128), .stream = context.stream},
         record_traces_kernel, views, t);
}

}  // namespace spikeweave::SW_DEVICE
