// Leaky readout of the spikes, loss and error of every step.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "spikeweave/core/field.hpp"
#include "spikeweave/core/view.hpp"
#include "spikeweave/models/leaky_readout.hpp"
#include "spikeweave/ops/projection.hpp"
#include "spikeweave/ops/step_window.hpp"

namespace spikeweave {

// squared_error: 0.5 sum_k (y-y*)^2.  softmax: cross-entropy of one class.  bernoulli: sum over outputs of the binary
// cross-entropy of sigmoid(y) [nats].
enum class LossKind { squared_error, softmax, bernoulli };
template <>
struct EnumNames<LossKind> {
  static constexpr std::array<std::string_view, 3> names{"squared_error", "softmax", "bernoulli"};
};

// y[b,t,k] for all steps; drive sums the weights of the spikes, or those times the outputs where they are given, in
// ascending order of the neurons.
template <class Real>
struct ReadoutArgs {
  StepWindow window;
  std::size_t frame_steps = 1;
  View<const std::int32_t> length;   // [batch]
  View<const std::uint8_t> spikes;   // [batch, steps, neurons]
  View<const Real> outputs;          // [batch, steps, neurons] or empty
  View<const std::uint8_t> mask;     // [batch, frames, neurons] or empty: no dropout
  Real mask_scale = 1;               // 1/(1-p) under dropout
  ProjectionList<Real> projections;  // neurons -> outputs
  View<const Real> bias;             // [outputs] or empty
  LeakyReadoutDerived<Real> derived;
  View<Real> filtered;  // [batch, outputs]  y at the end of the window, and of the one before it; empty: one window
  View<Real> output;    // [batch, steps, outputs]  y + bias; overwritten within the window
};

// A segment is a stretch of steps with one target: the whole window of a classification, a frame of a melody, a step of
// a regression. Steps with segment -1 are not scored.
template <class Real>
struct LossArgs {
  LossKind kind = LossKind::squared_error;
  View<const std::int32_t> length;        // [batch]
  View<const std::int32_t> segment;       // [batch, steps]  index of the segment, or -1
  View<const Real> target;                // [batch, segments, outputs]  squared_error, bernoulli
  View<const std::int32_t> target_class;  // [batch, segments]  softmax
  View<const Real> scale;                 // [batch]  multiplies the error of every step (averaging factors)
  View<const Real> output;                // [batch, steps, outputs]
  StepWindow window;                      // of the steps looked at
  View<Real> error;  // [batch, steps, outputs]  scale * dE/dy, 0 where not scored; empty: not wanted
  // Of the trial up to the end of the window; empty: not wanted. A window that does not begin at 0 goes on from the
  // last.
  View<double> loss;  // [batch]  sum over scored steps, not scaled
  View<float>
      segment_output;        // [batch, segments, outputs]  mean of y over the segment's steps, which follow one another
  View<double> segment_sum;  // [batch, outputs]  of y over the steps of a segment that the window ends in; empty: the
                             // window is the whole trial
};

}  // namespace spikeweave
