// The user's own arrays as a task. One element of the input's second dimension is a frame of frame_steps steps.
//
// Real targets, and one class per frame: every frame is a segment of all its steps. One class per trial: the last
// window_steps steps of the trial are its only segment. A class of -1 is not scored.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <fmt/format.h>

#include "host/task/recorded_data.hpp"
#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

constexpr std::array all_splits{Split::train, Split::valid, Split::test};

std::string split_place(Split split) {
  return fmt::format("/task/{}", EnumNames<Split>::names[static_cast<std::size_t>(split)]);
}

class Recorded final : public Task {
 public:
  Recorded(const RecordedSettings& settings, const std::string& directory)
      : frame_steps_(static_cast<std::size_t>(settings.frame_steps)),
        window_steps_(static_cast<std::size_t>(settings.window_steps)),
        loss_(settings.loss),
        encoding_(settings.encoding) {
    const std::array<const RecordedSplit*, 3> files{&settings.train, &settings.valid, &settings.test};
    for (const Split split : all_splits) {
      const auto s = static_cast<std::size_t>(split);
      if (files[s]->input.empty()) continue;
      data_[s] = read_recorded(settings, *files[s], split_place(split), directory);
      check_against_training(split);
      check_window(split);
      longest_ = std::max(longest_, static_cast<std::size_t>(std::ranges::max(data_[s].length)));
    }
  }

  TaskShape shape() const override {
    return {.inputs = of(Split::train).channels,
            .outputs = of(Split::train).outputs,
            .frame_steps = frame_steps_,
            .max_steps = longest_ * frame_steps_,
            .loss = loss_,
            .encoding = encoding_};
  }

  std::size_t trial_count(Split split) const override { return of(split).trials; }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    expect_ids_below(ids, trial_count(split));
    const RecordedData& data = of(split);
    std::size_t frames = 0;
    for (const std::uint64_t id : ids) frames = std::max(frames, static_cast<std::size_t>(data.length[id]));
    reset_batch(batch, shape(), ids.size(), frames * frame_steps_, data.class_per_trial ? 1 : frames);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      const auto length = static_cast<std::size_t>(data.length[ids[b]]);
      const auto copy = [&](const auto& from, std::size_t columns, auto& to) {
        if (from.empty()) return;
        std::copy_n(from.data() + ids[b] * data.frames * columns, length * columns, to.data() + b * frames * columns);
      };
      copy(data.intensity, data.channels, batch.intensity);
      copy(data.events, data.channels, batch.events);
      copy(data.target, data.outputs, batch.target);
      batch.length[b] = static_cast<std::int32_t>(length * frame_steps_);
      if (data.class_per_trial) {
        write_window(data.target_class[ids[b]], b, batch);
      } else {
        copy(data.target_class, 1, batch.target_class);
        write_frames(length, b, batch);
      }
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    if (loss_ == LossKind::softmax) score_classes(batch, result, of(Split::train).outputs, score);
  }
  std::string main_metric() const override { return loss_ == LossKind::softmax ? "accuracy" : "loss"; }
  bool larger_is_better() const override { return loss_ == LossKind::softmax; }

 private:
  const RecordedData& of(Split split) const { return data_[static_cast<std::size_t>(split)]; }

  std::size_t window(std::size_t trial_steps) const { return window_steps_ == 0 ? trial_steps : window_steps_; }

  void write_window(std::int32_t target_class, std::size_t b, TrialBatch& batch) const {
    batch.target_class[b] = target_class;
    if (target_class < 0) return;
    const auto steps = static_cast<std::size_t>(batch.length[b]);
    std::fill_n(batch.segment.data() + b * batch.steps + steps - window(steps), window(steps), 0);
  }

  void write_frames(std::size_t length, std::size_t b, TrialBatch& batch) const {
    for (std::size_t f = 0; f < length; ++f) {
      if (loss_ == LossKind::softmax && batch.target_class[b * batch.segments + f] < 0) continue;
      std::fill_n(batch.segment.data() + b * batch.steps + f * frame_steps_, frame_steps_,
                  static_cast<std::int32_t>(f));
    }
  }

  void check_against_training(Split split) const {
    const RecordedData& train = of(Split::train);
    if (of(split).channels != train.channels) {
      throw InputError(split_place(split) + "/input",
                       fmt::format("{} channels found; those of train are {}", of(split).channels, train.channels));
    }
    if (of(split).outputs != train.outputs) {
      throw InputError(split_place(split) + "/target",
                       fmt::format("{} outputs found; those of train are {}", of(split).outputs, train.outputs));
    }
  }

  void check_window(Split split) const {
    if (window_steps_ == 0) return;
    if (!of(split).class_per_trial) {
      throw InputError("/task/window_steps", fmt::format("{} is for one class per trial, but {} has one per frame; "
                                                         "allowed is 0",
                                                         window_steps_, split_place(split)));
    }
    const auto shortest = std::ranges::min_element(of(split).length);
    const std::size_t steps = static_cast<std::size_t>(*shortest) * frame_steps_;
    if (window_steps_ > steps) {
      throw InputError("/task/window_steps",
                       fmt::format("{} is more than the {} steps of {}, trial {}", window_steps_, steps,
                                   split_place(split), shortest - of(split).length.begin()));
    }
  }

  std::array<RecordedData, 3> data_;  // by Split
  std::size_t frame_steps_, window_steps_;
  std::size_t longest_ = 0;  // frames of the longest trial
  LossKind loss_;
  Encoding encoding_;
};

// What only concerns this task; missing names and an encoding that says nothing were refused before.
void check_together(const RecordedSettings& settings) {
  const bool softmax = settings.loss == LossKind::softmax;
  if (!softmax && settings.classes != 0) {
    throw InputError("/task/classes",
                     fmt::format("{} is for loss softmax only; otherwise 0 is allowed", settings.classes));
  }
  if (!softmax && settings.window_steps != 0) {
    throw InputError("/task/window_steps",
                     fmt::format("{} is for loss softmax only; otherwise 0 is allowed", settings.window_steps));
  }
  if (settings.encoding == Encoding::events && settings.frame_steps != 1) {
    throw InputError("/task/frame_steps",
                     fmt::format("{}; encoding events needs 1, as its frames are steps", settings.frame_steps));
  }
}

}  // namespace

std::unique_ptr<Task> make_recorded(const RecordedSettings& settings, const std::string& directory) {
  check_together(settings);
  return std::make_unique<Recorded>(settings, directory);
}

}  // namespace spikeweave
