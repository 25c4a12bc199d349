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
void Simulator<Real>::run_local_signal(const StepWindow& window) {
  prediction_trace_.reshape(backend_, {batch_, network_.neurons}, "predictions (/training/batch_size)");
  LocalSignalArgs<Real> args;
  args.window = window;
  args.trace = prediction_trace_.view();
  args.prediction = derive_local_prediction<Real>(local_->tau_prediction, local_->target, network_.dt);
  args.is_given = local_->prediction == Prediction::membrane;
  args.length = length_.cview();
  args.scale = local_scale_.cview();
  args.spikes = spikes_.cview();
  args.signal = local_signal_.view();
  backend_.local_signal(args);
}

template <class Real>
void Simulator<Real>::run_rate_penalty(const StepWindow& window) {
  const RateRegularization& rate = rate_regularization_;
  if (rate.coefficient <= 0.0) return;
  rate_factor_.reshape(backend_, {batch_, network_.neurons}, "rate penalties (/training/batch_size)");
  backend_.rate_penalty({static_cast<Real>(rate.coefficient),
                         static_cast<Real>(rate.target_rate * network_.dt / 1000.0), rate.average, window,
                         length_.cview(), scale_.cview(), spike_count_.cview(), rate_factor_.view()});
}

template <class Real>
EpropInputs<Real> Simulator<Real>::eprop_inputs() const {
  EpropInputs<Real> in;
  in.rule = rule_;
  in.frame_steps = frame_steps_;
  in.length = length_.cview();
  in.segment = segment_.cview();
  if (local_) {
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
  if (rate_regularization_.coefficient > 0.0) in.rate_factor = rate_factor_.cview();
  return in;
}

// Everything of the projection's outer product but the post factor.
template <class Real>
OuterProductArgs<Real> Simulator<Real>::product_args(const Projection& projection) {
  OuterProductArgs<Real> args;
  args.frame_steps = frame_steps_;
  args.length = length_.cview();
  args.projection = state_.view(projection);
  args.zero_diagonal = projection.has_diagonal;
  args.gradient = state_.gradient(projection);
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
    case ProjectionKind::bias:  // one frame
      args.values = ones_.cview();
      args.frame_steps = steps_;
      break;
    case ProjectionKind::recurrent:
    case ProjectionKind::within_step:
    case ProjectionKind::readout:
      if (sends_numbers_) {
        args.values = neuron_outputs_.cview();
        args.frame_steps = 1;
      } else {
        args.events = spikes_.cview();
      }
      if (projection.kind != ProjectionKind::readout) break;
      if (network_.readout.dropout > 0.0) {
        args.mask = readout_mask_.cview();
        args.scale = dropout_scale<Real>(network_.readout.dropout);
      }
      break;
  }
  return args;
}

template <class Real>
void Simulator<Real>::compute_gradient(bool adds) {
  const bool changes_meanwhile = is_plasticity_ && plasticity_form_ != PlasticityForm::trial;
  if (changes_meanwhile && network_.outputs == 0) return;  // the gradient stays 0
  if (!adds) state_.arrays.gradient.zero();
  if (is_sliced()) {
    add_slices();
    return;
  }
  if (is_of_phases_) {
    add_phase_gradient();
  } else if (!is_plasticity_) {
    run_rate_penalty({});
    add_hidden_gradient(held_);
  } else if (!changes_meanwhile) {
    add_plasticity_changes();
  }
  if (network_.outputs > 0) add_readout_gradient(held_, {});
}

