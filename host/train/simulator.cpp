#include "spikeweave/train/simulator.hpp"

#include <algorithm>
#include <string>

#include "host/train/task_cells.hpp"

namespace spikeweave {

template <class Real>
Simulator<Real>::Simulator(NetworkState<Real>& state, const LearningSettings& learning, LossKind loss,
                           Reduction reduction, std::size_t frame_steps, std::uint64_t seed)
    : state_(state),
      backend_(state.backend),
      network_(state.network),
      learning_(learning),
      rule_(learning.value.index()),
      is_plasticity_(spikeweave::is_plasticity(learning)),
      plasticity_(state, learning),
      loss_(loss),
      reduction_(reduction),
      frame_steps_(frame_steps),
      seed_(seed),
      has_rates_(has_rate_models(state.network)) {
  learning.visit([this]<class S>(const S& settings) {
    if constexpr (PlasticSettings<S>) {
      plasticity_form_ = settings.form;
    } else {
      if constexpr (requires { settings.form; }) form_ = settings.form;
      if constexpr (requires { settings.recurrent_path; }) spike_path_ = settings.recurrent_path;
      rate_regularization_ = settings.rate_regularization;
    }
  });
  visit_plasticity(learning,
                   [this]<template <class> class Rule>(const auto&) { term_count_ = Rule<Real>::term_count; });
  const auto* eprop = learning.template get_if<EpropParams>();
  if (eprop != nullptr && eprop->signal == LearningSignal::local) local_ = *eprop;
  cell_requests_ = task_cell_traces(network_);
}

template <class Real>
TrialResult Simulator<Real>::run(const TrialBatch& batch, std::span<const std::uint32_t> trial_keys,
                                 const Options& options) {
  SW_EXPECTS(trial_keys.size() == batch.batch, "trial_keys: expected one per trial");
  batch_ = batch.batch;
  steps_ = batch.steps;
  upload_batch(batch, options.whole != nullptr ? *options.whole : batch, trial_keys);
  make_input(batch, options.training);
  run_forward(batch, options, {});
  if (network_.outputs > 0) run_readout(options.training, {});
  TrialResult result = run_loss(batch, options.training);
  add_task_cells(result);
  return result;
}

template <class Real>
void Simulator<Real>::start(const TrialBatch& batch, std::span<const std::uint32_t> trial_keys) {
  SW_EXPECTS(trial_keys.size() == batch.batch, "trial_keys: expected one per trial");
  SW_EXPECTS(!is_plasticity_ && has_traces(rule_), "windows: the rule has no traces per synapse");
  batch_ = batch.batch;
  steps_ = batch.steps;
  upload_batch(batch, batch, trial_keys);
  make_input(batch, true);
}

template <class Real>
void Simulator<Real>::run_window(const TrialBatch& batch, const StepWindow& window) {
  run_forward(batch, {.training = true, .traces = {}}, window);
  if (network_.outputs > 0) {
    run_readout(true, window);
    run_errors(window);
  }
  compute_window_gradient(window);
}

template <class Real>
TrialResult Simulator<Real>::finish(const TrialBatch& batch) {
  TrialResult result = run_loss(batch, false);
  add_task_cells(result);
  return result;
}

template <class Real>
void Simulator<Real>::run_forward(const TrialBatch& batch, const Options& options, const StepWindow& window) {
  const std::size_t neurons = network_.neurons;
  const std::string sized_by = " (/training/batch_size, /network/populations)";
  spikes_.reshape(backend_, {batch_, steps_, neurons}, "spikes" + sized_by);
  spike_count_.reshape(backend_, {batch_, neurons}, "spike counts" + sized_by);
  if (has_rates_) neuron_outputs_.reshape(backend_, {batch_, steps_, neurons}, "neuron outputs" + sized_by);
  const bool wants_psi = options.training && !is_plasticity_;
  if (wants_psi) psi_.reshape(backend_, {batch_, steps_, neurons}, "pseudo-derivatives" + sized_by);

  ForwardArgs<Real> args;
  args.batch = batch_;
  args.steps = steps_;
  args.window = window;
  args.frame_steps = frame_steps_;
  args.neuron_count = neurons;
  args.length = length_.cview();
  if (network_.encoding == Encoding::current) {
    args.values = values_.cview();
  } else {
    args.events = events_.cview();
  }
  const EncodeArgs draw{network_.encoding, frame_steps_, intensity_.cview(), length_.cview(), keys(),
                        events_.view(),    window};
  if (network_.encoding == Encoding::bernoulli || network_.encoding == Encoding::poisson) args.draw = &draw;
  if (options.training && network_.input_dropout > 0.0) {
    args.input_mask = input_mask_.cview();
    args.input_scale = dropout_scale<Real>(network_.input_dropout);
  }
  args.input = state_.projections(ProjectionKind::input);
  args.recurrent = state_.projections(ProjectionKind::recurrent);
  args.populations = state_.populations(batch.batch);
  args.keys = keys();
  args.forced = forced_.cview();
  args.clamp = clamp_.cview();
  args.spikes = spikes_.view();
  if (has_rates_) args.outputs = neuron_outputs_.view();
  if (wants_psi) args.psi = psi_.view();
  if (options.training && plasticity_form_ != PlasticityForm::trial)
    args.plasticity = plasticity_.views(modulators(batch));
  if (options.training && is_plasticity_ && plasticity_form_ == PlasticityForm::trial) upload_trial_weights(batch);
  if (carries_state_) {
    SW_EXPECTS(options.training, "a simulator that carries its state runs no evaluation");
    args.continues = steps_before_ > 0;  // before the trial
    args.first_step = steps_before_;
    history_.reshape(backend_, {batch_, history_depth(), neurons}, "spikes under way" + sized_by);
    args.history = history_.view();
    if (has_rates_) {
      output_history_.reshape(backend_, {batch_, history_depth(), neurons}, "outputs under way" + sized_by);
      args.output_history = output_history_.view();
    }
    if (window.end >= steps_) steps_before_ += steps_;
  }
  if (options.training && local_) {
    local_signal_.reshape(backend_, {batch_, steps_, neurons}, "local signals" + sized_by);
    if (local_->prediction == Prediction::membrane) args.prediction = local_signal_.view();
  }
  args.spike_count = spike_count_.view();
  traces_.resize(options.traces.size());
  for (std::size_t n = 0; n < traces_.size(); ++n) {
    const StateTrace& trace = options.traces[n];
    traces_[n].reshape(backend_, {batch_, steps_, trace.neurons.size()}, "recorded states (/recording)");
    args.traces.push_back({trace.population, trace.column, trace.neurons, traces_[n].data()});
  }
  trace_task_cells(args);
  backend_.forward(args);
}

template <class Real>
void Simulator<Real>::run_readout(bool training, const StepWindow& window) {
  output_.reshape(backend_, {batch_, steps_, network_.outputs}, "outputs (/training/batch_size)");
  filtered_output_.reshape(backend_, {batch_, network_.outputs}, "filtered outputs (/training/batch_size)");
  ReadoutArgs<Real> args;
  args.window = window;
  args.filtered = filtered_output_.view();
  args.frame_steps = frame_steps_;
  args.length = length_.cview();
  args.spikes = spikes_.cview();
  args.outputs = sent_values();
  if (training && network_.readout.dropout > 0.0) {
    args.mask = readout_mask_.cview();
    args.mask_scale = dropout_scale<Real>(network_.readout.dropout);
  }
  args.projections = state_.projections(ProjectionKind::readout);
  args.bias = state_.bias();
  args.derived = state_.readout;
  args.output = output_.view();
  backend_.readout(args);
}

template <class Real>
LossArgs<Real> Simulator<Real>::loss_args() {
  LossArgs<Real> args;
  args.kind = loss_;
  args.length = length_.cview();
  args.segment = segment_.cview();
  args.target = target_.cview();
  args.target_class = target_class_.cview();
  args.scale = scale_.cview();
  args.output = output_.cview();
  return args;
}

template <class Real>
void Simulator<Real>::run_errors(const StepWindow& window) {
  error_.reshape(backend_, {batch_, steps_, network_.outputs}, "errors (/training/batch_size)");
  LossArgs<Real> args = loss_args();
  args.window = window;
  args.error = error_.view();
  backend_.loss(args);
}

template <class Real>
TrialResult Simulator<Real>::run_loss(const TrialBatch& batch, bool training) {
  if (network_.outputs == 0) return {std::vector<double>(batch_, 0.0), {}, {}, {}};
  const std::string sized_by = " (/training/batch_size)";
  loss_sum_.reshape(backend_, {batch_}, "losses" + sized_by);
  segment_output_.reshape(backend_, {batch_, batch.segments, network_.outputs}, "segment outputs" + sized_by);
  if (training) error_.reshape(backend_, {batch_, steps_, network_.outputs}, "errors" + sized_by);
  LossArgs<Real> args = loss_args();
  if (training) args.error = error_.view();
  args.loss = loss_sum_.view();
  args.segment_output = segment_output_.view();
  backend_.loss(args);
  return {loss_sum_.download(), segment_output_.download(), {}, {}};
}

template <class Real>
std::vector<std::uint64_t> Simulator<Real>::spike_digests() {
  digest_.reshape(backend_, {batch_}, "spike digests");
  backend_.spike_digest({length_.cview(), spikes_.cview(), digest_.view()});
  return digest_.download();
}

template <class Real>
std::vector<std::vector<float>> Simulator<Real>::traces() const {
  std::vector<std::vector<float>> all;
  for (const auto& trace : traces_) all.push_back(trace.download());
  return all;
}

template class Simulator<float>;
template class Simulator<double>;

}  // namespace spikeweave
