// The backward recursion of one trial, a step at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <vector>

#include "host/cpu/eprop_signal.hpp"
#include "host/cpu/propagation.hpp"
#include "spikeweave/ops/gradient.hpp"

namespace spikeweave::cpu {

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
  // The signals of the neurons [begin, end).
  void load_signals(std::size_t t, std::size_t begin, std::size_t end) { signal_.load(args_.in, b_, t, begin, end); }

  // The recursion of the neurons [begin, end).
  void step(std::size_t t, std::size_t begin, std::size_t end) { step(t, begin, end, later_.data() + begin); }
  // later [end - begin]: what their spikes do in later steps.
  void step(std::size_t t, std::size_t begin, std::size_t end, [[maybe_unused]] const Real* later) {
    [[maybe_unused]] const Real reset = args_.follows_reset ? Real(1) : Real(0);
    const auto constants = args_.in.constants;
    const auto state = state_;
    const Real kappa = args_.in.readout.kappa;
    const Real* const filtered = signal_.filtered();
    const Real* const unfiltered = signal_.unfiltered();
    const Real* const mask = signal_.mask();
    Real* __restrict const psi_to_factor = factors(t);
#pragma GCC ivdep
    for (std::size_t j = begin; j < end; ++j) {
      Adjoint s = state.load(j);
      Signal here{filtered[j], unfiltered[j], mask[j]};
      if constexpr (follows_spikes<Signal>) {
        here.later = later[j - begin];
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

  std::size_t length() const {
    return length_;
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

}  // namespace spikeweave::cpu
