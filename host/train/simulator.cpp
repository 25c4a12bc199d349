#include "spikeweave/train/simulator.hpp"

#include <algorithm>
#include <string>

#include "host/train/task_cells.hpp"
#include "spikeweave/core/bytes.hpp"
#include "spikeweave/core/sampling.hpp"

namespace spikeweave {
namespace {

template <class To, class From>
std::vector<To> converted(const std::vector<From>& values) {
  return std::vector<To>(values.begin(), values.end());
}

// Intensities that the encoding cannot draw from: a task's currents are not probabilities.
void check_intensities(Encoding encoding, const std::vector<float>& intensity) {
  const float most = encoding == Encoding::poisson ? max_poisson_mean : 1.0f;
  const auto bad =
      std::find_if_not(intensity.begin(), intensity.end(), [most](float x) { return x >= 0 && x <= most; });
  if (bad == intensity.end()) return;
  throw InputError("/network/input/encoding",
                   "the task gives the intensity " + std::to_string(*bad) + "; " +
                       std::string(EnumNames<Encoding>::names[static_cast<std::size_t>(encoding)]) + " allows 0 to " +
                       std::to_string(static_cast<int>(most)) + " per step");
}

}  // namespace

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
  upload_batch(batch, trial_keys);
  make_input(batch, options.training);
  run_forward(batch, options);
  if (network_.outputs > 0) run_readout(options.training);
  TrialResult result = run_loss(batch, options.training);
  add_task_cells(result);
  return result;
}

template <class Real>
void Simulator<Real>::upload_batch(const TrialBatch& batch, std::span<const std::uint32_t> trial_keys) {
  const auto put = [this](auto& buffer, const auto& values, std::initializer_list<std::size_t> shape,
                          const char* what) {
    buffer.reshape(backend_, shape, std::string(what) + " (/training/batch_size)");
    buffer.upload(values);
  };
  put(trial_key_, std::vector<std::uint32_t>(trial_keys.begin(), trial_keys.end()), {batch_}, "trial keys");
  put(length_, batch.length, {batch_}, "trial lengths");
  put(segment_, batch.segment, {batch_, steps_}, "segments");
  put(scale_, trial_scales(batch, network_.outputs == 0), {batch_}, "error scales");
  if (local_) put(local_scale_, trial_scales(batch, true), {batch_}, "local signal scales");
  put(forced_, batch.forced, {batch_, steps_, batch.forced.empty() ? 0 : network_.task_cells}, "forced spikes");
  put(clamp_, converted<Real>(batch.clamp), {batch_, batch.frames, batch.clamp.empty() ? 0 : network_.task_cells},
      "clamps");
  if (loss_ == LossKind::softmax) {
    put(target_class_, batch.target_class, {batch_, batch.segments}, "target classes");
  } else {
    put(target_, converted<Real>(batch.target), {batch_, batch.segments, network_.outputs}, "targets");
  }
}

template <class Real>
std::vector<Real> Simulator<Real>::trial_scales(const TrialBatch& batch, bool all_steps) const {
  std::vector<double> scored(batch_, 0.0);
  double total = 0.0;
  for (std::size_t b = 0; b < batch_; ++b) {
    for (std::size_t t = 0; t < static_cast<std::size_t>(batch.length[b]); ++t) {
      scored[b] += all_steps || batch.segment[b * steps_ + t] >= 0 ? 1.0 : 0.0;
    }
    total += scored[b];
  }
  std::vector<Real> scales(batch_, Real(0));
  for (std::size_t b = 0; b < batch_; ++b) {
    if (scored[b] == 0.0) continue;
    const auto trials = static_cast<double>(batch_);
    const double divisor = reduction_ == Reduction::sum          ? trials
                           : reduction_ == Reduction::mean_trial ? scored[b] * trials
                                                                 : total;
    scales[b] = static_cast<Real>(1.0 / divisor);
  }
  return scales;
}

template <class Real>
void Simulator<Real>::make_input(const TrialBatch& batch, bool training) {
  const std::string sized_by = " (/training/batch_size)";
  const std::size_t inputs = network_.inputs;
  if (network_.encoding == Encoding::current) {
    values_.reshape(backend_, {batch_, batch.frames, inputs}, "input values" + sized_by);
    values_.upload(converted<Real>(batch.intensity));
  } else {
    events_.reshape(backend_, {batch_, steps_, inputs}, "input events" + sized_by);
    if (network_.encoding == Encoding::events) {
      events_.upload(batch.events);
    } else {
      check_intensities(network_.encoding, batch.intensity);
      intensity_.reshape(backend_, {batch_, batch.frames, inputs}, "input intensities" + sized_by);
      intensity_.upload(batch.intensity);
      backend_.encode({network_.encoding, frame_steps_, intensity_.cview(), length_.cview(), keys(), events_.view()});
    }
  }
  if (training && network_.input_dropout > 0.0) {
    input_mask_.reshape(backend_, {batch_, batch.frames, inputs}, "input dropout mask" + sized_by);
    backend_.dropout({Purpose::input_dropout, network_.input_dropout, keys(), input_mask_.view()});
  }
  if (training && network_.readout.dropout > 0.0) {
    readout_mask_.reshape(backend_, {batch_, batch.frames, network_.neurons}, "readout dropout mask" + sized_by);
    backend_.dropout({Purpose::readout_dropout, network_.readout.dropout, keys(), readout_mask_.view()});
  }
}

