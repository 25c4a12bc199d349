// Evaluation: whole splits, the choice of the best parameters, the final test.

#include <fmt/format.h>

#include <numeric>

#include "host/train/published.hpp"
#include "host/train/stopwatch.hpp"
#include "spikeweave/train/energy_metrics.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave {
namespace {

std::string split_name(Split split) {
  return std::string(EnumNames<Split>::names[static_cast<std::size_t>(split)]);
}

}  // namespace

template <class Real>
std::vector<Real> Trainer<Real>::evaluation_parameters() const {
  return experiment_.training.parameter_average > 0.0 ? state_->arrays.average.download() : state_->parameters();
}

// Runs a whole split with the current parameters of the state.
template <class Real>
Metrics Trainer<Real>::evaluate(Split split, std::uint64_t* digest) {
  const std::uint64_t count = task_->trial_count(split);
  Score score;
  for (std::uint64_t begin = 0; begin < count; begin += slices_.evaluated_trials) {
    std::vector<std::uint64_t> ids(std::min<std::uint64_t>(slices_.evaluated_trials, count - begin));
    std::iota(ids.begin(), ids.end(), begin);
    std::vector<std::uint32_t> keys;
    for (const std::uint64_t id : ids) keys.push_back(trial_key(split, id));
    task_->fill(split, ids, batch_);
    const TrialResult trial =
        simulator_->run(batch_, keys, {.training = false, .traces = energy_traces(), .slice_steps = slices_.steps});
    score.add("loss", std::accumulate(trial.loss.begin(), trial.loss.end(), 0.0), loss_weight(batch_));
    task_->score(batch_, trial, score);
    add_energy(score);
    if (digest == nullptr) continue;
    const std::vector<std::uint64_t> digests = simulator_->spike_digests();
    for (std::size_t b = 0; b < digests.size(); ++b) *digest += digests[b] * (2 * ids[b] + 1);
  }
  return score.values();
}

template <class Real>
bool Trainer<Real>::evaluation_due() const {
  const auto every = static_cast<std::uint64_t>(experiment_.training.evaluate_every);
  return task_->trial_count(Split::valid) > 0 && (finished() || (every > 0 && epoch_ % every == 0));
}

template <class Real>
void Trainer<Real>::keep_if_best(const Metrics& valid) {
  const auto metric = valid.find(task_->main_metric());
  SW_EXPECTS(metric != valid.end(), "the task does not score its main metric");
  const double score = task_->larger_is_better() ? -metric->second : metric->second;
  if (!best_parameters_.empty() && !(score < best_score_)) return;
  best_parameters_ = evaluation_parameters();
  best_score_ = score;
  best_epoch_ = epoch_;
}

// Spikes of the untrained network do not depend on rounding in gradients: this digest is the same on every backend.
template <class Real>
void Trainer<Real>::evaluate_untrained() {
  EpochResult untrained;
  const Stopwatch watch;
  const Split split = task_->trial_count(Split::valid) > 0 ? Split::valid : Split::test;
  if (task_->trial_count(split) > 0) {
    std::uint64_t digest = 0;
    untrained.splits[split_name(split)] = evaluate(split, &digest);
    result_.digest["untrained_" + split_name(split)] = fmt::format("{:016x}", digest);
  }
  untrained.seconds = watch.seconds();
  result_.epochs.push_back(untrained);
}

// A published figure that this run cannot be held against.
template <class Real>
void Trainer<Real>::warn_of_missing_figures() {
  for (std::size_t n = 0; n < experiment_.published.size(); ++n) {
    const PublishedFigure& figure = experiment_.published[n];
    if (measured(figure, result_)) continue;
    std::string known;
    for (const auto& [split, metrics] : result_.final) {
      for (const auto& [metric, value] : metrics) known += " " + split + "/" + metric;
    }
    warn(fmt::format("/published/{}/metric: the run has no {}; it has{}", n, figure.metric, known));
  }
}

template <class Real>
void Trainer<Real>::finish() {
  if (result_.epochs.empty()) evaluate_untrained();
  state_->set_parameters(best_parameters_.empty() ? evaluation_parameters() : best_parameters_);
  for (const Split split : {Split::valid, Split::test}) {
    if (task_->trial_count(split) == 0) continue;
    std::uint64_t digest = 0;
    result_.final[split_name(split)] = evaluate(split, &digest);
    result_.digest[split_name(split)] = fmt::format("{:016x}", digest);
  }
  result_.final["train"] = result_.epochs.back().splits["train"];
  if (!best_parameters_.empty()) result_.final["valid"]["best_epoch"] = static_cast<double>(best_epoch_);
  warn_of_missing_figures();
  for (const Split split : {Split::train, Split::valid, Split::test}) {
    for (const auto& [name, metrics] : task_->baselines(split)) result_.baselines[name][split_name(split)] = metrics;
  }
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace spikeweave
