// A run: epochs of updates, evaluation, choice of the best parameters, the final test.
//
// Everything random is a pure function of (seed, counters), so a run that is stopped and resumed gives the same bits.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "spikeweave/config/experiment.hpp"
#include "spikeweave/network/network_state.hpp"
#include "spikeweave/task/task.hpp"
#include "spikeweave/train/plan.hpp"
#include "spikeweave/train/result.hpp"
#include "spikeweave/train/simulator.hpp"
#include "spikeweave/train/updater.hpp"

namespace spikeweave {

class EnergyMetrics;
class IntervalStatistics;
class Prefetch;

// Where a run stands, for displays.
struct Progress {
  std::uint64_t epoch = 0;
  std::uint64_t epochs = 0;
  std::uint64_t update = 0;  // of the run
  std::uint64_t updates = 0;
  double loss = 0.0;       // of the last batch
  double mean_rate = 0.0;  // of the last batch [Hz]
};

class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_update(const Progress&) {}
  virtual void on_epoch(const EpochResult&, const Progress&) {}
  virtual void on_warning(const std::string&) {}
};

// All that a run needs to go on, but for what follows from the experiment.
template <class Real>
struct TrainerSnapshot {
  std::uint64_t epoch = 0;         // epochs done
  std::uint64_t batch_count = 0;   // batches done; data order and random streams follow from it
  std::uint64_t update_count = 0;  // changes of the weights by the optimizer
  std::vector<Real> parameters, first_moment, second_moment, average, feedback;
  std::vector<Real> best_parameters;
  std::vector<std::byte> carried;  // what goes on from trial to trial; empty where nothing does
  double best_score = 0.0;
  std::uint64_t best_epoch = 0;
  double running_metric = 0.0;
  RunResult result;
};

template <class Real>
class Trainer {
 public:
  // experiment and observer must outlive the trainer. directory: where relative file names of the experiment start.
  Trainer(Backend<Real>& backend, const Experiment& experiment, const std::string& directory, RunObserver& observer);

  ~Trainer();

  // One more epoch: training, health check, evaluation where due. The first call also evaluates the untrained network
  // (epoch 0). Throws Error for a silent, saturated or diverged network, as the experiment's health settings say.
  void run_epoch();
  bool finished() const { return epoch_ >= static_cast<std::uint64_t>(experiment_.training.epochs); }
  // Tests the chosen parameters; call once at the end.
  void finish();

  TrainerSnapshot<Real> snapshot() const;
  void restore(const TrainerSnapshot<Real>& snapshot);

  std::uint64_t epoch() const { return epoch_; }
  RunResult& result() { return result_; }
  const Task& task() const { return *task_; }
  const Network& network() const { return network_; }
  Simulator<Real>& simulator() { return *simulator_; }
  NetworkState<Real>& state() { return *state_; }

  // The random words of trial `id` of a split.
  static std::uint32_t trial_key(Split split, std::uint64_t id);

 private:
  struct EpochTotals;
  void check_carried_run() const;
  void close_loop();
  void warn_of_missing_figures();
  std::vector<std::byte> carried_state() const;
  void set_carried_state(const std::vector<std::byte>& bytes);
  void evaluate_untrained();
  void train_epoch(SplitMetrics& splits);
  void train_update(EpochTotals& totals);
  TrialResult learn(std::span<const std::uint32_t> keys);
  TrialResult learn_in_parts(std::span<const std::uint32_t> keys);
  void choose_slices();
  void check_health(const EpochTotals& totals, const std::vector<double>& parameters);
  std::span<const StateTrace> energy_traces() const;
  void add_energy(Score& score) const;
  Metrics evaluate(Split split, std::uint64_t* digest);
  bool evaluation_due() const;
  void keep_if_best(const Metrics& valid);
  std::vector<std::uint64_t> ids_of(std::uint64_t update);
  void take_batch();
  std::uint64_t updates_per_epoch() const;
  std::vector<Real> evaluation_parameters() const;
  double loss_weight(const TrialBatch& batch) const;
  void warn(const std::string& text);
  void unhealthy(OnUnhealthy action, const std::string& text);

  Backend<Real>& backend_;
  const Experiment& experiment_;
  RunObserver& observer_;
  std::unique_ptr<Task> task_;
  Network network_;
  std::unique_ptr<NetworkState<Real>> state_;
  std::unique_ptr<Simulator<Real>> simulator_;
  std::unique_ptr<EnergyMetrics> energy_;  // where /recording/energy is true
  std::unique_ptr<Updater<Real>> updater_;
  TrialBatch batch_;  // memory kept between updates
  std::unique_ptr<Prefetch> prefetch_;

  std::uint64_t epoch_ = 0;
  std::uint64_t batch_count_ = 0;
  Slices slices_;                            // in memory at once
  std::vector<std::uint32_t> spike_counts_;  // [batch, neurons]  of the last batch
  std::vector<Real> best_parameters_;
  double best_score_ = 0.0;
  std::uint64_t best_epoch_ = 0;
  double running_metric_ = 0.0;
  std::uint64_t shuffled_pass_ = ~std::uint64_t{0};
  std::unique_ptr<IntervalStatistics> intervals_;  // where state is carried
  std::vector<std::uint64_t> order_;               // of the training trials in this pass
  RunResult result_;
};

}  // namespace spikeweave
