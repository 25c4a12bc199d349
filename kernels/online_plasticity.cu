// Changes of weights while a trial runs: per step and projection the cells' recursions, then one thread per synapse,
// which does something only where an event arrived or a spike was fired. Simple, and O(synapses) per step.
#include <algorithm>

#include "kernels/forward.cuh"
#include "kernels/launch.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// The factors of one side in the last steps, [ring_steps, factors, cells].
template <std::size_t factor_count>
struct DeviceRing {
  float* memory;
  std::size_t steps, cells;

  __device__ __forceinline__ std::size_t slot(std::int64_t step) const {
    const auto size = static_cast<std::int64_t>(steps);
    return static_cast<std::size_t>((step % size + size) % size);
  }
  __device__ __forceinline__ Factors<float, factor_count> at(std::int64_t step, std::size_t cell) const {
    Factors<float, factor_count> f;
    for (std::size_t k = 0; k < factor_count; ++k) {
      f.at[k] = memory[(slot(step) * factor_count + k) * cells + cell];
    }
    return f;
  }
  __device__ __forceinline__ void store(std::int64_t step, std::size_t cell,
                                        const Factors<float, factor_count>& f) const {
    for (std::size_t k = 0; k < factor_count; ++k) {
      memory[(slot(step) * factor_count + k) * cells + cell] = f.at[k];
    }
  }
};

template <class Rule>
struct PlasticViews {
  typename Rule::Constants constants;
  WeightBounds<float> bounds;
  ProjectionView<float> projection;
  std::size_t dendritic_delay;
  bool has_diagonal;
  ColumnsOf<typename Rule::Pre> pre;
  ColumnsOf<typename Rule::Post> post;
  ColumnsOf<typename Rule::Synapse> synapses;
  DeviceRing<pre_factor_count<Rule>> pre_ring;
  DeviceRing<post_factor_count<Rule>> post_ring;
  std::int64_t first_step;
};

// Thread: one pre cell or one post neuron.
template <class Rule, class T, class Source>
__global__ void plastic_cells_kernel(ForwardViews views, PlasticViews<Rule> plastic, Source source, unsigned t,
                                     float weight) {
  const std::size_t index = global_index_1d();
  const std::size_t pres = plastic.projection.pre_count;
  const std::int64_t step = plastic.first_step + t;
  if (t >= views.running_steps(0)) return;
  if (index < pres) {
    typename Rule::Pre s = plastic.pre.load(index);
    const float event = source.at(views, 0, t, 0).at(plastic.projection.pre_begin + index);
    plastic.pre_ring.store(step, index, Rule::pre_step(plastic.constants, s, event));
    plastic.pre.store(index, s);
  } else if (index < pres + plastic.projection.post_count) {
    const std::size_t j = index - pres;
    typename Rule::Post s = plastic.post.load(j);
    const std::size_t neuron = plastic.projection.post_begin + j;
    const float spike = static_cast<float>(views.spikes(0, t, neuron));
    const float output = views.outputs.empty() ? spike : views.outputs(0, t, neuron);
    plastic.post_ring.store(step, j, Rule::post_step(plastic.constants, s, {spike, output, weight}));
    plastic.post.store(j, s);
  }
}

// Thread: one synapse. Of a sparse projection k counts the columns' order, in which the delays stand.
template <class Rule, class T, class Source>
__global__ void plastic_synapses_kernel(ForwardViews views, PlasticViews<Rule> plastic, SparseView sparse,
                                        Source source, unsigned t, std::size_t synapse_count) {
  const std::size_t k = global_index_1d();
  if (k >= synapse_count || t >= views.running_steps(0)) return;
  const ProjectionView<float>& projection = plastic.projection;
  const bool is_sparse = projection.sparse != nullptr;
  const std::size_t synapse = is_sparse ? sparse.column_synapse[k] : k;
  const std::size_t pre = is_sparse ? sparse.column_source[k] : k / projection.post_count;
  const std::size_t post = is_sparse ? sparse.target[synapse] : k % projection.post_count;
  const std::size_t shift = (is_sparse ? sparse.column_delay[k] : projection.delay) - plastic.dendritic_delay;
  if (plastic.has_diagonal && projection.pre_begin + pre == projection.post_begin + post) return;

  const StepCells<T> sent = source.at(views, 0, t, static_cast<unsigned>(shift));
  const bool has_event = sent.row != nullptr && sent.at(projection.pre_begin + pre) != 0.0f;
  const StepCells<std::uint8_t> fired = views.spikes_of(0, t, static_cast<unsigned>(plastic.dendritic_delay));
  const bool has_spike = fired.row != nullptr && fired.row[projection.post_begin + post] != 0;
  if (Rule::is_event_driven && !has_event && !has_spike) return;

  const std::int64_t step = plastic.first_step + t;
  const auto from = plastic.pre_ring.at(step - static_cast<std::int64_t>(shift), pre);
  const auto to = plastic.post_ring.at(step - static_cast<std::int64_t>(plastic.dendritic_delay), post);
  typename Rule::Synapse s = plastic.synapses.load(synapse);
  if constexpr (Rule::is_event_driven) {
    if (has_event) Rule::on_pre(plastic.constants, plastic.bounds, s, from, to);
    if (has_spike) Rule::on_post(plastic.constants, plastic.bounds, s, from, to);
  } else {
    Rule::on_step(plastic.constants, plastic.bounds, s, from, to);
  }
  plastic.synapses.store(synapse, s);
}

