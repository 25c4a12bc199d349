// The whole of a run, typed and validated: what an experiment file says.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "spikeweave/learning/all.hpp"
#include "spikeweave/learning/feedback/all.hpp"
#include "spikeweave/network/settings.hpp"
#include "spikeweave/optim/optimizer.hpp"
#include "spikeweave/task/settings.hpp"
#include "spikeweave/task/trial_phases.hpp"

namespace spikeweave {

enum class Reduction { sum, mean_trial, mean_batch };
template <>
struct EnumNames<Reduction> {
  static constexpr std::array<std::string_view, 3> names{"sum", "mean_trial", "mean_batch"};
};

enum class ScheduleKind { constant, cosine };
template <>
struct EnumNames<ScheduleKind> {
  static constexpr std::array<std::string_view, 2> names{"constant", "cosine"};
};

// Factor of the learning rate against the number of updates.
struct LearningRateSchedule {
  ScheduleKind kind = ScheduleKind::constant;
  int warmup_updates = 0;
  double final_fraction = 0.0;

  static constexpr auto fields() {
    using Self = LearningRateSchedule;
    return std::tuple{
        field("kind", &Self::kind, "constant, or cosine from 1 down to final_fraction over the whole run."),
        field("warmup_updates", &Self::warmup_updates, "updates", closed(0, 1e9), "Linear rise at the start."),
        field("final_fraction", &Self::final_fraction, "", probability, "cosine: factor at the end."),
    };
  }
  // Factor of update n = 0, 1, ... of `total`.
  double factor(std::uint64_t update, std::uint64_t total) const;
};

// When the weights change. The two others go forward in time with traces per synapse, and states and traces go on from
// change to change.
struct TrialUpdate {
  static constexpr std::string_view name = "trial";
  static constexpr std::string_view summary = "At the end of a batch of trials.";
  static constexpr std::string_view source = "Bellec et al. 2020, Nat. Commun. 11:3625";
  static constexpr auto fields() { return std::tuple{}; }
};
struct ChunkUpdate {
  static constexpr std::string_view name = "chunk";
  static constexpr std::string_view summary = "Every so many steps of the trials.";
  static constexpr std::string_view source = "Bellec et al. 2020, Nat. Commun. 11:3625";
  int steps = 50;
  static constexpr auto fields() {
    return std::tuple{
        field("steps", &ChunkUpdate::steps, "steps", closed(1, 1e9), "Steps between two changes."),
    };
  }
};
struct StepUpdate {
  static constexpr std::string_view name = "step";
  static constexpr std::string_view summary = "In every step: strictly on-line.";
  static constexpr std::string_view source = "Bellec et al. 2020, Nat. Commun. 11:3625";
  static constexpr auto fields() { return std::tuple{}; }
};
using UpdateSettings = Choice<"mode", TrialUpdate, ChunkUpdate, StepUpdate>;

// Steps between two changes of the weights; 0: the trial.
inline std::size_t update_steps(const UpdateSettings& update) {
  if (const auto* chunk = update.get_if<ChunkUpdate>()) return static_cast<std::size_t>(chunk->steps);
  return update.get_if<StepUpdate>() != nullptr ? 1 : 0;
}

struct TrainingSettings {
  int epochs = 40;
  int batch_size = 8;
  int updates_per_epoch = 0;
  UpdateSettings update{};
  int slice = 0;
  int slice_steps = 0;
  Reduction reduction = Reduction::mean_batch;
  double clip_norm = 0.0;
  double parameter_average = 0.0;
  LearningRateSchedule schedule{};
  int evaluate_every = 1;
  int evaluation_batch = 32;
  bool carry_state = false;
  bool compare_readout_only = false;
  bool select_best = true;

  static constexpr auto fields() {
    using Self = TrainingSettings;
    return std::tuple{
        field("epochs", &Self::epochs, "epochs", closed(0, 1e9), "Length of the run."),
        field("batch_size", &Self::batch_size, "trials", closed(1, 1e7), "Trials per update."),
        field("updates_per_epoch", &Self::updates_per_epoch, "updates", closed(0, 1e9),
              "Batches of an epoch; 0: one pass over the training split (an error where that has no end)."),
        field(
            "update", &Self::update,
            "When the weights change. chunk and step are for rules that have traces per synapse; the optimizer is "
            "applied to the gradient of the errors since the last change, and the rate penalty sees the trial so far."),
        field("slice", &Self::slice, "trials", closed(0, 1e7),
              "Trials of a batch that are in memory at once, one part after the other; 0: as many as fit."),
        field("slice_steps", &Self::slice_steps, "steps", closed(0, 1e9),
              "Steps of a trial that are in memory at once; the gradient then runs them twice. 0: as many as fit."),
        field("reduction", &Self::reduction,
              "How errors of steps and trials are averaged, the rate penalty with them: sum over steps and mean over "
              "trials; mean over each trial's scored steps and over trials; mean over all scored steps of the batch."),
        field("clip_norm", &Self::clip_norm, "", non_negative, "Largest norm of the whole gradient; 0: no clipping."),
        field("parameter_average", &Self::parameter_average, "1/update", below_one,
              "Decay of a running average of all parameters, used for evaluation; 0: none."),
        field("schedule", &Self::schedule, "Learning rate over the run."),
        field("evaluate_every", &Self::evaluate_every, "epochs", closed(0, 1e9),
              "Evaluate the validation split every so many epochs and at the end; 0: at the end only."),
        field("evaluation_batch", &Self::evaluation_batch, "trials", closed(1, 1e7), "Trials per evaluation batch."),
        field(
            "carry_state", &Self::carry_state,
            "Whether a trial of training goes on where the last one ended: neurons, spikes under way, traces. The run "
            "is then one long trial in pieces, without evaluation."),
        field("compare_readout_only", &Self::compare_readout_only,
              "Also train the same network, from the same seed, with only its readout learning."),
        field("select_best", &Self::select_best,
              "Test the parameters of the epoch that was best on the validation split; else those of the last epoch."),
    };
  }
};

enum class OnUnhealthy { stop, warn, ignore };
template <>
struct EnumNames<OnUnhealthy> {
  static constexpr std::array<std::string_view, 3> names{"stop", "warn", "ignore"};
};

struct HealthSettings {
  OnUnhealthy silent = OnUnhealthy::stop;
  OnUnhealthy saturated = OnUnhealthy::stop;
  double saturated_rate = 0.5;

