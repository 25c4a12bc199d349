// The literal textbook form: a trace per synapse, every synapse in every step, on vector registers over the synapses of
// a pre cell. Threads share the pre cells, so every element is summed by one thread, over trials and steps in ascending
// order.
#include <algorithm>
#include <numeric>
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

// The learning signal of all steps of a window of one trial.
template <class Real>
struct WindowSignals {
  std::vector<Real> filtered, unfiltered, mask;  // [steps of the window, neurons]

  void load(const EligibilityArgs<Real>& args, std::size_t b, SignalRows<Real>& rows) {
    const StepWindow& window = args.product.window;
    filtered.clear();
    unfiltered.clear();
    mask.clear();
    rows.start_trial(args.in, b);
    const std::size_t end = window.end_in(static_cast<std::size_t>(args.in.length[b]));
    for (std::size_t t = window.begin; t < end; ++t) {
      rows.load(args.in, b, t);
      const auto append = [neurons = args.psi.shape[2]](std::vector<Real>& to, const Real* from) {
        to.insert(to.end(), from, from + neurons);
      };
      append(filtered, rows.filtered());
      append(unfiltered, rows.unfiltered());
      append(mask, rows.mask());
    }
  }
};

// Synapses of one pre cell that have one delay.
struct Row {
  std::size_t pre = 0;    // within the projection
  std::size_t delay = 0;  // [steps]
  std::size_t first = 0;  // of the synapses
  std::size_t count = 0;
};

template <class Real>
std::vector<Row> rows_of(const ProjectionView<Real>& block) {
  std::vector<Row> rows;
  for (std::size_t c = 0; c < block.class_count(); ++c) {
    for (std::size_t i = 0; i < block.pre_count; ++i) {
      Row row{i, block.delay_of(c), i * block.post_count, block.post_count};
      if (block.sparse != nullptr) {
        visit_row(*block.sparse, block.pre_count, c, i, [&row](std::uint32_t begin, std::uint32_t end) {
          row.first = begin;
          row.count = end - begin;
        });
      }
      rows.push_back(row);
    }
  }
  return rows;
}

// One trial's window for the synapses of a row. gradient: [row.count], added to. post(n): the neuron behind synapse n.
template <class Trace, class Real, class Post>
void run_row(const EligibilityArgs<Real>& args, std::size_t b, const Row& row, const WindowSignals<Real>& signals,
             const ColumnsOf<Trace>& traces, std::size_t at, Real* __restrict gradient, const Post& post) {
  const StepWindow& window = args.product.window;
  const std::size_t neurons = args.psi.shape[2];
  const Real kappa = args.in.readout.kappa;
  const auto constants = args.in.constants;
  if (window.begin == 0) {
    for (std::size_t n = 0; n < row.count; ++n) traces.store(at + n, Trace{});
  }
  const std::size_t end = window.end_in(static_cast<std::size_t>(args.in.length[b]));
  for (std::size_t t = window.begin; t < end; ++t) {
    const Real pre = presynaptic(args.product, row.delay, b, t, args.product.projection.pre_begin + row.pre);
    const Real* const psi = args.psi.row(b, t);
    const std::size_t step = (t - window.begin) * neurons;
    const Real* const filtered = signals.filtered.data() + step;
    const Real* const unfiltered = signals.unfiltered.data() + step;
    const Real* const mask = signals.mask.data() + step;
#pragma GCC ivdep
    for (std::size_t n = 0; n < row.count; ++n) {
      const std::size_t j = post(n);
      Trace trace = traces.load(at + n);
      trace.gradient = gradient[n];
      Trace::step(constants.load(j), kappa, trace, psi[j], pre, {filtered[j], unfiltered[j], mask[j]});
      traces.store(at + n, trace);
      gradient[n] = trace.gradient;
    }
  }
}

template <class Trace, class Real>
void run_eligibility(const EligibilityArgs<Real>& args, int threads) {
  const ProjectionView<Real>& block = args.product.projection;
  const std::vector<Row> rows = rows_of(block);
  const std::size_t synapses = block.synapse_count();
  const std::size_t batch = args.psi.shape[0];
#pragma omp parallel num_threads(threads_for(rows.size(), threads))
  {
    SignalRows<Real> signal(args.psi.shape[2]);
    WindowSignals<Real> signals;
    std::vector<std::byte> own;
    for (std::size_t b = 0; b < batch; ++b) {
      signals.load(args, b, signal);
#pragma omp for schedule(static) nowait
      for (std::size_t n = 0; n < rows.size(); ++n) {
        const Row& row = rows[n];
        if (args.traces == nullptr) own.resize(columns_size<Trace>(row.count));
        const auto traces = args.traces == nullptr ? place_columns<Trace>(own.data(), row.count)
                                                   : place_columns<Trace>(args.traces, batch * synapses);
        const std::size_t at = args.traces == nullptr ? 0 : b * synapses + row.first;
        Real* const to = args.product.gradient.data + row.first;
        if (block.sparse == nullptr) {
          run_row<Trace>(args, b, row, signals, traces, at, to,
                         [&block](std::size_t k) { return block.post_begin + k; });
        } else {
          const std::uint32_t* const target = block.sparse->target.data + row.first;
          run_row<Trace>(args, b, row, signals, traces, at, to,
                         [&block, target](std::size_t k) { return block.post_begin + target[k]; });
        }
      }
    }
  }
  if (!args.product.zero_diagonal) return;
  for (const Row& row : rows) {
    const std::size_t self = block.pre_begin + row.pre - block.post_begin;  // wraps where it is outside of the block
    if (block.sparse == nullptr && self < block.post_count) args.product.gradient[row.first + self] = Real(0);
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