// Steps that count for something lie in stretches. A rule's products are of one step, whatever the delay.
template <class Real>
void Simulator<Real>::add_phase_gradient() {
  const std::vector<float>& weight = trials_->step_weight;
  const auto counts = [&weight](std::size_t t) { return weight.empty() || weight[t] != 0.0f; };
  StepWindow window{0, 0};
  while (window.end < steps_) {
    window.begin = window.end;
    while (window.begin < steps_ && !counts(window.begin)) ++window.begin;
    window.end = window.begin;
    while (window.end < steps_ && counts(window.end)) ++window.end;
    if (window.begin == window.end) return;
    backend_.phase_factor(
        {phase_rule(learning_), window, length_.cview(), step_weight_.cview(), neuron_outputs_.cview(), psi_.view()});
    for (const Projection& projection : network_.projections) {
      if (!learns(projection, false)) continue;
      OuterProductArgs<Real> product = product_args(projection);
      product.window = window;
      product.post = psi_.cview();
      product.projection.delay = 0;
      backend_.outer_product(product);
    }
  }
}

// From traces per synapse that go on from window to window.
template <class Real>
void Simulator<Real>::add_window_gradient(const StepWindow& window) {
  const EpropInputs<Real> in = eprop_inputs();
  eligibility_.resize(network_.projections.size());
  for (std::size_t p = 0; p < network_.projections.size(); ++p) {
    const Projection& projection = network_.projections[p];
    if (!learns(projection, false)) continue;
    eligibility_[p].reshape(backend_, {trace_bytes<Real>(rule_, batch_ * projection.size())},
                            "traces of the synapses (/training/update, /training/batch_size)");
    OuterProductArgs<Real> product = product_args(projection);
    product.window = window;
    backend_.eligibility({in, psi_.cview(), product, state_.shares_decay(projection), eligibility_[p].data()});
  }
  if (network_.outputs == 0) return;
  add_readout_gradient(window, {});
  for (const Projection& projection : network_.projections) {
    if (learns(projection, true) && window.begin > 0) carry_readout(projection, window);
  }
  if (window.end < steps_) keep_sent_trace(window);
}

// adjoint_state_, where the trial is taken in slices: what goes on from one to the one before it.
template <class Real>
void Simulator<Real>::add_hidden_gradient(const StepWindow& window) {
  const EpropInputs<Real> in = eprop_inputs();
  const auto& projections = network_.projections;
  const bool hidden_learns =
      std::any_of(projections.begin(), projections.end(), [](const Projection& p) { return learns(p, false); });
  if (form_ == EpropForm::trial && hidden_learns) {
    AdjointArgs<Real> args;
    args.in = in;
    if (follows_synapses(spike_path_)) {
      args.recurrent = state_.projections(ProjectionKind::recurrent);
      args.within_step = state_.projections(ProjectionKind::within_step);
    }
    args.follows_reset = follows_reset(spike_path_);
    args.psi_to_factor = psi_.view();
    args.window = window;
    if (is_sliced()) args.carried = adjoint_state_.data();
    backend_.adjoint(args);
  }
  for (const Projection& projection : projections) {
    if (!learns(projection, false)) continue;
    OuterProductArgs<Real> product = product_args(projection);
    product.window = window;
    if (form_ == EpropForm::trial) {
      product.post = psi_.cview();
      backend_.outer_product(product);
    } else {
      backend_.eligibility({in, psi_.cview(), product, state_.shares_decay(projection), nullptr});
    }
  }
}

// The factors of all inputs or all neurons, [terms, batch, steps, cells].
template <class Real>
View<Real> Simulator<Real>::plasticity_factors(SynapseSide side, bool of_input) {
  Buffer<Real, Real>& buffer = side == SynapseSide::post ? post_factors_
                               : of_input                ? input_pre_factors_
                                                         : neuron_pre_factors_;
  const std::size_t cells = of_input ? network_.inputs : network_.neurons;
  buffer.reshape(backend_, {term_count_, batch_, steps_, cells},
                 "factors of the plasticity rule (/training/batch_size, /network/populations)");
  PlasticityFactorArgs<Real> args;
  args.learning = &learning_;
  args.dt = network_.dt;
  args.side = side;
  args.frame_steps = frame_steps_;
  args.length = length_.cview();
  if (!of_input) {
    args.events = spikes_.cview();
    args.outputs = sent_values();
  } else if (network_.encoding == Encoding::current) {
    args.values = values_.cview();
  } else {
    args.events = events_.cview();
  }
  if (side == SynapseSide::post) args.weight = trial_weight_.cview();
  args.factors = buffer.view();
  backend_.plasticity_factors(args);
  return buffer.view();
}

