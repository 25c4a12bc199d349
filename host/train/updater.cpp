#include "spikeweave/train/updater.hpp"

#include <cmath>
#include <limits>

namespace spikeweave {

template <class Real>
Updater<Real>::Updater(NetworkState<Real>& state, const LearningSettings& learning, const OptimizerSettings& optimizer,
                       double clip_norm, double parameter_average)
    : state_(state),
      learning_(learning),
      optimizer_(optimizer),
      clip_norm_(clip_norm),
      parameter_average_(parameter_average) {
  visit_plasticity(learning, [this]<template <class> class Rule>(const auto& settings) {
    changes_at_the_end_ = settings.form == PlasticityForm::trial;
  });
}

template <class Real>
bool Updater<Real>::is_plastic(const Projection& projection) const {
  const bool is_synapse = projection.kind == ProjectionKind::input || projection.kind == ProjectionKind::recurrent;
  return is_synapse && is_plasticity(learning_);
}

template <class Real>
OptimizerStep<Real> Updater<Real>::step_for(double rate_factor, double gradient_scale) const {
  OptimizerStep<Real> step{};
  step.gradient_scale = static_cast<Real>(gradient_scale);
  if (const auto* sgd = optimizer_.get_if<SgdParams>()) {
    step.rate = static_cast<Real>(rate_factor * sgd->learning_rate);
  } else {
    const auto& adam = std::get<AdamParams>(optimizer_.value);
    const auto n = static_cast<double>(update_count_);
    const double correction = std::sqrt(1.0 - std::pow(adam.beta_2, n)) / (1.0 - std::pow(adam.beta_1, n));
    step.rate = static_cast<Real>(rate_factor * adam.learning_rate * correction);
    step.beta_1 = static_cast<Real>(adam.beta_1);
    step.beta_2 = static_cast<Real>(adam.beta_2);
    step.epsilon = static_cast<Real>(adam.epsilon);
    step.adaptive = Real(1);
  }
  return step;
}

template <class Real>
ApplyArgs<Real> Updater<Real>::block_args(std::size_t offset, std::size_t rows, std::size_t columns) const {
  const auto block = [&](const Buffer<Real, Real>& buffer) {
    return View<Real>(buffer.data() + offset, {rows, columns});
  };
  ApplyArgs<Real> args;
  args.gradient = block(state_.arrays.gradient);
  args.parameter = block(state_.arrays.parameter);
  args.first_moment = block(state_.arrays.first_moment);
  args.second_moment = block(state_.arrays.second_moment);
  if (parameter_average_ > 0.0) {
    args.average = block(state_.arrays.average);
    args.average_decay = static_cast<Real>(parameter_average_);
  }
  return args;
}

template <class Real>
double Updater<Real>::apply(double rate_factor) {
  ++update_count_;
  double norm = -1.0;
  double gradient_scale = 1.0;
  if (clip_norm_ > 0.0) {
    norm = std::sqrt(state_.backend.sum_of_squares(state_.arrays.gradient.cview()));
    if (norm > clip_norm_) gradient_scale = clip_norm_ / norm;
  }
  const Network& network = state_.network;
  for (const Projection& projection : network.projections) {
    if (!projection.settings.trainable) continue;
    ApplyArgs<Real> args = projection.is_sparse
                               ? block_args(projection.offset, 1, projection.size())
                               : block_args(projection.offset, projection.pre.count, projection.post.count);
    if (is_plastic(projection)) {
      if (!changes_at_the_end_) continue;
      args.step = {static_cast<Real>(projection.settings.learning_rate_factor), Real(1)};
    } else {
      args.step = step_for(rate_factor * projection.settings.learning_rate_factor, gradient_scale);
    }
    args.low = static_cast<Real>(projection.settings.low);
    args.high = static_cast<Real>(projection.settings.high);
    args.feedback = state_.feedback_of(projection);
    state_.backend.apply(args);
  }
  if (network.readout.bias) {
    ApplyArgs<Real> args = block_args(network.bias_offset, 1, network.outputs);
    args.step = step_for(rate_factor, gradient_scale);
    args.low = std::numeric_limits<Real>::lowest();
    args.high = std::numeric_limits<Real>::max();
    state_.backend.apply(args);
  }
  state_.mirror_weights(update_count_);
  state_.transpose_weights();
  return norm;
}

template class Updater<float>;
template class Updater<double>;

}  // namespace spikeweave
