// What plasticity rules ask of a backend: the factors of a whole trial, and changes of weights while a trial runs.
#pragma once

#include <cstdint>
#include <vector>

#include "spikeweave/core/view.hpp"
#include "spikeweave/learning/all.hpp"
#include "spikeweave/ops/projection.hpp"

namespace spikeweave {

enum class SynapseSide { pre, post };

// The factors of all cells of an index space in all steps of each trial, from a rule's pre_step or post_step; states
// are zero at the start. Steps beyond a trial's length are set to 0. The pre factors are those of the step in which a
// spike is sent; the outer product adds the delay.
template <class Real>
struct PlasticityFactorArgs {
  const LearningSettings* learning = nullptr;  // a plasticity rule
  double dt = 1.0;                             // [ms]
  SynapseSide side = SynapseSide::pre;
  std::size_t frame_steps = 1;
  View<const std::int32_t> length;  // [batch]
  View<const std::uint8_t> events;  // [batch, steps, cells]; or
  View<const Real> values;          // [batch, frames, cells]
  View<const Real> outputs;         // [batch, steps, cells]  beside events: what they send; or empty
  View<const Real> weight;          // [batch, steps] or empty: multiplies the post factors
  View<Real> factors;               // [terms, batch, steps, cells]; overwritten
};

// A projection whose weights change in every step of a forward pass. The states below are those of one trial: batch 1.
// They are cleared at the start unless the pass continues an earlier one.
template <class Real>
struct OnlinePlasticity {
  const LearningSettings* learning = nullptr;
  double dt = 1.0;  // [ms]
  ProjectionKind kind = ProjectionKind::recurrent;
  std::size_t index = 0;  // in the list of this kind
  PlasticityForm form = PlasticityForm::event;
  double low = 0.0, high = 0.0;      // bounds of the weights
  std::size_t dendritic_delay = 0;   // [steps]
  bool has_diagonal = false;         // dense: weights from a cell to itself do not change
  Real* weights = nullptr;           // those of the projection
  std::byte* pre_states = nullptr;   // columns of Rule::Pre over [pre_count]
  std::byte* post_states = nullptr;  // columns of Rule::Post over [post_count]
  std::byte* memory = nullptr;       // columns of Rule::Synapse behind the weight over [synapses]
  Real* pre_factors = nullptr;       // [ring_steps, factors, pre_count]
  Real* post_factors = nullptr;      // [ring_steps, factors, post_count]
  std::size_t ring_steps = 1;        // longest delay + 1
  std::vector<Real> modulator;       // [steps] or empty
  std::vector<Real> weight;          // [steps]  PostActivity::weight
};

}  // namespace spikeweave
