#include <algorithm>
#include <deque>
#include <vector>

#include "host/cpu/adjoint_run.hpp"
#include "host/cpu/layered_adjoint.hpp"
#include "host/cpu/operations.hpp"
#include "host/cpu/product_factors.hpp"
#include "spikeweave/core/flush.hpp"
#include "spikeweave/learning/rate_penalty.hpp"

namespace spikeweave::cpu {

namespace {
template <class Real>
Real rate_so_far(const RatePenaltyArgs<Real>& args, std::size_t b, std::size_t j) {
  return static_cast<Real>(args.spike_count(b, j)) /
         static_cast<Real>(args.window.end_in(static_cast<std::size_t>(args.length[b])));
}
}  // namespace

template <class Real>
void rate_penalty(const RatePenaltyArgs<Real>& args) {
  const std::size_t batch = args.factor.shape[0];
  const std::size_t neurons = args.factor.shape[1];
  for (std::size_t j = 0; j < neurons; ++j) {
    Real mean = 0;
    for (std::size_t b = 0; b < batch; ++b) {
      mean += rate_so_far(args, b, j);
    }
    mean /= static_cast<Real>(batch);
    for (std::size_t b = 0; b < batch; ++b) {
      const auto steps = static_cast<Real>(args.length[b]);
      const Real rate = args.average == RateAverage::batch ? mean : rate_so_far(args, b, j);
      args.factor(b, j) = rate_penalty_factor(args.coefficient, args.target, rate, steps, args.scale[b]);
    }
  }
}
template void rate_penalty<float>(const RatePenaltyArgs<float>&);
template void rate_penalty<double>(const RatePenaltyArgs<double>&);

namespace {

// later[i] += sum over the synapses within the step, of all trials that run.
template <class Real, class Run>
void follow_within_step(const ProjectionView<Real>& projection, std::size_t t, const std::vector<Run*>& running,
                        ProductFactors<Real>& factors) {
  if (projection.sparse != nullptr) {
    if (projection.class_count() == 0) return;  // no synapses
    for (Run* const run : running) {
      follow_sparse(projection, 0, run->factors(t) + projection.post_begin, run->later() + projection.pre_begin);
    }
    return;
  }
  factors.start(running.size(), projection.post_count, projection.pre_count);
  for (std::size_t n = 0; n < running.size(); ++n) {
    const Real* const factor = running[n]->factors(t) + projection.post_begin;
    for (std::size_t k = 0; k < projection.post_count; ++k) factors.at(n, k) = factor[k];
    factors.out(n) = running[n]->later() + projection.pre_begin;
  }
  add_transposed_products(factors.groups, projection.backward, projection.post_count, projection.post_count,
                          projection.pre_count, factors.packed);
}

// The trials [first, first + count), step by step.
template <class Adjoint, class Signal, class Real>
void run_adjoints(const AdjointArgs<Real>& args, const std::vector<std::size_t>& cuts, std::size_t first,
                  std::size_t count) {
  using Run = AdjointRun<Adjoint, Signal, Real>;
  std::deque<Run> runs;  // they do not move
  std::size_t end = 0;
  for (std::size_t b = first; b < first + count; ++b) {
    runs.emplace_back(args, b);
    end = std::max(end, runs.back().end());
  }
  ProductFactors<Real> factors;
  std::vector<Run*> running;
  for (std::size_t t = end; t-- > args.window.begin;) {
    running.clear();
    for (Run& run : runs) {
      if (t < run.end()) running.push_back(&run);
    }
    for (Run* run : running) run->start_step(t);
    std::size_t done = args.psi_to_factor.shape[2];  // neurons from here on are
    for (const std::size_t cut : cuts) {
      for (Run* run : running) run->step(t, cut, done);
      done = cut;
      for (std::size_t p = 0; p < args.within_step.count; ++p) {
        const ProjectionView<Real>& projection = args.within_step.at[p];
        if (projection.pre_begin + projection.pre_count == cut) follow_within_step(projection, t, running, factors);
      }
    }
  }
  for (Run& run : runs) run.finish();
}

template <class Adjoint, class Signal, class Real>
void run_adjoint(const AdjointArgs<Real>& args, int threads) {
  const std::size_t batch = args.psi_to_factor.shape[0];
  if constexpr (follows_spikes<Signal>) {
    if (lead_ahead(args)) {
      run_layered_adjoint<Adjoint, Signal>(args, threads);
      return;
    }
  }
  const std::vector<std::size_t> cuts = cuts_within_step(args);
  const std::size_t together = cuts.size() == 1 ? 1 : trials_together(batch, threads);
  const std::size_t groups = (batch + together - 1) / together;
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(groups, threads))
  for (std::size_t g = 0; g < groups; ++g) {
    run_adjoints<Adjoint, Signal>(args, cuts, g * together, std::min(together, batch - g * together));
  }
}

}  // namespace

template <class Real>
void adjoint(const AdjointArgs<Real>& args, int threads) {
  GradientRules::visit(args.in.rule, [&]<class Rule>() {
    run_adjoint<typename Rule::template Adjoint<Real>, typename Rule::template Signal<Real>>(args, threads);
  });
}
template void adjoint<float>(const AdjointArgs<float>&, int);
template void adjoint<double>(const AdjointArgs<double>&, int);

template <class Real>
void readout_adjoint(const ReadoutAdjointArgs<Real>& args, int threads) {
  const std::size_t batch = args.factor.shape[0];
  const std::size_t steps = args.factor.shape[1];
  const std::size_t outputs = args.factor.shape[2];
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(batch, threads))
  for (std::size_t b = 0; b < batch; ++b) {
    std::vector<Real> f(outputs, Real(0));
    const auto length = static_cast<std::size_t>(args.length[b]);
    const std::size_t end = args.window.end_in(length);
    if (!args.carried.empty() && end < length) std::copy_n(args.carried.row(b), outputs, f.begin());
    for (std::size_t t = end; t-- > args.window.begin;) {
      const Real* error = args.error.row(b, t);
      Real* factor = args.factor.row(b, t);
      for (std::size_t k = 0; k < outputs; ++k) {
        f[k] = flush(args.readout.kappa * f[k] + args.readout.gain * error[k]);
        factor[k] = f[k];
      }
    }
    if (!args.carried.empty()) std::copy_n(f.begin(), outputs, args.carried.row(b));
    for (std::size_t t = std::max(args.window.begin, end); t < args.window.end_or(steps); ++t) {
      std::fill_n(args.factor.row(b, t), outputs, Real(0));
    }
  }
  if (args.bias_gradient.empty()) return;
  for (std::size_t b = 0; b < batch; ++b) {
    const std::size_t end = args.window.end_in(static_cast<std::size_t>(args.length[b]));
    for (std::size_t t = args.window.begin; t < end; ++t) {
      for (std::size_t k = 0; k < outputs; ++k) args.bias_gradient[k] += args.error(b, t, k);
    }
  }
}
template void readout_adjoint<float>(const ReadoutAdjointArgs<float>&, int);
template void readout_adjoint<double>(const ReadoutAdjointArgs<double>&, int);

}  // namespace spikeweave::cpu
