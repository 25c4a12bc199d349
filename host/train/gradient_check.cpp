#include "spikeweave/train/gradient_check.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "host/train/first_trials.hpp"

namespace spikeweave {
namespace {

// The true gradient of an experiment as a learning rule, with the rate penalty of its own.
LearningSettings exact_rule(const LearningSettings& learning) {
  BpttParams rule;
  learning.visit([&rule](const auto& settings) {
    if constexpr (requires { settings.rate_regularization; }) rule.rate_regularization = settings.rate_regularization;
  });
  LearningSettings exact;
  exact.value = rule;
  return exact;
}

void require_true_gradient(const Experiment& experiment) {
  if (experiment.training.carry_state) {
    throw InputError("/training/carry_state",
                     "true, so that no trial can be run a second time; the true gradient needs false");
  }
  Experiment exact = experiment;
  exact.learning = exact_rule(experiment.learning);
  exact.feedback = {};
  try {
    exact.validate("");
  } catch (const InputError& error) {
    throw InputError("no true gradient", error.what());
  }
}

template <class Real>
std::vector<double> widened(const std::vector<Real>& values) {
  return {values.begin(), values.end()};
}

// L[b,t,j] = sum_k B[k,j] error[b,t,k]
template <class Real>
std::vector<Real> broadcast_error(const std::vector<Real>& error, const std::vector<Real>& feedback,
                                  std::size_t outputs, std::size_t neurons) {
  const std::size_t rows = outputs == 0 ? 0 : error.size() / outputs;
  std::vector<Real> signal(rows * neurons, Real(0));
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t k = 0; k < outputs; ++k) {
      for (std::size_t j = 0; j < neurons; ++j) {
        signal[row * neurons + j] += feedback[k * neurons + j] * error[row * outputs + k];
      }
    }
  }
  return signal;
}

}  // namespace

MatrixAgreement agreement(const std::string& name, const double* a, const double* b, std::size_t count) {
  const double aa = std::inner_product(a, a + count, a, 0.0);
  const double bb = std::inner_product(b, b + count, b, 0.0);
  const double ab = std::inner_product(a, a + count, b, 0.0);
  return {name, ab / (std::sqrt(aa) * std::sqrt(bb)), std::sqrt(aa) / std::sqrt(bb), std::sqrt(aa), std::sqrt(bb)};
}

double angle_between(const double* a, const double* b, std::size_t count) {
  const double cosine = agreement("", a, b, count).cosine;
  return std::acos(std::clamp(cosine, -1.0, 1.0)) * 180.0 / std::numbers::pi;
}

template <class Real>
GradientCheck<Real>::GradientCheck(Trainer<Real>& trainer, const Experiment& experiment, std::size_t trials)
    : trainer_(trainer),
      experiment_(experiment),
      exact_rule_(exact_rule(experiment.learning)),
      exact_state_(trainer.state().backend, trainer.network(), FeedbackSettings{}, experiment.seed) {
  require_true_gradient(experiment);
  const FirstTrials first(trainer.task(), trials);
  ids_ = first.ids;
  keys_ = first.keys;
  const TaskShape shape = trainer.task().shape();
  const auto simulator = [&](NetworkState<Real>& state, const LearningSettings& learning) {
    return std::make_unique<Simulator<Real>>(state, learning, shape.loss, experiment.training.reduction,
                                             shape.frame_steps, experiment.seed);
  };
  rule_ = simulator(trainer.state(), experiment_.learning);
  exact_ = simulator(exact_state_, exact_rule_);
}

// A rule that changes the weights while a trial runs: trial by trial, each from the same weights.
template <class Real>
void GradientCheck<Real>::run_online_plasticity() {
  const std::vector<Real> before = trainer_.state().parameters();
  record_.update.assign(before.size(), Real(0));
  TrialBatch one;
  for (std::size_t n = 0; n < ids_.size(); ++n) {
    trainer_.task().fill(Split::train, std::span(&ids_[n], 1), one);
    rule_->run(one, std::span(&keys_[n], 1), {.training = true, .traces = {}});
    const std::vector<Real> after = trainer_.state().parameters();
    for (std::size_t w = 0; w < after.size(); ++w) record_.update[w] += before[w] - after[w];
    rule_->compute_gradient();
    if (trainer_.network().outputs > 0) {
      const std::vector<Real> readout = trainer_.state().arrays.gradient.download();
      for (std::size_t w = 0; w < readout.size(); ++w) record_.update[w] += readout[w];
    }
    trainer_.state().set_parameters(before);
  }
}

