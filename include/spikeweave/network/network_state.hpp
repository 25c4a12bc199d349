// Every array of a network on a backend that lives longer than one trial.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "spikeweave/backend/buffer.hpp"
#include "spikeweave/learning/feedback/all.hpp"
#include "spikeweave/network/network.hpp"
#include "spikeweave/ops/update.hpp"

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
  // [parameter_count]  feedback weights beside those of the projections between neurons, where errors travel back
  // through them; empty where they are the weights themselves
  Buffer<Real, Real> backward;
};

// Where the feedback weights beside the weights of a projection stand in NetworkState::feedback().
struct FeedbackBlock {
  std::size_t first = 0, row_stride = 0, column_stride = 0;

  std::size_t at(const Projection& projection, std::size_t w) const {
    const std::size_t i = projection.is_sparse ? 0 : w / projection.post.count;
    const std::size_t j = projection.is_sparse ? w : w % projection.post.count;
    return first + i * row_stride + j * column_stride;
  }
};

template <class Real>
class NetworkState {
 public:
  // Draws the parameters of the neurons and the feedback weights from `seed`; learned parameters are set by the caller.
  // follows_synapses: whether errors travel back through the projections between neurons too.
  NetworkState(Backend<Real>& backend, const Network& network, const FeedbackSettings& feedback, std::uint64_t seed,
               bool follows_synapses = false);

  // The learned parameters, [parameter_count]; see Network. Setting them also sets feedback that follows from them.
  std::vector<Real> parameters() const { return arrays.parameter.download(); }
  void set_parameters(const std::vector<Real>& values);
  // What learning knows of each neuron, [neurons]; of those that are not differentiable all 0.
  std::vector<EligibilityConstants<Real>> eligibility() const;
  // All feedback weights: [outputs, neurons], then, where there are any, those beside the parameters.
  std::vector<Real> feedback() const;
  void set_feedback(const std::vector<Real>& values);
  // Nothing where there are none.
  std::optional<FeedbackBlock> feedback_block(const Projection& projection) const;
  // The feedback weights that change with the weights of the projection.
  FeedbackArgs<Real> feedback_of(const Projection& projection) const;

  // The phase of noise that may follow update n = 1, 2, ..., of schemes that have one.
  void mirror_weights(std::uint64_t update);
  // After a change of the weights: gives the projections that are transposes of others theirs.
  void transpose_weights();

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
  ColumnsOf<EligibilityConstants<Real>> constants;  // [neurons]
  LeakyReadoutDerived<Real> readout;
  NetworkArrays<Real> arrays;

 private:
  bool has_backward(const Projection& projection) const;
  double magnitude(std::size_t population) const;
  void draw_feedback(std::uint64_t seed);
  // Whether feedback changes with the weights: of schemes with next(), and along a readout of populations.
  bool follows_weights(const Projection& projection) const;
  void set_feedback_from(const std::vector<Real>& parameters);
  void derive_neurons(std::uint64_t seed);

  struct SparseArrays {
    Buffer<std::uint32_t, Real> row_start, source, target, column_start, column_synapse, column_source, column_delay;
    SparseView view;
  };
  void upload_synapses();

  const FeedbackSettings feedback_;
  const std::uint64_t seed_;
  std::vector<std::unique_ptr<SparseArrays>> sparse_;  // per projection; nullptr: dense
  Buffer<std::byte, Real> constants_memory_;
  std::vector<bool> shares_decay_;                // per projection
  std::vector<Buffer<std::byte, Real>> derived_;  // per population: columns of Model::Derived
  std::vector<Buffer<std::byte, Real>> states_;   // per population: columns of Model::State over [batch, count]
};

}  // namespace spikeweave