  static constexpr auto fields() {
    using Self = HealthSettings;
    return std::tuple{
        field("silent", &Self::silent, "What to do when a population fires no spike in an epoch."),
        field("saturated", &Self::saturated, "What to do when a population's mean rate reaches saturated_rate."),
        field("saturated_rate", &Self::saturated_rate, "spikes/step", open_unit, "Mean rate called saturated."),
    };
  }
};

struct RecordingSettings {
  std::vector<std::string> states;
  int trials = 0;
  int neurons = 10;
  bool spikes = true;
  int every = 0;
  bool energy = false;

  static constexpr auto fields() {
    using Self = RecordingSettings;
    return std::tuple{
        field("trials", &Self::trials, "trials", closed(0, 1e6),
              "Trials of the test split (else of training) to record at the end; 0: no recording."),
        field("spikes", &Self::spikes, "Whether spikes are recorded."),
        field("states", &Self::states, "State traces to record, e.g. v, a; of populations that have them."),
        field("neurons", &Self::neurons, "neurons", closed(1, 1e9), "Traces: the first so many of each population."),
        field("every", &Self::every, "epochs", closed(0, 1e9), "Record every so many epochs too; 0: at the end only."),
        field("energy", &Self::energy,
              "Also report energy, residual, state_change and j_stdp of every epoch; of networks of energy units."),
    };
  }
};

struct CheckpointSettings {
  int every = 1;

  static constexpr auto fields() {
    return std::tuple{
        field("every", &CheckpointSettings::every, "epochs", closed(0, 1e9), "Save every so many epochs; 0: never."),
    };
  }
};

// A figure from elsewhere that the run should come near to, printed beside its own at the end.
struct PublishedFigure {
  std::string metric;
  double value = std::numeric_limits<double>::quiet_NaN();
  std::string source;

  static constexpr auto fields() {
    using Self = PublishedFigure;
    return std::tuple{
        field("metric", &Self::metric, "Split and metric of the final result, e.g. test/accuracy."),
        field("value", &Self::value, "", any_value, "The published value."),
        field("source", &Self::source, "Where it is published, and under which conditions."),
    };
  }
  void validate(const std::string& place) const;
};

struct Experiment {
  std::string title;
  std::uint64_t seed = 1;
  TaskSettings task{};
  TrialPhases phases{};
  NetworkSettings network{};
  LearningSettings learning{};
  FeedbackSettings feedback{};
  OptimizerSettings optimizer{};
  TrainingSettings training{};
  HealthSettings health{};
  RecordingSettings recording{};
  CheckpointSettings checkpoint{};
  std::vector<PublishedFigure> published;

  static constexpr auto fields() {
    using Self = Experiment;
    return std::tuple{
        field("title", &Self::title, "One line for people."),
        field("seed", &Self::seed, "", closed(0, 9007199254740991.0), "Seed of everything random."),
        field("task", &Self::task, "What is to be learned."),
        field("phases", &Self::phases, "Phases of a trial, for rules that compare them."),
        field("network", &Self::network, "Populations and projections."),
        field("learning", &Self::learning, "The learning rule of the spiking populations."),
        field("feedback", &Self::feedback, "How errors travel back."),
        field("optimizer", &Self::optimizer, "What gradients do to parameters."),
        field("training", &Self::training, "Epochs, batches, averages, evaluation."),
        field("health", &Self::health, "What to do about dead and saturated populations."),
        field("recording", &Self::recording, "Spikes and states to keep."),
        field("checkpoint", &Self::checkpoint, "When to save the state of the run."),
        field("published", &Self::published, "Figures from elsewhere, printed beside those of the run."),
    };
  }
  // Settings that only make sense together. place: JSON pointer of the experiment ("").
  void validate(const std::string& place) const;
};

// The task of an experiment, in its phases. directory: where relative file names start.
std::unique_ptr<Task> make_task(const Experiment& experiment, const std::string& directory);

}  // namespace spikeweave