template <class Real>
void Simulator<Real>::run_forward(const TrialBatch& batch, const Options& options) {
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
  args.frame_steps = frame_steps_;
  args.neuron_count = neurons;
  args.length = length_.cview();
  if (network_.encoding == Encoding::current) {
    args.values = values_.cview();
  } else {
    args.events = events_.cview();
  }
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
    args.continues = steps_before_ > 0;
    args.first_step = steps_before_;
    history_.reshape(backend_, {batch_, history_depth(), neurons}, "spikes under way" + sized_by);
    args.history = history_.view();
    if (has_rates_) {
      output_history_.reshape(backend_, {batch_, history_depth(), neurons}, "outputs under way" + sized_by);
      args.output_history = output_history_.view();
    }
    steps_before_ += steps_;
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

// The modulator after the reward of each step, [batch, steps]; empty for rules without one.
template <class Real>
std::vector<Real> Simulator<Real>::modulators(const TrialBatch& batch) {
  std::vector<Real> all;
  visit_plasticity(learning_, [&]<template <class> class Rule>(const auto& params) {
    if constexpr (requires { Rule<Real>::modulator_decay(params, 1.0); }) {
      const double decay = Rule<Real>::modulator_decay(params, network_.dt);
      if (!carries_state_ || steps_before_ == 0) modulator_.assign(batch_, 0.0);
      all.resize(batch_ * steps_);
      for (std::size_t n = 0; n < all.size(); ++n) {
        double& now = modulator_[n / steps_];
        now = decay * now + (batch.reward.empty() ? 0.0 : static_cast<double>(batch.reward[n]));
        all[n] = static_cast<Real>(now);
      }
    }
  });
  return all;
}

// What the post factors of a step are worth at the end of the trial; of rules with a modulator.
template <class Real>
void Simulator<Real>::upload_trial_weights(const TrialBatch& batch) {
  const std::vector<Real> modulator = modulators(batch);
  visit_plasticity(learning_, [&]<template <class> class RuleOf>(const auto& params) {
    using Rule = RuleOf<Real>;
    if constexpr (requires { Rule::trial_weight(Rule::derive(params, 1.0), Real(0), Real(0)); }) {
      const auto constants = Rule::derive(params, network_.dt);
      std::vector<Real> weight(batch_ * steps_, Real(0));
      for (std::size_t b = 0; b < batch_; ++b) {
        Real next = 0;
        for (auto t = static_cast<std::size_t>(batch.length[b]); t-- > 0;) {
          next = Rule::trial_weight(constants, next, modulator[b * steps_ + t]);
          weight[b * steps_ + t] = next;
        }
      }
      trial_weight_.reshape(backend_, {batch_, steps_}, "modulator (/training/batch_size)");
      trial_weight_.upload(weight);
    }
  });
}

template <class Real>
void Simulator<Real>::run_readout(bool training) {
  output_.reshape(backend_, {batch_, steps_, network_.outputs}, "outputs (/training/batch_size)");
  ReadoutArgs<Real> args;
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
TrialResult Simulator<Real>::run_loss(const TrialBatch& batch, bool training) {
  if (network_.outputs == 0) return {std::vector<double>(batch_, 0.0), {}, {}, {}};
  const std::string sized_by = " (/training/batch_size)";
  loss_sum_.reshape(backend_, {batch_}, "losses" + sized_by);
  segment_output_.reshape(backend_, {batch_, batch.segments, network_.outputs}, "segment outputs" + sized_by);
  if (training) error_.reshape(backend_, {batch_, steps_, network_.outputs}, "errors" + sized_by);
  LossArgs<Real> args;
  args.kind = loss_;
  args.length = length_.cview();
  args.segment = segment_.cview();
  args.target = target_.cview();
  args.target_class = target_class_.cview();
  args.scale = scale_.cview();
  args.output = output_.cview();
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

// The longest delay between neurons [steps].
template <class Real>
std::size_t Simulator<Real>::history_depth() const {
  std::size_t longest = 0;
  for (const Projection& projection : network_.projections) {
    if (projection.kind == ProjectionKind::recurrent) longest = std::max(longest, projection.delay);
  }
  return longest;
}

template <class Real>
std::vector<std::byte> Simulator<Real>::carried_state() const {
  if (steps_before_ == 0) return {};
  ByteWriter writer;
  writer.put(std::vector<std::uint64_t>{steps_before_, batch_});
  writer.put(modulator_);
  writer.put(history_.download());
  writer.put(output_history_.download());
  writer.put(state_.neuron_states());
  writer.put(plasticity_.save());
  return writer.bytes();
}

template <class Real>
void Simulator<Real>::set_carried_state(const std::vector<std::byte>& bytes) {
  if (bytes.empty()) return;
  ByteReader reader(bytes);
  const auto counts = reader.get<std::uint64_t>();
  modulator_ = reader.get<double>();
  const auto history = reader.get<std::uint8_t>();
  const auto outputs = reader.get<Real>();
  const std::size_t row = history_depth() * network_.neurons;
  if (counts.size() != 2 || history.size() != counts[1] * row || outputs.size() != (has_rates_ ? history.size() : 0)) {
    throw InputError("carried state", "is that of another network");
  }
  steps_before_ = counts[0];
  batch_ = counts[1];
  history_.reshape(backend_, {batch_, history_depth(), network_.neurons}, "spikes under way");
  history_.upload(history);
  output_history_.reshape(backend_, {batch_, has_rates_ ? history_depth() : 0, network_.neurons}, "outputs under way");
  output_history_.upload(outputs);
  state_.set_neuron_states(reader.get<std::byte>(), batch_);
  plasticity_.load(reader.get<std::byte>());
}

template class Simulator<float>;
template class Simulator<double>;

}  // namespace spikeweave
