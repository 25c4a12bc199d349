#include "spikeweave/train/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/train/network_statistics.hpp"
#include "host/train/prefetch.hpp"
#include "host/train/stopwatch.hpp"
#include "spikeweave/train/energy_metrics.hpp"

namespace spikeweave {
namespace {

constexpr double running_decay = 0.9;  // of the running mean of the main metric over updates

// Fisher-Yates; a pure function of (seed, pass).
std::vector<std::uint64_t> shuffled(std::uint64_t count, std::uint64_t seed, std::uint64_t pass) {
  std::vector<std::uint64_t> order(count);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  const RandomStream stream(seed, Purpose::shuffle, 0, static_cast<std::uint32_t>(pass));
  for (std::uint64_t i = count; i > 1; --i) std::swap(order[i - 1], order[stream.below(i, i)]);
  return order;
}

}  // namespace

// Sums over the updates of an epoch.
template <class Real>
struct Trainer<Real>::EpochTotals {
  Score score;
  std::vector<double> spikes;  // [neurons]
  double steps = 0.0;          // trial steps
  std::uint64_t update = 0;    // within the epoch
};

template <class Real>
Trainer<Real>::Trainer(Backend<Real>& backend, const Experiment& experiment, const std::string& directory,
                       RunObserver& observer)
    : backend_(backend),
      experiment_(experiment),
      observer_(observer),
      task_(make_task(experiment, directory)),
      network_(build_network(experiment.network, task_->shape(), experiment.seed)) {
  const TaskShape shape = task_->shape();
  prefetch_ = std::make_unique<Prefetch>(*task_);
  choose_slices();
  state_ = std::make_unique<NetworkState<Real>>(backend, network_, experiment.feedback, experiment.seed,
                                                follows_synapses(experiment.learning));
  const std::vector<double> initial = initial_parameters(network_, experiment.seed, directory);
  if (is_plasticity(experiment.learning)) require_weights_inside_bounds(network_, initial);
  const std::vector<Real> parameters(initial.begin(), initial.end());
  state_->set_parameters(parameters);
  state_->arrays.average.upload(parameters);
  simulator_ = std::make_unique<Simulator<Real>>(*state_, experiment.learning, shape.loss,
                                                 experiment.training.reduction, shape.frame_steps, experiment.seed);
  updater_ = std::make_unique<Updater<Real>>(*state_, experiment.learning, experiment.optimizer,
                                             experiment.training.clip_norm, experiment.training.parameter_average);
  if (experiment.training.carry_state) {
    check_carried_run();
    simulator_->carry_state();
    intervals_ = std::make_unique<IntervalStatistics>(network_.neurons);
  }
  if (experiment.recording.energy) energy_ = std::make_unique<EnergyMetrics>(network_, experiment.seed);
  close_loop();
  result_.title = experiment.title;
  result_.seed = experiment.seed;
  result_.backend = backend.kind();
  result_.device = backend.device_name();
}

template <class Real>
Trainer<Real>::~Trainer() = default;

template <class Real>
std::span<const StateTrace> Trainer<Real>::energy_traces() const {
  return energy_ != nullptr ? energy_->traces() : std::span<const StateTrace>();
}

// Of the batch that has just run.
template <class Real>
void Trainer<Real>::add_energy(Score& score) const {
  if (energy_ == nullptr) return;
  const std::vector<Real> parameters = state_->parameters();
  energy_->add(batch_, simulator_->traces(), {parameters.begin(), parameters.end()}, score);
}

template <class Real>
void Trainer<Real>::check_carried_run() const {
  for (std::size_t p = 0; p < network_.projections.size(); ++p) {
    if (network_.projections[p].kind != ProjectionKind::input || network_.projections[p].delay == 0) continue;
    throw InputError(fmt::format("/network/projections/{}/delay", p),
                     fmt::format("{} steps: input under way at the end of a trial would be lost, as "
                                 "/training/carry_state is true; expected 0",
                                 network_.projections[p].delay));
  }
  for (const Split split : {Split::valid, Split::test}) {
    if (task_->trial_count(split) == 0) continue;
    throw InputError("/training/carry_state",
                     fmt::format("true, but the task has {} trials to evaluate on, which would disturb the state; "
                                 "expected false, or a task without them",
                                 task_->trial_count(split)));
  }
}

template <class Real>
std::uint32_t Trainer<Real>::trial_key(Split split, std::uint64_t id) {
  if (split == Split::train) return static_cast<std::uint32_t>(id) & 0x7FFFFFFFu;
  return 0x80000000u | static_cast<std::uint32_t>(split) << 28 | (static_cast<std::uint32_t>(id) & 0x0FFFFFFFu);
}

template <class Real>
std::uint64_t Trainer<Real>::updates_per_epoch() const {
  const auto fixed = static_cast<std::uint64_t>(experiment_.training.updates_per_epoch);
  const auto batch = static_cast<std::uint64_t>(experiment_.training.batch_size);
  return fixed > 0 ? fixed : (task_->trial_count(Split::train) + batch - 1) / batch;
}

// The trials of an update. A finite training split is shuffled anew for each pass; an epoch of one pass ends with
// a smaller batch.
template <class Real>
std::vector<std::uint64_t> Trainer<Real>::ids_of(std::uint64_t update) {
  const auto batch = static_cast<std::uint64_t>(experiment_.training.batch_size);
  const std::uint64_t count = task_->trial_count(Split::train);
  const bool one_pass = experiment_.training.updates_per_epoch == 0;
  std::uint64_t begin = update * batch;
  std::uint64_t end = begin + batch;
  if (one_pass) {
    begin = update / updates_per_epoch() * count + update % updates_per_epoch() * batch;
    end = std::min(begin + batch, (update / updates_per_epoch() + 1) * count);
  }
  std::vector<std::uint64_t> ids;
  for (std::uint64_t n = begin; n < end; ++n) {
    if (count == 0) {
      ids.push_back(n);
      continue;
    }
    if (n / count != shuffled_pass_) {
      shuffled_pass_ = n / count;
      order_ = shuffled(count, experiment_.seed, shuffled_pass_);
    }
    ids.push_back(order_[n % count]);
  }
  return ids;
}

// What the reported loss is a mean over: trials, or scored steps.
template <class Real>
double Trainer<Real>::loss_weight(const TrialBatch& batch) const {
  if (experiment_.training.reduction == Reduction::sum) return static_cast<double>(batch.batch);
  return static_cast<double>(std::count_if(batch.segment.begin(), batch.segment.end(), [](auto s) { return s >= 0; }));
}

// The batch of the next update; that of the one behind it is begun. A closed loop has to see this one's spikes first.
template <class Real>
void Trainer<Real>::take_batch() {
  if (!prefetch_->take(batch_count_, batch_)) task_->fill(Split::train, ids_of(batch_count_), batch_);
  const std::uint64_t total = updates_per_epoch() * static_cast<std::uint64_t>(experiment_.training.epochs);
  if (batch_count_ + 1 < total && task_->closed_loop() == nullptr) {
    prefetch_->start(batch_count_ + 1, ids_of(batch_count_ + 1));
  }
}

template <class Real>
void Trainer<Real>::train_update(EpochTotals& totals) {
  take_batch();
  std::vector<std::uint32_t> keys;
  const std::uint64_t first = batch_count_ * static_cast<std::uint64_t>(experiment_.training.batch_size);
  for (std::size_t b = 0; b < batch_.batch; ++b) keys.push_back(trial_key(Split::train, first + b));

  const TrialResult trial = learn(keys);
  ++batch_count_;

  Score score;
  score.add("loss", std::accumulate(trial.loss.begin(), trial.loss.end(), 0.0), loss_weight(batch_));
  task_->score(batch_, trial, score);
  add_energy(score);
  for (const auto& [name, sum] : score.metrics) totals.score.add(name, sum.sum, sum.weight);
  if (score.metrics.contains(task_->main_metric())) {
    const double main = score.metrics[task_->main_metric()].value();
    running_metric_ = batch_count_ == 1 ? main : running_decay * running_metric_ + (1.0 - running_decay) * main;
  }

  double spikes = 0.0;
  for (std::size_t n = 0; n < spike_counts_.size(); ++n) {
    totals.spikes[n % network_.neurons] += spike_counts_[n];
    spikes += spike_counts_[n];
  }
  if (batch_.batch == 1 && (intervals_ != nullptr || task_->closed_loop() != nullptr)) {
    const std::vector<std::uint8_t> all = simulator_->spikes();
    if (intervals_ != nullptr) intervals_->add(all, batch_.steps);
    if (ClosedLoop* const loop = task_->closed_loop()) loop->observe(all, batch_.steps);
  }
  const double steps = std::accumulate(batch_.length.begin(), batch_.length.end(), 0.0);
  totals.steps += steps;
  ++totals.update;
  const double loss = score.metrics["loss"].value();
  if (!std::isfinite(loss)) {
    throw Error(
        fmt::format("epoch {}: the loss is {}; the run has diverged (try a smaller /optimizer/learning_rate or "
                    "/training/clip_norm)",
                    epoch_ + 1, loss));
  }
  observer_.on_update({epoch_ + 1, static_cast<std::uint64_t>(experiment_.training.epochs), batch_count_,
                       updates_per_epoch() * static_cast<std::uint64_t>(experiment_.training.epochs), loss,
                       spikes / steps / static_cast<double>(network_.neurons) * 1000.0 / network_.dt});
}

template <class Real>
void Trainer<Real>::train_epoch(SplitMetrics& splits) {
  EpochTotals totals;
  totals.spikes.assign(network_.neurons, 0.0);
  while (totals.update < updates_per_epoch()) train_update(totals);
  const std::vector<Real> downloaded = state_->parameters();
  const std::vector<double> parameters(downloaded.begin(), downloaded.end());
  check_health(totals, parameters);
  Metrics& train = splits["train"];
  train = totals.score.values();
  if (train.contains(task_->main_metric())) train["running_" + task_->main_metric()] = running_metric_;
  for (const Population& population : network_.populations) {
    if (is_rate_model(population.neuron)) continue;
    const auto first = totals.spikes.begin() + static_cast<std::ptrdiff_t>(population.neurons.begin);
    const double spikes = std::accumulate(first, first + static_cast<std::ptrdiff_t>(population.neurons.count), 0.0);
    train["rate_" + population.name] =
        spikes / totals.steps / static_cast<double>(population.neurons.count) * 1000.0 / network_.dt;
  }
  if (intervals_ != nullptr) intervals_->report(network_, train);
  if (is_plasticity(experiment_.learning)) report_weights(network_, parameters, train);
  if (const ClosedLoop* const loop = task_->closed_loop()) loop->report(parameters, train);
}

template <class Real>
void Trainer<Real>::check_health(const EpochTotals& totals, const std::vector<double>& parameters) {
  const HealthSettings& health = experiment_.health;
  for (const Population& population : network_.populations) {
    if (is_rate_model(population.neuron)) continue;
    double spikes = 0.0;
    for (std::size_t j = 0; j < population.neurons.count; ++j) spikes += totals.spikes[population.neurons.begin + j];
    const double rate = spikes / totals.steps / static_cast<double>(population.neurons.count);
    if (spikes == 0.0) {
      unhealthy(health.silent, fmt::format("epoch {}: population \"{}\" is silent: no spike in the whole epoch "
                                           "(/health/silent says what to do)",
                                           epoch_ + 1, population.name));
    } else if (rate >= health.saturated_rate) {
      unhealthy(health.saturated,
                fmt::format("epoch {}: population \"{}\" is saturated: {:.3g} spikes per step, allowed is below {:.3g} "
                            "(/health/saturated says what to do)",
                            epoch_ + 1, population.name, rate, health.saturated_rate));
    }
  }
  if (!std::all_of(parameters.begin(), parameters.end(), [](double w) { return std::isfinite(w); })) {
    throw Error(fmt::format("epoch {}: a parameter is not finite; the run has diverged", epoch_ + 1));
  }
}

template <class Real>
void Trainer<Real>::unhealthy(OnUnhealthy action, const std::string& text) {
  if (action == OnUnhealthy::stop) throw Error(text);
  if (action == OnUnhealthy::warn) warn(text);
}

template <class Real>
void Trainer<Real>::warn(const std::string& text) {
  result_.warnings.push_back(text);
  observer_.on_warning(text);
}

template <class Real>
void Trainer<Real>::run_epoch() {
  if (result_.epochs.empty()) evaluate_untrained();
  if (finished()) return;
  EpochResult epoch;
  const Stopwatch watch;
  train_epoch(epoch.splits);
  ++epoch_;
  epoch.epoch = epoch_;
  if (evaluation_due()) {
    const std::vector<Real> training_parameters = state_->parameters();
    state_->set_parameters(evaluation_parameters());
    epoch.splits["valid"] = evaluate(Split::valid, nullptr);
    state_->set_parameters(training_parameters);
    if (experiment_.training.select_best) keep_if_best(epoch.splits["valid"]);
  }
  epoch.seconds = watch.seconds();
  result_.epochs.push_back(epoch);
  observer_.on_epoch(epoch, {epoch_, static_cast<std::uint64_t>(experiment_.training.epochs), batch_count_,
                             updates_per_epoch() * static_cast<std::uint64_t>(experiment_.training.epochs), 0.0, 0.0});
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace spikeweave
