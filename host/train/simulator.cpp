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
      is_of_phases_(spikeweave::is_of_phases(learning)),
      plasticity_(state, learning),
      loss_(loss),
      reduction_(reduction),
      frame_steps_(frame_steps),
      seed_(seed),
      sends_numbers_(sends_numbers(state.network)) {
  learning.visit([this]<class S>(const S& settings) {
    if constexpr (PlasticSettings<S>) {
      plasticity_form_ = settings.form;
    } else {
      if constexpr (requires { settings.form; }) form_ = settings.form;
      if constexpr (requires { settings.recurrent_path; }) spike_path_ = settings.recurrent_path;
      if constexpr (requires { settings.rate_regularization; }) rate_regularization_ = settings.rate_regularization;
    }
  });
  visit_plasticity(learning,
                   [this]<template <class> class Rule>(const auto&) { term_count_ = Rule<Real>::term_count; });
  const auto* eprop = learning.template get_if<EpropParams>();
  if (eprop != nullptr && eprop->signal == LearningSignal::local) local_ = *eprop;
  cell_requests_ = task_cell_traces(network_);
}

template <class Real>
void Simulator<Real>::begin_batch(const TrialBatch& batch, std::span<const std::uint32_t> trial_keys,
                                  const Options& options) {
  SW_EXPECTS(trial_keys.size() == batch.batch, "trial_keys: expected one per trial");
  trials_ = &batch;
  options_ = options;
  batch_ = batch.batch;
  steps_ = batch.steps;
  slice_ = options.slice_steps == 0 ? steps_ : std::min(options.slice_steps, steps_);
  SW_EXPECTS(!is_sliced() || (options.traces.empty() && !carries_state_ &&
                              !(options.training && (is_plasticity_ || is_of_phases_))),
             "slices of time: not with traces, carried state, a plasticity rule or one of phases");
  held_ = {0, 0};
  starts_.clear();
  result_ = {};
  const TrialBatch& whole = options.whole != nullptr ? *options.whole : batch;
  upload_batch(whole, trial_keys);
  upload_phases(whole.batch, trial_keys);
}

template <class Real>
TrialResult Simulator<Real>::run(const TrialBatch& batch, std::span<const std::uint32_t> trial_keys,
                                 const Options& options) {
  begin_batch(batch, trial_keys, options);
  std::size_t begin = 0;
  do {
    hold_next(begin, 0);
    if (is_sliced() && options.training) starts_.push_back(slice_start(begin));
    run_steps(held_);
    add_task_cells();
    if (is_sliced()) backend_.spike_digest({length_.cview(), spikes_.cview(), digest_.view(), held_});
    begin = held_.end;
  } while (begin < steps_);
  return finish();
}

template <class Real>
void Simulator<Real>::start(const TrialBatch& batch, std::span<const std::uint32_t> trial_keys,
                            std::size_t slice_steps) {
  SW_EXPECTS(!is_plasticity_ && !is_of_phases_ && has_traces(rule_), "windows: the rule has no traces per synapse");
  begin_batch(batch, trial_keys, {.training = true, .traces = {}, .slice_steps = slice_steps});
}

template <class Real>
void Simulator<Real>::run_window(const StepWindow& window) {
  if (window.end > held_.end) hold_next(window.begin, window.end - window.begin);
  run_steps(window);
  if (window.end == held_.end) add_task_cells();
  run_rate_penalty(window);
  state_.arrays.gradient.zero();
  add_window_gradient(window);
}

template <class Real>
TrialResult Simulator<Real>::finish() {
  result_.loss = network_.outputs > 0 ? loss_sum_.download() : std::vector<double>(batch_, 0.0);
  if (network_.outputs > 0) result_.segment_output = segment_output_.download();
  return std::move(result_);
}

// Steps that are held.
template <class Real>
void Simulator<Real>::run_steps(const StepWindow& window) {
  run_forward(window);
  if (options_.training && local_) run_local_signal(window);
  if (network_.outputs == 0) return;
  run_readout(window);
  run_loss(window);
}

