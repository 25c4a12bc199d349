// From the errors of a batch to the gradient: which operations, over which blocks of weights.

#include <algorithm>

#include "spikeweave/train/simulator.hpp"

namespace spikeweave {

namespace {

bool learns(const Projection& p, bool readout) {
  return p.settings.trainable && (p.kind == ProjectionKind::readout) == readout;
}

}  // namespace

template <class Real>
void Simulator<Real>::compute_local_signal() {
  LocalSignalArgs<Real> args;
  args.prediction = derive_local_prediction<Real>(local_->tau_prediction, local_->target, network_.dt);
  args.is_given = local_->prediction == Prediction::membrane;
  args.length = length_.cview();
  args.scale = local_scale_.cview();
  args.spikes = spikes_.cview();
  args.signal = local_signal_.view();
  backend_.local_signal(args);
}

template <class Real>
EpropInputs<Real> Simulator<Real>::eprop_inputs() {
  EpropInputs<Real> in;
  in.rule = rule_;
  in.frame_steps = frame_steps_;
  in.length = length_.cview();
  in.segment = segment_.cview();
  if (local_) {
    compute_local_signal();
    in.local = local_signal_.cview();
  } else {
    in.error = error_.cview();
    in.feedback = state_.arrays.feedback.cview();
  }
  in.readout = state_.readout;
  in.constants = state_.constants;
  if (network_.readout.dropout > 0.0) {
    in.readout_mask = readout_mask_.cview();
    in.readout_mask_scale = dropout_scale<Real>(network_.readout.dropout);
  }
  const RateRegularization& rate = rate_regularization_;
  if (rate.coefficient > 0.0) {
    rate_factor_.reshape(backend_, {batch_, network_.neurons}, "rate penalties (/training/batch_size)");
    backend_.rate_penalty({static_cast<Real>(rate.coefficient),
                           static_cast<Real>(rate.target_rate * network_.dt / 1000.0), rate.average, length_.cview(),
                           scale_.cview(), spike_count_.cview(), rate_factor_.view()});
    in.rate_factor = rate_factor_.cview();
  }
  return in;
}

// Everything of the projection's outer product but the post factor.
template <class Real>
OuterProductArgs<Real> Simulator<Real>::product_args(const Projection& projection) {
  OuterProductArgs<Real> args;
  args.frame_steps = frame_steps_;
  args.length = length_.cview();
  args.projection = {projection.pre.begin, projection.pre.count, projection.post.begin, projection.post.count, nullptr};
  args.zero_diagonal = projection.has_diagonal;
  args.gradient =
      View<Real>(state_.arrays.gradient.data() + projection.offset, {projection.pre.count, projection.post.count});
  switch (projection.kind) {
    case ProjectionKind::input:
      if (network_.encoding == Encoding::current) {
        args.values = values_.cview();
      } else {
        args.events = events_.cview();
      }
      if (network_.input_dropout > 0.0) {
        args.mask = input_mask_.cview();
        args.scale = dropout_scale<Real>(network_.input_dropout);
      }
      break;
    case ProjectionKind::recurrent:
      args.events = spikes_.cview();
      args.delay = 1;
      break;
    case ProjectionKind::readout:
      args.events = spikes_.cview();
      if (network_.readout.dropout > 0.0) {
        args.mask = readout_mask_.cview();
        args.scale = dropout_scale<Real>(network_.readout.dropout);
      }
      break;
  }
  return args;
}

template <class Real>
void Simulator<Real>::compute_gradient() {
  state_.arrays.gradient.zero();
  const EpropInputs<Real> in = eprop_inputs();
  const auto& projections = network_.projections;
  const bool hidden_learns =
      std::any_of(projections.begin(), projections.end(), [](const Projection& p) { return learns(p, false); });
  if (form_ == EpropForm::trial && hidden_learns) backend_.adjoint({in, psi_.view()});
  for (const Projection& projection : projections) {
    if (!learns(projection, false)) continue;
    OuterProductArgs<Real> product = product_args(projection);
    if (form_ == EpropForm::trial) {
      product.post = psi_.cview();
      backend_.outer_product(product);
    } else {
      backend_.eligibility({in, psi_.cview(), product});
    }
  }
  if (network_.outputs > 0) compute_readout_gradient();
}

template <class Real>
void Simulator<Real>::compute_readout_gradient() {
  readout_factor_.reshape(backend_, {batch_, steps_, network_.outputs}, "readout factors (/training/batch_size)");
  View<Real> bias_gradient;
  if (network_.readout.bias) {
    bias_gradient = View<Real>(state_.arrays.gradient.data() + network_.bias_offset, {network_.outputs});
  }
  backend_.readout_adjoint({length_.cview(), error_.cview(), state_.readout, readout_factor_.view(), bias_gradient});
  for (const Projection& projection : network_.projections) {
    if (!learns(projection, true)) continue;
    OuterProductArgs<Real> product = product_args(projection);
    product.post = readout_factor_.cview();
    backend_.outer_product(product);
  }
}

template class Simulator<float>;
template class Simulator<double>;

}  // namespace spikeweave
