// From the gradient to new parameters: clipping, optimiser, bounds, feedback, running average.
#pragma once

#include <cstdint>

#include "spikeweave/config/experiment.hpp"
#include "spikeweave/network/network_state.hpp"

namespace spikeweave {

template <class Real>
class Updater {
 public:
  // state and learning must outlive the updater.
  Updater(NetworkState<Real>& state, const LearningSettings& learning, const OptimizerSettings& optimizer,
          double clip_norm, double parameter_average);

  // Applies the gradient in the state. rate_factor: of the learning-rate schedule. Returns the gradient's norm before
  // clipping, or -1 where clipping is off and the norm is not computed.
  double apply(double rate_factor);

  // Updates so far: Adam's bias correction depends on it. Kept in checkpoints.
  std::uint64_t update_count() const { return update_count_; }
  void set_update_count(std::uint64_t count) { update_count_ = count; }

 private:
  // Whether a plasticity rule changes the projection's weights, not the optimiser.
  bool is_plastic(const Projection& projection) const;
  OptimizerStep<Real> step_for(double rate_factor, double gradient_scale) const;
  ApplyArgs<Real> block_args(std::size_t offset, std::size_t rows, std::size_t columns) const;

  NetworkState<Real>& state_;
  const LearningSettings& learning_;
  const OptimizerSettings optimizer_;
  const double clip_norm_;
  const double parameter_average_;
  bool changes_at_the_end_ = true;  // of a trial: a plasticity rule's form is `trial`
  std::uint64_t update_count_ = 0;
};

}  // namespace spikeweave