template <class Real>
void Simulator<Real>::run_forward(const StepWindow& window) {
  const std::size_t neurons = network_.neurons;
  const bool training = options_.training;
  ForwardArgs<Real> args;
  args.batch = batch_;
  args.steps = steps_;
  args.window = window;
  args.frame_steps = frame_steps_;
  args.neuron_count = neurons;
  args.cell_count = network_.cells;
  args.length = length_.cview();
  if (network_.encoding == Encoding::current) {
    args.values = values_.cview();
  } else {
    args.events = events_.cview();
  }
  const EncodeArgs draw = event_args(window);
  if (is_drawn(network_.encoding)) args.draw = &draw;
  if (training && network_.input_dropout > 0.0) {
    args.input_mask = input_mask_.cview();
    args.input_scale = dropout_scale<Real>(network_.input_dropout);
  }
  args.input = state_.projections(ProjectionKind::input);
  args.bias = state_.projections(ProjectionKind::bias);
  args.recurrent = state_.projections(ProjectionKind::recurrent);
  args.within_step = state_.projections(ProjectionKind::within_step);
  args.populations = state_.populations(batch_);
  args.keys = keys();
  args.forced = forced_.cview();
  args.clamp = clamp_.cview();
  args.teacher = {network_.taught.begin, network_.taught.count, teacher_target_.cview(), teacher_strength_.cview()};
  args.average = step_average_.cview();
  args.spikes = spikes_.view();
  if (sends_numbers_) args.outputs = neuron_outputs_.view();
  if (training && !is_plasticity_) args.psi = psi_.view();
  if (training && plasticity_form_ != PlasticityForm::trial) {
    args.plasticity = plasticity_.views(steps_, modulators(*trials_), trials_->step_weight);
  }
  if (training && is_plasticity_ && plasticity_form_ == PlasticityForm::trial) upload_trial_weights(*trials_);
  if (carries_state_) {
    SW_EXPECTS(training, "a simulator that carries its state runs no evaluation");
    args.continues = steps_before_ > 0;  // before the trial
    args.first_step = steps_before_;
    const std::size_t depth = longest_delay(ProjectionKind::recurrent);
    const std::string sized_by = " (/training/batch_size, /network/populations)";
    history_.reshape(backend_, {batch_, depth, neurons}, "spikes under way" + sized_by);
    args.history = history_.view();
    if (sends_numbers_) {
      output_history_.reshape(backend_, {batch_, depth, network_.cells}, "outputs under way" + sized_by);
      args.output_history = output_history_.view();
    }
    if (window.end >= steps_) steps_before_ += steps_;
  }
  if (training && local_ && local_->prediction == Prediction::membrane) args.prediction = local_signal_.view();
  args.spike_count = spike_count_.view();
  traces_.resize(options_.traces.size());
  for (std::size_t n = 0; n < traces_.size(); ++n) {
    const StateTrace& trace = options_.traces[n];
    traces_[n].reshape(backend_, {batch_, steps_, trace.neurons.size()}, "recorded states (/recording)");
    args.traces.push_back({trace.population, trace.column, trace.neurons, traces_[n].view()});
  }
  trace_task_cells(args);
  backend_.forward(args);
}

template <class Real>
void Simulator<Real>::run_readout(const StepWindow& window) {
  ReadoutArgs<Real> args;
  args.window = window;
  args.filtered = filtered_output_.view();
  args.frame_steps = frame_steps_;
  args.length = length_.cview();
  args.spikes = spikes_.cview();
  args.outputs = sent_values();
  if (options_.training && network_.readout.dropout > 0.0) {
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
void Simulator<Real>::run_loss(const StepWindow& window) {
  LossArgs<Real> args;
  args.kind = loss_;
  args.length = length_.cview();
  args.segment = segment_.cview();
  args.target = target_.cview();
  args.target_class = target_class_.cview();
  args.scale = scale_.cview();
  args.output = output_.cview();
  args.window = window;
  if (options_.training) args.error = error_.view();
  args.loss = loss_sum_.view();
  args.segment_output = segment_output_.view();
  args.segment_sum = segment_sum_.view();
  backend_.loss(args);
}

template <class Real>
std::vector<std::uint64_t> Simulator<Real>::spike_digests() {
  if (!is_sliced()) backend_.spike_digest({length_.cview(), spikes_.cview(), digest_.view(), held_});
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
