// The textbook form of a rule: one thread per synapse, traces in registers, trial after trial.
#include "kernels/launch.cuh"
#include "kernels/learning_signal.cuh"
#include "kernels/operations.cuh"
#include "kernels/pre_cells.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// signal[t, post]: the filtered learning signal of one trial, for all synapses of a post neuron.
__global__ void signal_kernel(EligibilityArgs<float> args, std::size_t trial, float* signal) {
  const std::size_t posts = args.product.projection.post_count;
  const std::size_t index = global_index_1d();
  if (index >= args.psi.shape[1] * posts) return;
  const std::size_t t = index / posts;
  if (static_cast<std::int64_t>(t) >= args.in.length[trial]) return;
  signal[index] = filtered_signal(args.in, trial, t, args.product.projection.post_begin + index % posts);
}

// Thread: one synapse. Of a sparse projection k counts the columns' order.
template <class Trace, class T>
__global__ void eligibility_kernel(EligibilityArgs<float> args, SparseView sparse, PreCells<T> cells, std::size_t trial,
                                   const float* signals, std::size_t synapse_count) {
  const OuterProductArgs<float>& product = args.product;
  const ProjectionView<float>& p = product.projection;
  const std::size_t k = global_index_1d();
  if (k >= synapse_count) return;
  const bool is_sparse = p.sparse != nullptr;
  const std::size_t synapse = is_sparse ? sparse.column_synapse[k] : k;
  const std::size_t pre = p.pre_begin + (is_sparse ? sparse.column_source[k] : k / p.post_count);
  const std::size_t column = is_sparse ? sparse.target[synapse] : k % p.post_count;
  const std::size_t post = p.post_begin + column;
  const std::size_t delay = is_sparse ? sparse.column_delay[k] : p.delay;
  if (product.zero_diagonal && pre == post) return;

  const EligibilityConstants<float> constants = args.in.constants.load(post);
  const float rate = rate_signal(args.in, trial, post);
  EpropSignal<float> signal{0.0f, rate, 1.0f};
  Trace trace;
  const std::size_t steps = args.psi.shape[1];
  for (std::size_t t = 0; t < steps && static_cast<std::int64_t>(t) < args.in.length[trial]; ++t) {
    const float x = t < delay ? 0.0f : cells.at(trial, static_cast<unsigned>(t - delay)).at(pre);
    signal.filtered = signals[t * p.post_count + column];
    signal.unfiltered = rate + local_signal_at(args.in, trial, t, post);
    signal.mask = readout_visibility(args.in, trial, t, post);
    Trace::step(constants, args.in.readout.kappa, trace, args.psi(trial, t, post), x, signal);
  }
  product.gradient[synapse] += product.scale * trace.gradient;
}

}  // namespace

void eligibility(Context& context, const EligibilityArgs<float>& args) {
  const ProjectionView<float>& projection = args.product.projection;
  const bool is_sparse = projection.sparse != nullptr;
  const SparseView sparse = is_sparse ? *projection.sparse : SparseView{};
  const std::size_t synapse_count = projection.synapse_count();
  const std::size_t steps = args.psi.shape[1];
  if (synapse_count == 0 || steps == 0) return;
  float* signals = context.scratch.get<float>(steps * projection.post_count, "learning signals of a trial");
  const auto run = [&]<class Rule, class T>(const PreCells<T>& cells) {
    for (std::size_t trial = 0; trial < args.psi.shape[0]; ++trial) {
      launch_1d(context.stream, steps * projection.post_count, signal_kernel, args, trial, signals);
      launch_1d(context.stream, synapse_count, eligibility_kernel<typename Rule::template Trace<float>, T>, args,
                sparse, cells, trial, signals, synapse_count);
    }
  };
  with_pre_cells(args.product.events, args.product.values, args.product.mask, args.product.frame_steps,
                 [&]<class T>(const PreCells<T>& cells) {
                   GradientRules::visit(args.in.rule, [&]<class Rule>() {
                     if constexpr (requires { typename Rule::template Trace<float>; }) {
                       run.template operator()<Rule, T>(cells);
                     }
                   });
                 });
}

}  // namespace spikeweave::SW_DEVICE