template <class Real>
void GradientCheck<Real>::run_rule() {
  const bool is_online = experiment_.learning.visit([]<class S>(const S& settings) {
    if constexpr (PlasticSettings<S>) return settings.form != PlasticityForm::trial;
    return false;
  });
  if (is_online) {
    run_online_plasticity();
    return;
  }
  rule_->run(record_.batch, keys_, {.training = true, .traces = {}});
  rule_->compute_gradient();
  rule_factor_.clear();
  experiment_.learning.visit([this]<class S>([[maybe_unused]] const S& settings) {
    if constexpr (PlasticSettings<S>) {
      return;
    } else if constexpr (requires { settings.form; }) {
      if (settings.form != EpropForm::trial) return;
    }
    rule_factor_ = rule_->psi();
  });
  record_.update = trainer_.state().arrays.gradient.download();
}

// Returns the mean loss.
template <class Real>
double GradientCheck<Real>::run_true_gradient() {
  exact_state_.set_parameters(record_.parameters);
  const TrialResult result = exact_->run(record_.batch, keys_, {.training = true, .traces = {}});
  record_.events = exact_->input_events();
  record_.values = exact_->input_values();
  record_.spikes = exact_->spikes();
  record_.outputs = exact_->neuron_outputs();
  record_.psi = exact_->psi();
  record_.readout = exact_->output();
  record_.error = exact_->errors();
  exact_->compute_gradient();
  record_.gradient = exact_state_.arrays.gradient.download();
  true_factor_ = exact_->psi();
  return std::accumulate(result.loss.begin(), result.loss.end(), 0.0) / static_cast<double>(ids_.size());
}

template <class Real>
std::vector<LayerAngle> GradientCheck<Real>::layer_angles() const {
  std::vector<LayerAngle> angles;
  const auto& projections = trainer_.network().projections;
  const bool any_learns = std::any_of(projections.begin(), projections.end(), [](const Projection& p) {
    return p.settings.trainable && p.kind != ProjectionKind::readout;
  });
  if (rule_factor_.empty() || !any_learns) return angles;  // else there are no errors
  const std::vector<double> rule = widened(rule_factor_), exact = widened(true_factor_);
  const Network& network = trainer_.network();
  for (const Population& population : network.populations) {
    double sum = 0.0;
    std::size_t count = 0;
    for (std::size_t row = 0; row < record_.batch.batch * record_.batch.steps; ++row) {
      const auto length = static_cast<std::size_t>(record_.batch.length[row / record_.batch.steps]);
      if (row % record_.batch.steps >= length) continue;
      const std::size_t at = row * network.neurons + population.neurons.begin;
      const double angle = angle_between(rule.data() + at, exact.data() + at, population.neurons.count);
      if (!std::isfinite(angle)) continue;
      sum += angle;
      ++count;
    }
    angles.push_back({population.name, sum / static_cast<double>(count)});
  }
  return angles;
}

template <class Real>
GradientAgreement GradientCheck<Real>::run() {
  const Network& network = trainer_.network();
  trainer_.task().fill(Split::train, ids_, record_.batch);
  record_.parameters = trainer_.state().parameters();
  record_.feedback = trainer_.state().arrays.feedback.download();
  GradientAgreement found;
  found.epoch = trainer_.epoch();
  found.loss = run_true_gradient();
  run_rule();
  found.layers = layer_angles();
  record_.signal = is_plasticity(experiment_.learning) ? std::vector<Real>{} : rule_->local_signal();
  if (record_.signal.empty() && !is_plasticity(experiment_.learning)) {
    record_.signal = broadcast_error(record_.error, record_.feedback, network.outputs, network.neurons);
  }

  const std::vector<std::uint32_t> counts = exact_->spike_counts();
  const double steps = std::accumulate(record_.batch.length.begin(), record_.batch.length.end(), 0.0);
  found.rate = std::accumulate(counts.begin(), counts.end(), 0.0) / steps / static_cast<double>(network.neurons) *
               1000.0 / network.dt;
  const std::vector<double> update = widened(record_.update);
  const std::vector<double> exact = widened(record_.gradient);
  for (const Projection& projection : network.projections) {
    if (!projection.settings.trainable) continue;
    found.matrices.push_back(agreement(projection.name, update.data() + projection.offset,
                                       exact.data() + projection.offset, projection.size()));
  }
  if (network.readout.bias) {
    found.matrices.push_back(
        agreement("bias", update.data() + network.bias_offset, exact.data() + network.bias_offset, network.outputs));
  }
  return found;
}

template class GradientCheck<float>;
template class GradientCheck<double>;

}  // namespace spikeweave
