// A task whose trials run in phases: a teacher drives a population in some, and the outputs are scored in others. In
// evaluation there is no teacher, and a trial ends with the last phase that is scored.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "spikeweave/config/experiment.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/task/task.hpp"

namespace spikeweave {
namespace {

class PhasedTask final : public Task {
 public:
  PhasedTask(std::unique_ptr<Task> task, const TrialPhases& phases) : task_(std::move(task)), phases_(phases) {
    for (const TrialPhase& phase : phases.sequence) {
      const float strength = phase.teacher == TeacherMode::none    ? 0.0f
                             : phase.teacher == TeacherMode::clamp ? std::numeric_limits<float>::infinity()
                                                                   : static_cast<float>(phase.strength);
      strength_.insert(strength_.end(), static_cast<std::size_t>(phase.steps), strength);
      const float every = phase.moment == LearningMoment::every_step ? static_cast<float>(phase.weight) : 0.0f;
      weight_.insert(weight_.end(), static_cast<std::size_t>(phase.steps), every);
      weight_.back() = static_cast<float>(phase.weight);
      average_.insert(average_.end(), static_cast<std::size_t>(phase.steps), phase.average ? phase.steps : 0);
      auto& first = average_[average_.size() - static_cast<std::size_t>(phase.steps)];
      first = -first;
      scored_.insert(scored_.end(), static_cast<std::size_t>(phase.steps), phase.scored);
      if (phase.scored) scored_end_ = scored_.size();
    }
    const std::size_t steps = task_->shape().max_steps;
    if (steps != strength_.size()) {
      throw InputError("/phases/sequence",
                       fmt::format("{} steps in all; a trial of the task has {}", strength_.size(), steps));
    }
  }

  TaskShape shape() const override {
    TaskShape shape = task_->shape();
    shape.taught = phases_.teaches;
    return shape;
  }
  std::size_t trial_count(Split split) const override { return task_->trial_count(split); }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    task_->fill(split, ids, batch);
    const std::size_t outputs = task_->shape().outputs;
    if (outputs > 0 && batch.segments != 1) {
      throw InputError("/phases", fmt::format("a trial of the task has {} targets; phases need one", batch.segments));
    }
    for (std::size_t b = 0; b < batch.batch; ++b) {
      if (static_cast<std::size_t>(batch.length[b]) != strength_.size()) {
        throw InputError("/phases/sequence", fmt::format("{} steps in all; trial {} of the task has {}",
                                                         strength_.size(), ids[b], batch.length[b]));
      }
      for (std::size_t t = 0; t < batch.steps && outputs > 0; ++t) {
        batch.segment[b * batch.steps + t] = t < scored_.size() && scored_[t] ? 0 : -1;
      }
    }
    if (split == Split::train) {
      teach(outputs, batch);
    } else {
      batch.teacher_strength.clear();
      batch.average.clear();
      std::fill(batch.length.begin(), batch.length.end(), static_cast<std::int32_t>(scored_end_));
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    task_->score(batch, result, score);
  }
  std::string main_metric() const override { return task_->main_metric(); }
  bool larger_is_better() const override { return task_->larger_is_better(); }
  std::map<std::string, std::map<std::string, double>> baselines(Split split) const override {
    return task_->baselines(split);
  }
  ClosedLoop* closed_loop() override { return task_->closed_loop(); }

 private:
  void teach(std::size_t outputs, TrialBatch& batch) const {
    batch.teacher_strength = strength_;
    batch.step_weight = weight_;
    if (std::any_of(average_.begin(), average_.end(), [](std::int32_t length) { return length != 0; })) {
      batch.average = average_;
    }
    batch.random_sign = phases_.random_sign;
    batch.teacher_target.assign(batch.batch * outputs, static_cast<float>(phases_.low));
    for (std::size_t b = 0; b < batch.batch; ++b) {
      float* const target = batch.teacher_target.data() + b * outputs;
      if (batch.target.empty()) {
        target[batch.target_class[b]] = static_cast<float>(phases_.high);
      } else {
        std::transform(batch.target.begin() + static_cast<std::ptrdiff_t>(b * outputs),
                       batch.target.begin() + static_cast<std::ptrdiff_t>((b + 1) * outputs), target,
                       [](double value) { return static_cast<float>(value); });
      }
    }
  }

  std::unique_ptr<Task> task_;
  TrialPhases phases_;
  std::vector<float> strength_, weight_;  // [steps]
  std::vector<std::int32_t> average_;     // [steps]
  std::vector<bool> scored_;              // [steps]
  std::size_t scored_end_ = 0;            // behind the last of these
};

}  // namespace

std::unique_ptr<Task> make_task(const Experiment& experiment, const std::string& directory) {
  auto task = make_task(experiment.task, experiment.seed, directory, experiment.network.dt);
  if (experiment.phases.sequence.empty()) return task;
  return std::make_unique<PhasedTask>(std::move(task), experiment.phases);
}

}  // namespace spikeweave
