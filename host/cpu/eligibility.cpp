// The literal textbook form: a trace per synapse, every synapse in every step. Slow, and the reference for that.
#include <vector>

#include "host/cpu/eprop_signal.hpp"
#include "host/cpu/operations.hpp"
#include "host/cpu/propagation.hpp"

namespace spikeweave::cpu {
namespace {

// Presynaptic factor of cell i at step t; 0 before the projection's delay.
template <class Real>
Real presynaptic(const OuterProductArgs<Real>& args, std::size_t delay, std::size_t b, std::size_t t, std::size_t i) {
  if (t < delay) return Real(0);
  const std::size_t source = t - delay;
  const std::size_t frame = source / args.frame_steps;
  if (!args.mask.empty() && args.mask(b, frame, i) == 0) return Real(0);
  return args.scale * (args.events.empty() ? args.values(b, frame, i) : static_cast<Real>(args.events(b, source, i)));
}

// Synapses of one pre cell that have one delay.
template <class Trace>
struct Row {
  std::size_t pre = 0;    // within the projection
  std::size_t delay = 0;  // [steps]
  std::size_t first = 0;  // of the synapses
  std::vector<std::uint32_t> post;
  std::vector<Trace> trace;
};

template <class Trace, class Real>
void run_row(const EligibilityArgs<Real>& args, std::size_t b, Row<Trace>& row) {
  const ProjectionView<Real>& block = args.product.projection;
  std::fill(row.trace.begin(), row.trace.end(), Trace{});
  SignalRows<Real> signal(args.psi.shape[2]);
  signal.start_trial(args.in, b);
  for (std::size_t t = 0; t < static_cast<std::size_t>(args.in.length[b]); ++t) {
    signal.load(args.in, b, t);
    const Real pre = presynaptic(args.product, row.delay, b, t, block.pre_begin + row.pre);
    const Real* psi = args.psi.row(b, t);
    for (std::size_t n = 0; n < row.post.size(); ++n) {
      const std::size_t neuron = block.post_begin + row.post[n];
      Trace::step(args.in.constants.load(neuron), args.in.readout.kappa, row.trace[n], psi[neuron], pre,
                  {signal.filtered()[neuron], signal.unfiltered()[neuron], signal.mask()[neuron]});
    }
  }
  for (std::size_t n = 0; n < row.post.size(); ++n) {
    if (args.product.zero_diagonal && block.pre_begin + row.pre == block.post_begin + row.post[n]) continue;
    args.product.gradient[row.first + n] += row.trace[n].gradient;
  }
}

template <class Trace, class Real>
Row<Trace> make_row(const OuterProductArgs<Real>& args, std::size_t delay_class, std::size_t i) {
  const ProjectionView<Real>& block = args.projection;
  Row<Trace> row;
  row.pre = i;
  row.delay = block.delay_of(delay_class);
  if (block.sparse == nullptr) {
    row.first = i * block.post_count;
    for (std::uint32_t j = 0; j < block.post_count; ++j) row.post.push_back(j);
  } else {
    visit_row(*block.sparse, block.pre_count, delay_class, i, [&](std::uint32_t begin, std::uint32_t end) {
      row.first = begin;
      row.post.assign(block.sparse->target.data + begin, block.sparse->target.data + end);
    });
  }
  row.trace.resize(row.post.size());
  return row;
}

template <class Trace, class Real>
void run_eligibility(const EligibilityArgs<Real>& args, int threads) {
  const ProjectionView<Real>& block = args.product.projection;
  const std::size_t classes = block.class_count();
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (std::size_t n = 0; n < classes * block.pre_count; ++n) {
    Row<Trace> row = make_row<Trace>(args.product, n / block.pre_count, n % block.pre_count);
    for (std::size_t b = 0; b < args.psi.shape[0]; ++b) run_row(args, b, row);
  }
}

}  // namespace

template <class Real>
void eligibility(const EligibilityArgs<Real>& args, int threads) {
  GradientRules::visit(args.in.rule, [&]<class Rule>() {
    if constexpr (requires { typename Rule::template Trace<Real>; }) {
      run_eligibility<typename Rule::template Trace<Real>>(args, threads);
    }
  });
}
template void eligibility<float>(const EligibilityArgs<float>&, int);
template void eligibility<double>(const EligibilityArgs<double>&, int);

}  // namespace spikeweave::cpu
