// Frame classification: tell the class of every frame of a noisy feature sequence.
//
// Source: own stand-in for the TIMIT phones of Bellec et al. (2020), Nat. Commun. 11:3625, Fig. 2.
// Frame of class c and age n: M_c + D_c cos(drift_frequency n) + noise N(0,1); the age counts frames since the class
// changed, from 0, and is 0 in the first frame. Every frame is a segment of all its steps.
// Frozen streams: 0 M, 1 D. Trial streams: 0 classes, 1 noise.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
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

class FrameClassification final : public Task {
 public:
  FrameClassification(const FrameClassificationSettings& settings, std::uint64_t seed)
      : settings_(settings),
        seed_(seed),
        classes_(static_cast<std::size_t>(settings.classes)),
        features_(static_cast<std::size_t>(settings.features)),
        frames_(static_cast<std::size_t>(settings.frames)),
        frame_steps_(static_cast<std::size_t>(settings.frame_steps)) {
    constexpr std::size_t limit = std::numeric_limits<std::uint32_t>::max();  // indices of TrialRandom
    if (frames_ > limit / features_) {
      throw InputError("/task/frames",
                       fmt::format("{} frames of {} features are more than {} values", frames_, features_, limit));
    }
    const RandomStream mean = frozen_random(settings.pattern_seed, 0);
    const RandomStream drift = frozen_random(settings.pattern_seed, 1);
    for (std::size_t i = 0; i < classes_ * features_; ++i) {
      mean_.push_back(settings.feature_scale * mean.normal(i));
      drift_.push_back(settings.feature_scale * drift.normal(i));
    }
  }

  TaskShape shape() const override {
    return {.inputs = features_,
            .outputs = classes_,
            .frame_steps = frame_steps_,
            .max_steps = frames_ * frame_steps_,
            .loss = LossKind::softmax,
            .encoding = Encoding::current};
  }

  std::size_t trial_count(Split split) const override { return generated_trial_count(settings_.evaluation, split); }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    if (split != Split::train) expect_ids_below(ids, trial_count(split));
    reset_batch(batch, shape(), ids.size(), frames_ * frame_steps_, frames_);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      batch.length[b] = static_cast<std::int32_t>(batch.steps);
      for (std::size_t t = 0; t < batch.steps; ++t) {
        batch.segment[b * batch.steps + t] = static_cast<std::int32_t>(t / frame_steps_);
      }
      write_trial(split, ids[b], batch.intensity.data() + b * frames_ * features_,
                  batch.target_class.data() + b * frames_);
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    score_classes(batch, result, classes_, score);
  }
  std::string main_metric() const override { return "accuracy"; }
  bool larger_is_better() const override { return true; }

 private:
  // feature: [frames, features]. target_class: [frames].
  void write_trial(Split split, std::uint64_t id, float* feature, std::int32_t* target_class) const {
    const TrialRandom changes(seed_, split, id, 0);
    const TrialRandom noise(seed_, split, id, 1);
    std::size_t current = changes.below(0, classes_);
    double age = 0.0;
    for (std::size_t f = 0; f < frames_; ++f, age += 1.0) {
      if (f > 0 && changes.uniform(2 * f) < settings_.change_probability) {
        current = (current + 1 + changes.below(2 * f + 1, classes_ - 1)) % classes_;
        age = 0.0;
      }
      const double phase = std::cos(settings_.drift_frequency * age);
      for (std::size_t i = 0; i < features_; ++i) {
        const std::size_t c = current * features_ + i;
        const std::size_t n = f * features_ + i;
        feature[n] = static_cast<float>(mean_[c] + drift_[c] * phase + settings_.noise * noise.normal(n));
      }
      target_class[f] = static_cast<std::int32_t>(current);
    }
  }

  FrameClassificationSettings settings_;
  std::uint64_t seed_;
  std::size_t classes_, features_, frames_, frame_steps_;
  std::vector<double> mean_, drift_;  // [classes, features]   M and D
};

}  // namespace

std::unique_ptr<Task> make_frame_classification(const FrameClassificationSettings& settings, std::uint64_t seed) {
  return std::make_unique<FrameClassification>(settings, seed);
}

}  // namespace spikeweave
