// The operations of the CPU backend, one per file. Each sums in an order that does not depend on the thread count.
#pragma once

#include "spikeweave/backend/backend.hpp"

namespace spikeweave::cpu {

// No more threads than there are items to share: a parallel region costs some microseconds.
inline int threads_for(std::size_t items, int threads) {
  return items < static_cast<std::size_t>(threads) ? (items > 0 ? static_cast<int>(items) : 1) : threads;
}

void encode(const EncodeArgs& args, int threads);
void dropout(const DropoutArgs& args, int threads);
void spike_digest(const SpikeDigestArgs& args, int threads);

template <class Real>
void forward(const ForwardArgs<Real>& args, int threads);
template <class Real>
void plasticity_factors(const PlasticityFactorArgs<Real>& args, int threads);
template <class Real>
void readout(const ReadoutArgs<Real>& args, int threads);
template <class Real>
void loss(const LossArgs<Real>& args, int threads);
template <class Real>
void rate_penalty(const RatePenaltyArgs<Real>& args);
template <class Real>
void local_signal(const LocalSignalArgs<Real>& args, int threads);
template <class Real>
void adjoint(const AdjointArgs<Real>& args, int threads);
template <class Real>
void phase_factor(const PhaseFactorArgs<Real>& args, int threads);
template <class Real>
void readout_adjoint(const ReadoutAdjointArgs<Real>& args, int threads);
template <class Real>
void sent_trace(const SentTraceArgs<Real>& args, int threads);
template <class Real>
void outer_product(const OuterProductArgs<Real>& args, int threads);
template <class Real>
void eligibility(const EligibilityArgs<Real>& args, int threads);
template <class Real>
void apply(const ApplyArgs<Real>& args, int threads);
template <class Real>
void mirror(const MirrorArgs<Real>& args, int threads);
template <class Real>
void transpose(const TransposeArgs<Real>& args);
template <class Real>
double sum_of_squares(View<const Real> values);

}  // namespace spikeweave::cpu
