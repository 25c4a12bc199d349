// Random spikes of constant rate and random classes: nothing can be learned but the noise. For measuring speed at any
// size without data.

#include <algorithm>

#include "host/task/slots.hpp"
#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "host/task/trial_random.hpp"

namespace spikeweave {
namespace {

class NoiseClassification final : public Task {
 public:
  NoiseClassification(const NoiseClassificationSettings& settings, std::uint64_t seed, double dt)
      : settings_(settings), seed_(seed), probability_(spike_probability("/task/rate", settings.rate, dt)) {}

  TaskShape shape() const override {
    const auto steps = static_cast<std::size_t>(settings_.steps);
    return {.inputs = static_cast<std::size_t>(settings_.inputs),
            .outputs = static_cast<std::size_t>(settings_.classes),
            .frame_steps = steps,
            .max_steps = steps,
            .loss = LossKind::softmax,
            .encoding = Encoding::bernoulli};
  }

  std::size_t trial_count(Split) const override { return 0; }  // made without end; nothing to evaluate on

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    const TaskShape form = shape();
    reset_batch(batch, form, ids.size(), form.max_steps, 1);
    std::fill(batch.intensity.begin(), batch.intensity.end(), probability_);
    const auto scored = static_cast<std::size_t>(settings_.scored_steps);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      const double drawn = TrialRandom(seed_, split, ids[b], 0).uniform(0);
      batch.target_class[b] = static_cast<std::int32_t>(drawn * settings_.classes);
      batch.length[b] = static_cast<std::int32_t>(form.max_steps);
      std::fill_n(batch.segment.data() + (b + 1) * form.max_steps - scored, scored, 0);
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    score_classes(batch, result, static_cast<std::size_t>(settings_.classes), score);
  }

 private:
  NoiseClassificationSettings settings_;
  std::uint64_t seed_;
  float probability_;  // per step
};

}  // namespace

std::unique_ptr<Task> make_noise_classification(const NoiseClassificationSettings& settings, std::uint64_t seed,
                                                double dt) {
  return std::make_unique<NoiseClassification>(settings, seed, dt);
}

}  // namespace spikeweave
