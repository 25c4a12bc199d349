// Energy relaxation: rate units run freely, and in clamp phases a pattern drives the visible ones in place of the
// network. Nothing is to be learned; what is scored, for each phase: distance_<phase>, the mean |s - pattern| of the
// visible units in its last step, and change_<phase>, the mean (s[t+1] - s[t])^2 of theirs over its steps.
// Frozen random streams: 0 patterns, 1 inputs.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/task/phases.hpp"
#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "host/task/trial_random.hpp"

namespace spikeweave {
namespace {

class EnergyRelaxation final : public Task {
 public:
  explicit EnergyRelaxation(const EnergyRelaxationSettings& settings)
      : settings_(settings),
        inputs_(static_cast<std::size_t>(settings.inputs)),
        visible_(static_cast<std::size_t>(settings.visible)),
        frame_steps_(phase_frame_steps(settings.phases)) {}

  TaskShape shape() const override {
    return {.inputs = inputs_,
            .outputs = 0,
            .frame_steps = frame_steps_,
            .max_steps = phase_total_steps(settings_.phases),
            .loss = LossKind::squared_error,
            .encoding = Encoding::current,
            .cells = visible_,
            .state = visible_ > 0 ? "s" : ""};
  }

  // How far the pattern is at the end of the last phase that drives towards it.
  std::string main_metric() const override {
    std::string metric = "loss";
    for (const PhaseSettings& phase : settings_.phases) {
      if (phase.clamp) metric = "distance_" + phase.name;
    }
    return metric;
  }

  std::size_t trial_count(Split split) const override { return generated_trial_count(settings_.evaluation, split); }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    if (split != Split::train) expect_ids_below(ids, trial_count(split));
    const std::size_t steps = phase_total_steps(settings_.phases);
    reset_batch(batch, shape(), ids.size(), steps, 0);
    batch.forced.clear();
    batch.clamp.assign(ids.size() * batch.frames * visible_, std::numeric_limits<float>::quiet_NaN());
    batch.kind.assign(ids.size(), 0);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      const std::uint64_t shown = ids[b] % static_cast<std::uint64_t>(settings_.patterns);
      batch.kind[b] = static_cast<std::uint32_t>(shown);
      batch.length[b] = static_cast<std::int32_t>(steps);
      std::size_t frame = b * batch.frames;
      for (const PhaseSettings& phase : settings_.phases) {
        for (std::size_t f = 0; f < static_cast<std::size_t>(phase.steps) / frame_steps_; ++f, ++frame) {
          for (std::size_t i = 0; i < inputs_; ++i) batch.intensity[frame * inputs_ + i] = value(1, shown, i, inputs_);
          if (!phase.clamp) continue;
          for (std::size_t i = 0; i < visible_; ++i) batch.clamp[frame * visible_ + i] = value(0, shown, i, visible_);
        }
      }
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    if (visible_ == 0) return;
    for (std::size_t b = 0; b < batch.batch; ++b) {
      const float* const states = result.state.data() + b * batch.steps * visible_;
      std::size_t begin = 0;
      for (const PhaseSettings& phase : settings_.phases) {
        const std::size_t end = begin + static_cast<std::size_t>(phase.steps);
        double distance = 0.0, change = 0.0;
        for (std::size_t i = 0; i < visible_; ++i) {
          const float away = states[(end - 1) * visible_ + i] - value(0, batch.kind[b], i, visible_);
          distance += static_cast<double>(std::abs(away));
          for (std::size_t t = std::max<std::size_t>(begin, 1); t < end; ++t) {
            const double step = static_cast<double>(states[t * visible_ + i] - states[(t - 1) * visible_ + i]);
            change += step * step;
          }
        }
        const auto units = static_cast<double>(visible_);
        score.add("distance_" + phase.name, distance, units);
        score.add("change_" + phase.name, change, units * static_cast<double>(end - std::max<std::size_t>(begin, 1)));
        begin = end;
      }
    }
  }

 private:
  float value(std::uint32_t what, std::uint64_t pattern, std::size_t i, std::size_t size) const {
    const double u = frozen_random(settings_.pattern_seed, what).uniform(pattern * size + i);
    return static_cast<float>(settings_.low + (settings_.high - settings_.low) * u);
  }

  EnergyRelaxationSettings settings_;
  std::size_t inputs_, visible_;
  std::size_t frame_steps_;
};

}  // namespace

std::unique_ptr<Task> make_energy_relaxation(const EnergyRelaxationSettings& settings) {
  return std::make_unique<EnergyRelaxation>(settings);
}

}  // namespace spikeweave
