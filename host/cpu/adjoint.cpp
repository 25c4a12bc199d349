#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "host/cpu/eprop_signal.hpp"
#include "host/cpu/operations.hpp"
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
      for (std::size_t i = 0; i < projection.pre_count; ++i) {
        Real& sum = later[projection.pre_begin + i];
        if (projection.sparse == nullptr) {
          sum += dot(projection.weights + i * projection.post_count, factor, projection.post_count);
        } else {
          const std::uint32_t* const target = projection.sparse->target.data;
          visit_row(*projection.sparse, projection.pre_count, c, i, [&](std::uint32_t begin, std::uint32_t end) {
            for (std::uint32_t w = begin; w < end; ++w) sum += projection.weights[w] * factor[target[w]];
          });
        }
      }
    }
  }
}

// later: [neurons], of rules that follow spikes; else empty.
template <class Adjoint, class Signal, class Real>
void adjoint_row(const AdjointArgs<Real>& args, const ColumnsOf<Adjoint>& state, const SignalRows<Real>& signal,
                 const Real* later, Real* __restrict psi_to_factor, std::size_t neurons) {
  const EpropInputs<Real>& in = args.in;
  [[maybe_unused]] const Real reset = args.follows_reset ? Real(1) : Real(0);
  const auto constants = in.constants;
  const Real kappa = in.readout.kappa;
  const Real* const filtered = signal.filtered();
  const Real* const unfiltered = signal.unfiltered();
  const Real* const mask = signal.mask();
#pragma GCC ivdep
  for (std::size_t j = 0; j < neurons; ++j) {
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

template <class Adjoint, class Signal, class Real>
void run_adjoint(const AdjointArgs<Real>& args, int threads) {
  const std::size_t neurons = args.psi_to_factor.shape[2];
  const std::size_t batch = args.psi_to_factor.shape[0];
  const std::size_t last = args.window.end_or(args.psi_to_factor.shape[1]);
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(batch, threads))
  for (std::size_t b = 0; b < batch; ++b) {
    SignalRows<Real> signal(neurons);
    signal.start_trial(args.in, b);
    std::vector<Real> later(follows_spikes<Signal> ? neurons : 0, Real(0));
    std::vector<std::byte> memory(columns_size<Adjoint>(neurons));
    const auto state = place_columns<Adjoint>(memory.data(), neurons);
    const auto length = static_cast<std::size_t>(args.in.length[b]);
    const std::size_t end = args.window.end_in(length);
    const auto carried = place_columns<Adjoint>(args.carried, batch * neurons);
    const bool goes_on = args.carried != nullptr && end < length;
    for (std::size_t j = 0; goes_on && j < neurons; ++j) state.store(j, carried.load(b * neurons + j));
    for (std::size_t t = end; t-- > args.window.begin;) {
      signal.load(args.in, b, t);
      if constexpr (follows_spikes<Signal>) follow_synapses(args, b, t, later);
      adjoint_row<Adjoint, Signal>(args, state, signal, later.data(), args.psi_to_factor.row(b, t), neurons);
    }
    for (std::size_t j = 0; args.carried != nullptr && j < neurons; ++j) {
      carried.store(b * neurons + j, state.load(j));
    }
    for (std::size_t t = std::max(args.window.begin, end); t < last; ++t) {
      std::fill_n(args.psi_to_factor.row(b, t), neurons, Real(0));
    }
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
