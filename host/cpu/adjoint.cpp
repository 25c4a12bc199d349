#include <algorithm>
#include <array>
#include <deque>
#include <numeric>
#include <vector>

#include "host/cpu/eprop_signal.hpp"
#include "host/cpu/operations.hpp"
#include "host/cpu/product_factors.hpp"
#include "host/cpu/propagation.hpp"
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

// The sum in a fixed order that a compiler can vectorise.
template <class Real>
Real dot(const Real* a, const Real* b, std::size_t count) {
  constexpr std::size_t lanes = 16;
  std::array<Real, lanes> partial{};
  std::size_t k = 0;
  for (; k + lanes <= count; k += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) partial[lane] += a[k + lane] * b[k + lane];
  }
  for (std::size_t lane = 0; k < count; ++k, ++lane) partial[lane] += a[k] * b[k];
  return std::accumulate(partial.begin(), partial.end(), Real(0));
}

// later[pre cell] += sum over its synapses of one class of delays of feedback weight * factor.
template <class Real>
void follow_sparse(const ProjectionView<Real>& projection, std::size_t delay_class, const Real* factor, Real* later) {
  const std::uint32_t* const target = projection.sparse->target.data;
  for (std::size_t i = 0; i < projection.pre_count; ++i) {
    visit_row(*projection.sparse, projection.pre_count, delay_class, i, [&](std::uint32_t begin, std::uint32_t end) {
      for (std::uint32_t w = begin; w < end; ++w) later[i] += projection.backward[w] * factor[target[w]];
    });
  }
}

// later[i] = sum over the synapses of neuron i of weight * post factor in the step in which a spike of step t arrives.
template <class Real>
void follow_synapses(const AdjointArgs<Real>& args, std::size_t b, std::size_t t, std::vector<Real>& later) {
  std::fill(later.begin(), later.end(), Real(0));
  for (std::size_t p = 0; p < args.recurrent.count; ++p) {
    const ProjectionView<Real>& projection = args.recurrent.at[p];
    for (std::size_t c = 0; c < projection.class_count(); ++c) {
      const std::size_t arrival = t + projection.delay_of(c);
      if (arrival >= static_cast<std::size_t>(args.in.length[b])) continue;
      const Real* const factor = args.psi_to_factor.row(b, arrival) + projection.post_begin;
      Real* const to = later.data() + projection.pre_begin;
      if (projection.sparse != nullptr) {
        follow_sparse(projection, c, factor, to);
        continue;
      }
      for (std::size_t i = 0; i < projection.pre_count; ++i) {
        to[i] += dot(projection.backward + i * projection.post_count, factor, projection.post_count);
      }
    }
  }
}

// One trial of the recursion, a step at a time, backward.
template <class Adjoint, class Signal, class Real>
class AdjointRun {
 public:
  AdjointRun(const AdjointArgs<Real>& args, std::size_t b)
      : args_(args),
        b_(b),
        neurons_(args.psi_to_factor.shape[2]),
        length_(static_cast<std::size_t>(args.in.length[b])),
        signal_(neurons_),
        later_(follows_spikes<Signal> ? neurons_ : 0, Real(0)),
        memory_(columns_size<Adjoint>(neurons_)),
        state_(place_columns<Adjoint>(memory_.data(), neurons_)),
        carried_(place_columns<Adjoint>(args.carried, args.psi_to_factor.shape[0] * neurons_)) {
    signal_.start_trial(args.in, b);
    const bool goes_on = args.carried != nullptr && end() < length_;
    for (std::size_t j = 0; goes_on && j < neurons_; ++j) state_.store(j, carried_.load(b * neurons_ + j));
  }

  // The step behind the last one of the window.
  std::size_t end() const { return args_.window.end_in(length_); }

  // The signals of step t, and what the spikes do in later steps.
  void start_step(std::size_t t) {
    signal_.load(args_.in, b_, t);
    if constexpr (follows_spikes<Signal>) follow_synapses(args_, b_, t, later_);
  }

  // The recursion of the neurons [begin, end).
  void step(std::size_t t, std::size_t begin, std::size_t end) {
    [[maybe_unused]] const Real reset = args_.follows_reset ? Real(1) : Real(0);
    const auto constants = args_.in.constants;
    const auto state = state_;
    const Real kappa = args_.in.readout.kappa;
    const Real* const filtered = signal_.filtered();
    const Real* const unfiltered = signal_.unfiltered();
    const Real* const mask = signal_.mask();
    [[maybe_unused]] const Real* const later = later_.data();
    Real* __restrict const psi_to_factor = factors(t);
#pragma GCC ivdep
    for (std::size_t j = begin; j < end; ++j) {
      Adjoint s = state.load(j);
      Signal here{filtered[j], unfiltered[j], mask[j]};
      if constexpr (follows_spikes<Signal>) {
        here.later = later[j];
        here.reset = reset;
      }
      psi_to_factor[j] = Adjoint::step(constants.load(j), kappa, s, psi_to_factor[j], here);
      state.store(j, s);
    }
  }

  void finish() {
    for (std::size_t j = 0; args_.carried != nullptr && j < neurons_; ++j) {
      carried_.store(b_ * neurons_ + j, state_.load(j));
    }
    const std::size_t last = args_.window.end_or(args_.psi_to_factor.shape[1]);
    for (std::size_t t = std::max(args_.window.begin, end()); t < last; ++t) std::fill_n(factors(t), neurons_, Real(0));
  }

  Real* later() {
    return later_.data();
  }
  Real* factors(std::size_t t) const {
    return args_.psi_to_factor.row(b_, t);
  }

 private:
  const AdjointArgs<Real>& args_;
  const std::size_t b_, neurons_, length_;
  SignalRows<Real> signal_;
  std::vector<Real> later_;  // [neurons], of rules that follow spikes
  std::vector<std::byte> memory_;
  const ColumnsOf<Adjoint> state_, carried_;
};

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