template <class Rule>
__global__ void sweep_kernel(PlasticViews<Rule> plastic, std::size_t synapse_count, float modulator) {
  const std::size_t synapse = global_index_1d();
  if (synapse >= synapse_count) return;
  typename Rule::Synapse s = plastic.synapses.load(synapse);
  Rule::sweep(plastic.constants, plastic.bounds, s, modulator);
  plastic.synapses.store(synapse, s);
}

// States at rest; the weights stay.
template <class Rule>
__global__ void clear_plastic_kernel(PlasticViews<Rule> plastic, std::size_t synapse_count) {
  const std::size_t index = global_index_1d();
  if (index < plastic.projection.pre_count) plastic.pre.store(index, typename Rule::Pre{});
  if (index < plastic.projection.post_count) plastic.post.store(index, typename Rule::Post{});
  if constexpr (column_count < typename Rule::Synapse >> 1) {
    if (index >= synapse_count) return;
    typename Rule::Synapse s{};
    s.weight = plastic.synapses.load(index).weight;
    plastic.synapses.store(index, s);
  }
}

template <class Rule>
PlasticViews<Rule> make_views(const ForwardArgs<float>& args, const OnlinePlasticity<float>& of,
                              const typename Rule::Params& params) {
  const ProjectionView<float>& projection =
      of.kind == ProjectionKind::input ? args.input.at[of.index] : args.recurrent.at[of.index];
  PlasticViews<Rule> views{.constants = Rule::derive(params, of.dt),
                           .bounds = WeightBounds<float>::of(of.low, of.high),
                           .projection = projection,
                           .dendritic_delay = of.dendritic_delay,
                           .has_diagonal = of.has_diagonal,
                           .pre = place_columns<typename Rule::Pre>(of.pre_states, projection.pre_count),
                           .post = place_columns<typename Rule::Post>(of.post_states, projection.post_count),
                           .synapses = {},
                           .pre_ring = {of.pre_factors, of.ring_steps, projection.pre_count},
                           .post_ring = {of.post_factors, of.ring_steps, projection.post_count},
                           .first_step = static_cast<std::int64_t>(args.first_step)};
  views.synapses.pointers.head = of.weights;
  if constexpr (column_count < typename Rule::Synapse >> 1) {
    spikeweave::detail::place_columns(views.synapses.pointers.tail, of.memory, projection.synapse_count());
  }
  return views;
}

template <class Rule, class T, class Source>
void run_step(Context& context, const ForwardViews& views, const PlasticViews<Rule>& plastic, const Source& source,
              unsigned t, float weight) {
  const ProjectionView<float>& projection = plastic.projection;
  const std::size_t synapses = projection.synapse_count();
  launch_1d(context.stream, projection.pre_count + projection.post_count, plastic_cells_kernel<Rule, T, Source>, views,
            plastic, source, t, weight);
  launch_1d(context.stream, synapses, plastic_synapses_kernel<Rule, T, Source>, views, plastic,
            projection.sparse != nullptr ? *projection.sparse : SparseView{}, source, t, synapses);
}

}  // namespace

void clear_plasticity(Context& context, const ForwardArgs<float>& args) {
  for (const OnlinePlasticity<float>& of : args.plasticity) {
    visit_plasticity(*of.learning, [&]<template <class> class RuleOf>(const auto& params) {
      using Rule = RuleOf<float>;
      const PlasticViews<Rule> plastic = make_views<Rule>(args, of, params);
      const std::size_t synapses = plastic.projection.synapse_count();
      launch_1d(context.stream, std::max({plastic.projection.pre_count, plastic.projection.post_count, synapses}),
                clear_plastic_kernel<Rule>, plastic, synapses);
      SW_CUDA_CHECK(cudaMemsetAsync(
          of.pre_factors, 0, of.ring_steps * pre_factor_count<Rule> * plastic.projection.pre_count * sizeof(float),
          context.stream));
      SW_CUDA_CHECK(cudaMemsetAsync(
          of.post_factors, 0, of.ring_steps * post_factor_count<Rule> * plastic.projection.post_count * sizeof(float),
          context.stream));
    });
  }
}

template <class T>
void online_plasticity(Context& context, const ForwardArgs<float>& args, const ForwardViews& views,
                       const PreCells<T>& input, unsigned t) {
  for (const OnlinePlasticity<float>& of : args.plasticity) {
    visit_plasticity(*of.learning, [&]<template <class> class RuleOf>(const auto& params) {
      using Rule = RuleOf<float>;
      const PlasticViews<Rule> plastic = make_views<Rule>(args, of, params);
      if (of.kind == ProjectionKind::input) {
        run_step<Rule, T>(context, views, plastic, InputSource<T>{input}, t, of.weight[t]);
      } else if (!views.outputs.empty()) {
        run_step<Rule, float>(context, views, plastic, OutputSource{}, t, of.weight[t]);
      } else {
        run_step<Rule, std::uint8_t>(context, views, plastic, SpikeSource{}, t, of.weight[t]);
      }
      if constexpr (requires { Rule::sweep_steps(params, of.dt); }) {
        if ((args.first_step + t + 1) % Rule::sweep_steps(params, of.dt) != 0) return;
        const std::size_t synapses = plastic.projection.synapse_count();
        launch_1d(context.stream, synapses, sweep_kernel<Rule>, plastic, synapses,
                  of.modulator.empty() ? 0.0f : of.modulator[t]);
      }
    });
  }
}

template void online_plasticity(Context&, const ForwardArgs<float>&, const ForwardViews&, const PreCells<std::uint8_t>&,
                                unsigned);
template void online_plasticity(Context&, const ForwardArgs<float>&, const ForwardViews&, const PreCells<float>&,
                                unsigned);

}  // namespace spikeweave::SW_DEVICE
