// Evidence accumulation: cues on two sides, a delay, then recall, in which the side with more cues is to be told.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, Fig. 3; Morcos & Harvey (2016).
// Trial: cues times (pause, cue), delay, recall. Channels: the groups left, right, recall, noise, in this order.
// Random streams: 0 side, 1 cues. Class 0 is left.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>

#include "host/task/slots.hpp"
#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "host/task/trial_random.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t recall_group = 2;  // 0 and 1 are the sides
constexpr std::size_t noise_group = 3;

class EvidenceAccumulation final : public Task {
 public:
  EvidenceAccumulation(const EvidenceAccumulationSettings& settings, std::uint64_t seed, double dt)
      : settings_(settings),
        seed_(seed),
        frame_steps_(static_cast<std::size_t>(std::gcd(std::gcd(settings.cue_steps, settings.pause_steps),
                                                       std::gcd(settings.delay_steps, settings.recall_steps)))),
        group_size_(static_cast<std::size_t>(settings.group_size)),
        cue_frames_(static_cast<std::size_t>(settings.cue_steps) / frame_steps_),
        pause_frames_(static_cast<std::size_t>(settings.pause_steps) / frame_steps_),
        recall_frames_(static_cast<std::size_t>(settings.recall_steps) / frame_steps_),
        frames_(static_cast<std::size_t>(settings.cues) * (pause_frames_ + cue_frames_) +
                static_cast<std::size_t>(settings.delay_steps) / frame_steps_ + recall_frames_),
        cue_probability_(spike_probability("/task/cue_rate", settings.cue_rate, dt)),
        noise_probability_(spike_probability("/task/noise_rate", settings.noise_rate, dt)) {}

  TaskShape shape() const override {
    return {.inputs = GroupedInput::group_count * group_size_,
            .outputs = 2,
            .frame_steps = frame_steps_,
            .max_steps = frames_ * frame_steps_,
            .loss = LossKind::softmax,
            .encoding = Encoding::bernoulli};
  }

  std::size_t trial_count(Split split) const override { return generated_trial_count(settings_.evaluation, split); }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    if (split != Split::train) expect_ids_below(ids, trial_count(split));
    const TaskShape form = shape();
    reset_batch(batch, form, ids.size(), form.max_steps, 1);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      GroupedInput input(batch.intensity.data() + b * frames_ * form.inputs, group_size_);
      batch.target_class[b] = show_cues(split, ids[b], input);
      input.switch_on(recall_group, frames_ - recall_frames_, recall_frames_, cue_probability_);
      input.switch_on(noise_group, 0, frames_, noise_probability_);
      batch.length[b] = static_cast<std::int32_t>(form.max_steps);
      const std::size_t recall_steps = recall_frames_ * frame_steps_;
      std::fill_n(batch.segment.data() + (b + 1) * form.max_steps - recall_steps, recall_steps, 0);
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    score_classes(batch, result, 2, score);
  }
  std::string main_metric() const override { return "accuracy"; }
  bool larger_is_better() const override { return true; }

 private:
  // Returns the side on which more cues were shown.
  std::int32_t show_cues(Split split, std::uint64_t id, GroupedInput& input) const {
    const std::size_t favoured = TrialRandom(seed_, split, id, 0).uniform(0) < 0.5 ? 0 : 1;
    const TrialRandom random(seed_, split, id, 1);
    int surplus = 0;  // cues on the right minus cues on the left
    for (std::size_t cue = 0; cue < static_cast<std::size_t>(settings_.cues); ++cue) {
      const std::size_t side = random.uniform(cue) < settings_.favoured_probability ? favoured : 1 - favoured;
      surplus += side == 1 ? 1 : -1;
      input.switch_on(side, cue * (pause_frames_ + cue_frames_) + pause_frames_, cue_frames_, cue_probability_);
    }
    return surplus > 0 ? 1 : 0;
  }

  EvidenceAccumulationSettings settings_;
  std::uint64_t seed_;
  std::size_t frame_steps_;  // greatest common divisor of all times
  std::size_t group_size_;
  std::size_t cue_frames_, pause_frames_, recall_frames_, frames_;
  float cue_probability_, noise_probability_;  // per step
};

}  // namespace

std::unique_ptr<Task> make_evidence_accumulation(const EvidenceAccumulationSettings& settings, std::uint64_t seed,
                                                 double dt) {
  return std::make_unique<EvidenceAccumulation>(settings, seed, dt);
}

}  // namespace spikeweave
