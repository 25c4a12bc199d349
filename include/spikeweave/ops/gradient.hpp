// From errors to gradients: the backward recursion per neuron, outer products over time, and the textbook form.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "spikeweave/core/view.hpp"
#include "spikeweave/learning/all.hpp"
#include "spikeweave/models/leaky_readout.hpp"
#include "spikeweave/ops/projection.hpp"
#include "spikeweave/ops/step_window.hpp"

namespace spikeweave {

// Factor of the firing-rate penalty: scale[b] * coefficient * (f[b,j] - target) / T_b, with f = spikes / T_b of the
// trial, or its mean over the batch. In a window of the trial f is the rate up to its end.
// Source: Bellec et al. (2020), Methods, eq. 40 (per trial as in NEST, over the batch as in the TensorFlow code).
template <class Real>
struct RatePenaltyArgs {
  Real coefficient = 0;
  Real target = 0;  // spikes per step
  RateAverage average = RateAverage::trial;
  StepWindow window;
  View<const std::int32_t> length;        // [batch]
  View<const Real> scale;                 // [batch]
  View<const std::uint32_t> spike_count;  // [batch, neurons]
  View<Real> factor;                      // [batch, neurons]; overwritten
};

// Local learning signal L[b,t,j] = scale[b] (m - z): how each neuron errs in predicting its own spikes. m is the trace
// of its earlier spikes or, where is_given, what stands in `signal` before. Exactness: bit for bit on every backend.
template <class Real>
struct LocalSignalArgs {
  LocalPrediction<Real> prediction;
  bool is_given = false;
  StepWindow window;
  View<const std::int32_t> length;  // [batch]
  View<const Real> scale;           // [batch]
  View<const std::uint8_t> spikes;  // [batch, steps, neurons]
  View<Real> trace;   // [batch, neurons]  m at the end of the window, and of the one before it; empty: one window
  View<Real> signal;  // [batch, steps, neurons]; overwritten in the window, beyond a trial's length left as it is
};

// What both forms of a rule read. Under a local signal error and feedback are empty.
template <class Real>
struct EpropInputs {
  std::size_t rule = 0;  // index in GradientRules
  std::size_t frame_steps = 1;
  View<const std::int32_t> length;        // [batch]
  View<const std::int32_t> segment;       // [batch, steps]  -1: the error is 0
  View<const Real> error;                 // [batch, steps, outputs]
  View<const Real> feedback;              // [outputs, neurons]
  View<const Real> rate_factor;           // [batch, neurons] or empty
  View<const Real> local;                 // [batch, steps, neurons] or empty
  View<const std::uint8_t> readout_mask;  // [batch, frames, neurons] or empty
  Real readout_mask_scale = 1;
  LeakyReadoutDerived<Real> readout;
  ColumnsOf<EligibilityConstants<Real>> constants;  // [neurons]
};

// Replaces psi[b,t,j] by the post factor H[b,t,j] (the rule's Adjoint), backward in t from the end of each trial. Under
// a rule that follows spikes (bptt), H[t] needs H of the steps in which the neuron's spikes arrive, through `backward`
// of the projections: each backend sums over a neuron's synapses in a fixed order of its own; they agree within
// sum_tolerance(neurons * steps). A window goes on where the one behind it ended; its bits are those of the whole
// trial.
template <class Real>
struct AdjointArgs {
  EpropInputs<Real> in;
  StepWindow window;
  ProjectionList<Real> recurrent;    // bptt: those whose synapses are followed
  ProjectionList<Real> within_step;  // likewise
  bool follows_reset = false;        // bptt
  View<Real> psi_to_factor;  // [batch, steps, neurons]; overwritten in the window, with 0 beyond a trial's length
  // Columns of the rule's Adjoint over [batch, neurons]: its state at the begin of the window behind this one, then of
  // this one; nullptr: one window.
  std::byte* carried = nullptr;
};

// Neurons from which on all must be done before an error goes through a projection within the step, from the last to
// the first, and 0.
template <class Real>
std::vector<std::size_t> cuts_within_step(const AdjointArgs<Real>& args) {
  std::vector<std::size_t> cuts{0};
  for (std::size_t p = 0; p < args.within_step.count; ++p) {
    cuts.push_back(args.within_step.at[p].pre_begin + args.within_step.at[p].pre_count);
  }
  std::sort(cuts.begin(), cuts.end(), std::greater<>());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

// Post factors of a rule of phases: what the rule makes of each cell and step, weighted by the step; minus that, as it
// goes where a gradient goes. Bit for bit on every backend.
template <class Real>
struct PhaseFactorArgs {
  std::size_t rule = 0;             // index in PhaseRules
  StepWindow window;                // the factor is overwritten in it alone
  View<const std::int32_t> length;  // [batch]
  View<const Real> weight;          // [batch, steps]
  View<const Real> outputs;         // [batch, steps, cells]
  View<Real> psi_to_factor;         // [batch, steps, cells]; overwritten, with 0 beyond a trial's length
};

// Post factor of the readout's own weights: F[t,k] = kappa F[t+1,k] + gain * error[t,k], backward in t, so that
// dW_out[j,k] = sum_t F[t,k] z[t,j]. Adds sum_t error[t,k] to the gradient of the bias.
template <class Real>
struct ReadoutAdjointArgs {
  StepWindow window;                // the factor is overwritten in it alone
  View<const std::int32_t> length;  // [batch]
  View<const Real> error;           // [batch, steps, outputs]
  LeakyReadoutDerived<Real> readout;
  View<Real> factor;         // [batch, steps, outputs]; overwritten, 0 beyond a trial's length
  View<Real> bias_gradient;  // [outputs] or empty; added to
  // [batch, outputs]  F at the begin of the window behind this one, then of this one; empty: errors behind the window
  // do not count
  View<Real> carried;
};

// The spikes that the readout has seen, as it filters them: trace[b,j] = decay trace[b,j] + sent[b,t,j] over the steps
// of the window, 0 before the trial. With it the readout's gradient goes on from window to window:
// dW_out[j,k] = sum_t F[t,k] z[t,j] + decay F[begin,k] trace[j], F of the window, the trace of the end of the one
// before.
template <class Real>
struct SentTraceArgs {
  StepWindow window;
  std::size_t frame_steps = 1;
  Real decay = 0;
  View<const std::int32_t> length;  // [batch]
  View<const std::uint8_t> spikes;  // [batch, steps, neurons]
  View<const Real> outputs;         // [batch, steps, neurons]  of networks with rates, in place of the spikes; or empty
  View<const std::uint8_t> mask;    // [batch, frames, neurons] or empty
  Real mask_scale = 1;
  View<Real> trace;  // [batch, neurons]
};

// gradient[i,j] += scale * sum_b sum_t post[b,t-post_delay,post_begin+j] * pre[b,t-(delay-post_delay),pre_begin+i], t
// over the window, masked where a mask is given; of a sparse projection only its synapses, each with its own delay. The
// pre factor is a count per step (spikes, events) or a value per frame (currents). Exactness: each backend sums in a
// fixed order of its own; they agree within sum_tolerance(batch * steps). With events a device may take each post
// factor as two bf16 numbers, which is within 2^-18 of it; events are exact.
template <class Real>
struct OuterProductArgs {
  StepWindow window;
  std::size_t post_delay = 0;  // [steps]  at most the delay: the part of it that lies behind the synapse
  std::size_t frame_steps = 1;
  Real scale = 1;
  View<const std::int32_t> length;  // [batch]
  View<const Real> post;            // [batch, steps, post cells]
  View<const std::uint8_t> events;  // [batch, steps, pre cells]; or
  View<const Real> values;          // [batch, frames, pre cells]
  View<const std::uint8_t> mask;    // [batch, frames, pre cells] or empty
  ProjectionView<Real> projection;  // the block: ranges of cells; the weights are not read
  bool zero_diagonal = false;       // no self-connections: the elements with pre cell == post cell stay 0
  View<Real> gradient;              // [pre_count, post_count], sparse: [synapses]; added to
};

// The textbook form: the same gradient as adjoint + outer_product, from traces per synapse (the rule's Trace). It also
// goes on from window to window, of which the gradients add up to that of the trial.
template <class Real>
struct EligibilityArgs {
  EpropInputs<Real> in;
  View<const Real> psi;            // [batch, steps, neurons]
  OuterProductArgs<Real> product;  // its post is not read
  bool shares_decay = false;       // whether all post neurons have one membrane constant and input gain
  std::byte* traces = nullptr;     // columns of Trace over [batch, synapses], kept between windows; nullptr: one window
};

}  // namespace spikeweave
