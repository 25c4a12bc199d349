// Pattern generation: one frozen trial, which is trial 0 of every split, as there is nothing else to test on.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, Supplement; the form of the target from NEST's tutorial: phases
// run over both end points of the trial.
// Differs from the source: random numbers are those of core/random.hpp, frozen streams 0 input, 1 target.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "host/task/trial_random.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

// One output's target, [steps]: starts at 0, its largest absolute value is 1.
std::vector<double> sum_of_sines(const PatternGenerationSettings& settings, std::size_t output) {
  const RandomStream random = frozen_random(settings.pattern_seed, 1);
  const auto steps = static_cast<std::size_t>(settings.steps);
  std::vector<double> signal(steps, 0.0);
  for (std::size_t n = 0; n < settings.periods.size(); ++n) {
    const std::uint64_t index = 2 * (output * settings.periods.size() + n);
    const double amplitude = 0.5 + 1.5 * random.uniform(index);
    const double phase = 2.0 * std::numbers::pi * random.uniform(index + 1);
    const double cycles = std::floor(static_cast<double>(steps) / settings.periods[n]);
    const double increment = steps > 1 ? 2.0 * std::numbers::pi * cycles / static_cast<double>(steps - 1) : 0.0;
    for (std::size_t t = 0; t < steps; ++t) {
      signal[t] += amplitude * std::sin(static_cast<double>(t) * increment + phase);
    }
  }
  const double first = signal.front();
  double largest = 0.0;
  for (double& value : signal) {
    value -= first;
    largest = std::max(largest, std::abs(value));
  }
  if (largest < 1e-9) {  // rounding of sines of amplitude 2 is far below
    throw InputError("/task/periods", fmt::format("no whole cycle of any sine shows in {} steps, so that the target "
                                                  "would be zero; at least one period has to fit",
                                                  steps));
  }
  for (double& value : signal) value /= largest;
  return signal;
}

class PatternGeneration final : public Task {
 public:
  explicit PatternGeneration(const PatternGenerationSettings& settings)
      : inputs_(static_cast<std::size_t>(settings.inputs)),
        outputs_(static_cast<std::size_t>(settings.outputs)),
        steps_(static_cast<std::size_t>(settings.steps)),
        events_(steps_ * inputs_, 0),
        target_(steps_ * outputs_) {
    const RandomStream random = frozen_random(settings.pattern_seed, 0);
    for (std::size_t i = inputs_; i < events_.size(); ++i) {  // the first step is silent
      events_[i] = random.uniform(i) < settings.input_probability ? 1 : 0;
    }
    for (std::size_t k = 0; k < outputs_; ++k) {
      const std::vector<double> signal = sum_of_sines(settings, k);
      double mean = 0.0;
      for (const double value : signal) mean += value / static_cast<double>(steps_);
      for (std::size_t t = 0; t < steps_; ++t) {
        target_[t * outputs_ + k] = signal[t];
        variation_ += (signal[t] - mean) * (signal[t] - mean);
      }
    }
  }

  TaskShape shape() const override {
    return {.inputs = inputs_,
            .outputs = outputs_,
            .frame_steps = 1,
            .max_steps = steps_,
            .loss = LossKind::squared_error,
            .encoding = Encoding::events};
  }

  std::size_t trial_count(Split) const override { return 1; }

  void fill(Split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    expect_ids_below(ids, 1);
    reset_batch(batch, shape(), ids.size(), steps_, steps_);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      batch.length[b] = static_cast<std::int32_t>(steps_);
      std::copy(events_.begin(), events_.end(), batch.events.data() + b * events_.size());
      std::copy(target_.begin(), target_.end(), batch.target.data() + b * target_.size());
      for (std::size_t t = 0; t < steps_; ++t) batch.segment[b * steps_ + t] = static_cast<std::int32_t>(t);
    }
  }

  // Squared error in units of the target's squares about its mean: 1 is as good as the best constant.
  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    for (std::size_t b = 0; b < batch.batch; ++b) score.add("normalized_mse", 2.0 * result.loss[b], variation_);
  }
  std::string main_metric() const override { return "normalized_mse"; }

 private:
  std::size_t inputs_, outputs_, steps_;
  std::vector<std::uint8_t> events_;  // [steps, inputs]
  std::vector<double> target_;        // [steps, outputs]
  double variation_ = 0.0;            // sum of squares of the target about the mean of each output
};

}  // namespace

std::unique_ptr<Task> make_pattern_generation(const PatternGenerationSettings& settings) {
  return std::make_unique<PatternGeneration>(settings);
}

}  // namespace spikeweave
