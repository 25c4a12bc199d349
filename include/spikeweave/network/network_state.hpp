// Every array of a network on a backend that lives longer than one trial.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "spikeweave/backend/buffer.hpp"
#include "spikeweave/learning/feedback.hpp"
#include "spikeweave/network/network.hpp"

namespace spikeweave {

// What learning reads and changes. All but the feedback are [parameter_count]; see Network for the layout.
template <class Real>
struct NetworkArrays {
  Buffer<Real, Real> parameter;
  Buffer<Real, Real> gradient;
  Buffer<Real, Real> first_moment;
  Buffer<Real, Real> second_moment;
  Buffer<Real, Real> average;   // running average of the parameters
  Buffer<Real, Real> feedback;  // [outputs, neurons]
};

template <class Real>
class NetworkState {
 public:
  // Draws the parameters of the neurons and the feedback weights from `seed`; learned parameters are set by the caller.
  NetworkState(Backend<Real>& backend, const Network& network, const FeedbackSettings& feedback, std::uint64_t seed);

  // The learned parameters, [parameter_count]; see Network. Setting them also refreshes symmetric feedback.
  std::vector<Real> parameters() const { return arrays.parameter.download(); }
  void set_parameters(const std::vector<Real>& values);
  // What learning knows of each neuron, [neurons]; of those that are not differentiable all 0.
  std::vector<EligibilityConstants<Real>> eligibility() const;
  // [outputs, neurons]
  std::vector<Real> feedback() const { return arrays.feedback.download(); }
  void set_feedback(const std::vector<Real>& values) { arrays.feedback.upload(values); }

  // A projection with its current weights.
  ProjectionView<Real> view(const Projection& projection) const;
  // The projections of one kind with their current weights.
  ProjectionList<Real> projections(ProjectionKind kind) const;
  // Whether the neurons that the projection leads to have one membrane constant and input gain.
  bool shares_decay(const Projection& projection) const {
    return shares_decay_[static_cast<std::size_t>(&projection - network.projections.data())];
  }
  // A projection's block of the gradient, [pre, post] or [synapses].
  View<Real> gradient(const Projection& projection) const;
  View<const Real> bias() const;  // [outputs] or empty
  // The populations with their constants and with states for `batch` trials.
  std::vector<PopulationView> populations(std::size_t batch);

  // The neurons' states of the last batch, all populations; empty before the first one.
  std::vector<std::byte> neuron_states() const;
  // Those of `batch` trials. Throws InputError where the size does not fit.
  void set_neuron_states(const std::vector<std::byte>& bytes, std::size_t batch);

  Backend<Real>& backend;
  const Network& network;
  const bool symmetric_feedback;
  const double feedback_decay;  // adaptive feedback; otherwise 0
  const bool adaptive_feedback;
  ColumnsOf<EligibilityConstants<Real>> constants;  // [neurons]
  LeakyReadoutDerived<Real> readout;
  NetworkArrays<Real> arrays;

 private:
  void draw_feedback(const FeedbackSettings& feedback, std::uint64_t seed);
  void derive_neurons(std::uint64_t seed);

  struct SparseArrays {
    Buffer<std::uint32_t, Real> row_start, source, target, column_start, column_synapse, column_source, column_delay;
    SparseView view;
  };
  void upload_synapses();

  std::vector<std::unique_ptr<SparseArrays>> sparse_;  // per projection; nullptr: dense
  Buffer<std::byte, Real> constants_memory_;
  std::vector<bool> shares_decay_;                // per projection
  std::vector<Buffer<std::byte, Real>> derived_;  // per population: columns of Model::Derived
  std::vector<Buffer<std::byte, Real>> states_;   // per population: columns of Model::State over [batch, count]
};

}  // namespace spikeweave
