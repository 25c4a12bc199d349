// The textbook form of a rule. Dense projections: eligibility_tiles.cu. Sparse ones: one thread per synapse, its traces
// in registers for the steps of a window, trial after trial.
#include "kernels/eligibility_tiles.cuh"
#include "kernels/launch.cuh"
#include "kernels/learning_signal.cuh"
#include "kernels/operations.cuh"
#include "kernels/pre_cells.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

// signal[t, post]: the filtered learning signal of one trial, from the window's begin on.
__global__ void signal_kernel(EligibilityArgs<float> args, std::size_t trial, float* signal) {
  const std::size_t posts = args.product.projection.post_count;
  const std::size_t index = global_index_1d();
  const StepWindow& window = args.product.window;
  if (index >= (window.end - window.begin) * posts) return;
  const std::size_t t = window.begin + index / posts;
  if (static_cast<std::int64_t>(t) >= args.in.length[trial]) return;
  signal[index] = filtered_signal(args.in, trial, t, args.product.projection.post_begin + index % posts);
}

// Thread: one synapse. k counts the columns' order.
template <class Trace, class T>
__global__ void eligibility_kernel(EligibilityArgs<float> args, SparseView sparse, ColumnsOf<Trace> traces,
                                   PreCells<T> cells, std::size_t trial, const float* signals) {
  const OuterProductArgs<float>& product = args.product;
  const ProjectionView<float>& p = product.projection;
  const std::size_t k = global_index_1d();
  const std::size_t synapse_count = sparse.target.size();
  if (k >= synapse_count) return;
  const std::size_t synapse = sparse.column_synapse[k];
  const std::size_t pre = p.pre_begin + sparse.column_source[k];
  const std::size_t column = sparse.target[synapse];
  const std::size_t post = p.post_begin + column;
  const std::size_t delay = sparse.column_delay[k];

  const EligibilityConstants<float> constants = args.in.constants.load(post);
  const float rate = rate_signal(args.in, trial, post);
  EpropSignal<float> signal{0.0f, rate, 1.0f};
  const StepWindow& window = product.window;
  const std::size_t at = trial * synapse_count + synapse;
  Trace trace;
  if (window.begin > 0) trace = traces.load(at);
  for (std::size_t t = window.begin; t < window.end && static_cast<std::int64_t>(t) < args.in.length[trial]; ++t) {
    const float x = t < delay ? 0.0f : cells.at(trial, static_cast<unsigned>(t - delay)).at(pre);
    signal.filtered = signals[(t - window.begin) * p.post_count + column];
    signal.unfiltered = rate + local_signal_at(args.in, trial, t, post);
    signal.mask = readout_visibility(args.in, trial, t, post);
    Trace::step(constants, args.in.readout.kappa, trace, args.psi(trial, t, post), x, signal);
  }
  product.gradient[synapse] += product.scale * trace.gradient;
  if (args.traces != nullptr) traces.store(at, trace);
}

}  // namespace

void eligibility(Context& context, const EligibilityArgs<float>& of) {
  EligibilityArgs<float> args = of;
  args.product.window.end = args.product.window.end_or(args.psi.shape[1]);
  if (args.product.window.begin >= args.product.window.end) return;
  const ProjectionView<float>& projection = args.product.projection;
  const std::size_t synapse_count = projection.synapse_count();
  if (synapse_count == 0) return;
  if (projection.sparse == nullptr) {
    eligibility_tiles(context, args);
    return;
  }
  const SparseView sparse = *projection.sparse;
  const std::size_t steps = args.product.window.end - args.product.window.begin;
  float* signals = context.scratch.get<float>(steps * projection.post_count, "learning signals of a trial");
  const auto run = [&]<class Rule, class T>(const PreCells<T>& cells) {
    using Trace = typename Rule::template Trace<float>;
    const auto traces = place_columns<Trace>(args.traces, args.psi.shape[0] * synapse_count);
    for (std::size_t trial = 0; trial < args.psi.shape[0]; ++trial) {
      launch_1d(context.stream, steps * projection.post_count, signal_kernel, args, trial, signals);
      launch_1d(context.stream, synapse_count, eligibility_kernel<Trace, T>, args, sparse, traces, cells, trial,
                signals);
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