template <class Real>
void Simulator<Real>::add_plasticity_changes() {
  const auto& projections = network_.projections;
  const auto any_from = [&](ProjectionKind kind) {
    return std::any_of(projections.begin(), projections.end(),
                       [kind](const Projection& p) { return p.kind == kind && p.settings.trainable; });
  };
  const bool from_input = any_from(ProjectionKind::input);
  const bool from_neurons = any_from(ProjectionKind::recurrent);
  if (!from_input && !from_neurons) return;
  const View<Real> post = plasticity_factors(SynapseSide::post, false);
  const View<Real> input = from_input ? plasticity_factors(SynapseSide::pre, true) : View<Real>();
  const View<Real> neurons = from_neurons ? plasticity_factors(SynapseSide::pre, false) : View<Real>();
  const auto term = [this](const View<Real>& factors, std::size_t k) {
    return View<const Real>(factors.row(k), {batch_, steps_, factors.shape[3]});
  };
  for (const Projection& projection : projections) {
    if (!learns(projection, false)) continue;
    OuterProductArgs<Real> product = product_args(projection);
    product.frame_steps = 1;
    product.scale = Real(-1);  // what is applied is minus the gradient
    product.post_delay = projection.dendritic_delay;
    product.events = {};
    product.mask = {};
    for (std::size_t k = 0; k < term_count_; ++k) {
      product.post = term(post, k);
      product.values = term(projection.kind == ProjectionKind::input ? input : neurons, k);
      backend_.outer_product(product);
    }
  }
}

// carried: see ReadoutAdjointArgs.
template <class Real>
void Simulator<Real>::add_readout_gradient(const StepWindow& window, const View<Real>& carried) {
  View<Real> bias_gradient;
  if (network_.readout.bias) {
    bias_gradient = View<Real>(state_.arrays.gradient.data() + network_.bias_offset, {network_.outputs});
  }
  backend_.readout_adjoint(
      {window, length_.cview(), error_.cview(), state_.readout, readout_factor_.view(), bias_gradient, carried});
  for (const Projection& projection : network_.projections) {
    if (!learns(projection, true)) continue;
    OuterProductArgs<Real> product = product_args(projection);
    product.post = readout_factor_.cview();
    product.window = window;
    backend_.outer_product(product);
  }
}

template <class Real>
void Simulator<Real>::keep_sent_trace(const StepWindow& window) {
  SentTraceArgs<Real> trace;
  trace.window = window;
  trace.frame_steps = frame_steps_;
  trace.decay = state_.readout.kappa;
  trace.length = length_.cview();
  trace.spikes = spikes_.cview();
  trace.outputs = sent_values();
  if (network_.readout.dropout > 0.0) {
    trace.mask = readout_mask_.cview();
    trace.mask_scale = dropout_scale<Real>(network_.readout.dropout);
  }
  sent_trace_.reshape(backend_, {batch_, network_.neurons}, "traces of the readout (/training/batch_size)");
  trace.trace = sent_trace_.view();
  backend_.sent_trace(trace);
}

// What the spikes before the window add to the readout's gradient, through the output filter.
template <class Real>
void Simulator<Real>::carry_readout(const Projection& projection, const StepWindow& window) {
  OuterProductArgs<Real> product = product_args(projection);
  product.window = {window.begin, window.begin + 1};
  product.frame_steps = steps_;  // one frame
  product.scale = state_.readout.kappa;
  product.post = readout_factor_.cview();
  product.events = {};
  product.mask = {};
  product.values = View<const Real>(sent_trace_.data(), {batch_, 1, network_.neurons});
  backend_.outer_product(product);
}

template class Simulator<float>;
template class Simulator<double>;

}  // namespace spikeweave
