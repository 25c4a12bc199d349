// The literal textbook form: a trace per synapse, every synapse in every step. Slow, and the reference for that.
#include <vector>

#include "host/cpu/eprop_signal.hpp"
#include "host/cpu/operations.hpp"

namespace spikeweave::cpu {
namespace {

// Presynaptic factor of cell i at step t; 0 before the projection's delay.
template <class Real>
Real presynaptic(const OuterProductArgs<Real>& args, std::size_t b, std::size_t t, std::size_t i) {
  if (t < args.delay) return Real(0);
  const std::size_t source = t - args.delay;
  const std::size_t frame = source / args.frame_steps;
  if (!args.mask.empty() && args.mask(b, frame, i) == 0) return Real(0);
  return args.scale * (args.events.empty() ? args.values(b, frame, i) : static_cast<Real>(args.events(b, source, i)));
}

// All synapses of presynaptic row i in one trial.
template <class Trace, class Real>
void run_row(const EligibilityArgs<Real>& args, std::size_t b, std::size_t i, std::vector<Trace>& trace) {
  const ProjectionView<Real>& block = args.product.projection;
  std::fill(trace.begin(), trace.end(), Trace{});
  SignalRows<Real> signal(args.psi.shape[2]);
  signal.start_trial(args.in, b);
  for (std::size_t t = 0; t < static_cast<std::size_t>(args.in.length[b]); ++t) {
    signal.load(args.in, b, t);
    const Real pre = presynaptic(args.product, b, t, block.pre_begin + i);
    const Real* psi = args.psi.row(b, t);
    for (std::size_t j = 0; j < block.post_count; ++j) {
      const std::size_t neuron = block.post_begin + j;
      Trace::step(args.in.constants.load(neuron), args.in.readout.kappa, trace[j], psi[neuron], pre,
                  {signal.filtered()[neuron], signal.unfiltered()[neuron], signal.mask()[neuron]});
    }
  }
  for (std::size_t j = 0; j < block.post_count; ++j) {
    if (args.product.zero_diagonal && block.pre_begin + i == block.post_begin + j) continue;
    args.product.gradient(i, j) += trace[j].gradient;
  }
}

template <class Trace, class Real>
void run_eligibility(const EligibilityArgs<Real>& args, int threads) {
  const ProjectionView<Real>& block = args.product.projection;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t i = 0; i < block.pre_count; ++i) {
    std::vector<Trace> trace(block.post_count);
    for (std::size_t b = 0; b < args.psi.shape[0]; ++b) run_row(args, b, i, trace);
  }
}

}  // namespace

template <class Real>
void eligibility(const EligibilityArgs<Real>& args, int threads) {
  LearningRules::visit(args.in.rule,
                       [&]<class Rule>() { run_eligibility<typename Rule::template Trace<Real>>(args, threads); });
}
template void eligibility<float>(const EligibilityArgs<float>&, int);
template void eligibility<double>(const EligibilityArgs<double>&, int);

}  // namespace spikeweave::cpu
