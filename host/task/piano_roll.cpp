// Piano rolls: predict which notes sound in the next frame.
//
// Source: Boulanger-Lewandowski, Bengio & Vincent (2012), ICML. Frame accuracy: Bay, Ehmann & Downie (2009), ISMIR.
// A sequence of n frames is a trial of n - 1: the input of frame f are its notes, the target those of frame f + 1,
// scored in the last step of frame f only, so that the sum of the loss over a trial is that over its predicted frames.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "host/record/path.hpp"
#include "host/task/piano_roll_file.hpp"
#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t width = PianoRolls::width;
using Sequence = std::vector<std::uint8_t>;  // [frames, width]

std::size_t frame_count(const Sequence& sequence) {
  return sequence.size() / width;
}

class PianoRoll final : public Task {
 public:
  PianoRoll(const PianoRollSettings& settings, const std::string& directory)
      : frame_steps_(static_cast<std::size_t>(settings.frame_steps)), current_(static_cast<float>(settings.current)) {
    const std::string path = resolve_path(directory, settings.file);
    PianoRolls rolls = read_piano_rolls(path);
    sequences_ = {std::move(rolls.train.sequences), std::move(rolls.valid.sequences), std::move(rolls.test.sequences)};
    for (const Split split : {Split::train, Split::valid, Split::test}) check_split(split, path);
  }

  TaskShape shape() const override {
    return {.inputs = width,
            .outputs = width,
            .frame_steps = frame_steps_,
            .max_steps = (longest_ - 1) * frame_steps_,
            .loss = LossKind::bernoulli,
            .encoding = Encoding::current};
  }

  std::size_t trial_count(Split split) const override { return of(split).size(); }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    expect_ids_below(ids, trial_count(split));
    std::size_t predicted = 0;
    for (const std::uint64_t id : ids) predicted = std::max(predicted, frame_count(of(split)[id]) - 1);
    reset_batch(batch, shape(), ids.size(), predicted * frame_steps_, predicted);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      const Sequence& sequence = of(split)[ids[b]];
      const std::size_t count = frame_count(sequence) - 1;
      batch.length[b] = static_cast<std::int32_t>(count * frame_steps_);
      float* const intensity = batch.intensity.data() + b * predicted * width;
      double* const target = batch.target.data() + b * predicted * width;
      for (std::size_t i = 0; i < count * width; ++i) {
        intensity[i] = sequence[i] != 0 ? current_ : 0.0f;
        target[i] = sequence[i + width] != 0 ? 1.0 : 0.0;
      }
      for (std::size_t f = 0; f < count; ++f) {
        batch.segment[b * batch.steps + (f + 1) * frame_steps_ - 1] = static_cast<std::int32_t>(f);
      }
    }
  }

  // "nll": nats per predicted frame. "frame_accuracy": TP / (TP + FP + FN) over all notes; a note is predicted where
  // its probability is above 0.5.
  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    double hits = 0.0;
    double named = 0.0;  // predicted, sounding, or both
    for (std::size_t b = 0; b < batch.batch; ++b) {
      const std::size_t count = static_cast<std::size_t>(batch.length[b]) / frame_steps_;
      score.add("nll", result.loss[b], static_cast<double>(count));
      const std::size_t first = b * batch.segments * width;
      for (std::size_t i = first; i < first + count * width; ++i) {
        const bool predicted = result.segment_output[i] > 0.0f;  // sigmoid above 0.5
        const bool sounds = batch.target[i] > 0.5;
        if (predicted && sounds) hits += 1.0;
        if (predicted || sounds) named += 1.0;
      }
    }
    score.add("frame_accuracy", hits, named);
  }
  std::string main_metric() const override { return "nll"; }

  // "marginal": every note independent, with its probability in the predicted frames (all but the first of each
  // sequence) of the training split, (count + 1) / (frames + 2); nll over the predicted frames of `split`.
  std::map<std::string, std::map<std::string, double>> baselines(Split split) const override {
    if (of(split).empty()) return {};
    const NoteCounts training = count_notes(of(Split::train));
    const NoteCounts asked = count_notes(of(split));
    double nll = 0.0;
    for (std::size_t note = 0; note < width; ++note) {
      const double p = (training.sounding[note] + 1.0) / (training.frames + 2.0);
      nll -= asked.sounding[note] * std::log(p) + (asked.frames - asked.sounding[note]) * std::log(1.0 - p);
    }
    return {{"marginal", {{"nll", nll / asked.frames}}}};
  }

 private:
  // Over the predicted frames of a split.
  struct NoteCounts {
    std::array<double, width> sounding{};
    double frames = 0.0;
  };
  static NoteCounts count_notes(const std::vector<Sequence>& sequences) {
    NoteCounts counts;
    for (const Sequence& sequence : sequences) {
      for (std::size_t i = width; i < sequence.size(); ++i) counts.sounding[i % width] += sequence[i];
      counts.frames += static_cast<double>(frame_count(sequence) - 1);
    }
    return counts;
  }

  const std::vector<Sequence>& of(Split split) const { return sequences_[static_cast<std::size_t>(split)]; }

  void check_split(Split split, const std::string& path) {
    const std::string_view name = EnumNames<Split>::names[static_cast<std::size_t>(split)];
    if (split == Split::train && of(split).empty()) throw InputError("/task/file", path + ": train has no sequences");
    for (std::size_t i = 0; i < of(split).size(); ++i) {
      const std::size_t frames = frame_count(of(split)[i]);
      if (frames < 2) {
        throw InputError("/task/file", fmt::format("{}: {}, sequence {}: {} frame; at least 2 are needed, one to "
                                                   "predict the other from",
                                                   path, name, i, frames));
      }
      longest_ = std::max(longest_, frames);
    }
  }

  std::size_t frame_steps_;
  float current_;
  std::array<std::vector<Sequence>, 3> sequences_;  // by Split
  std::size_t longest_ = 0;                         // frames of the longest sequence
};

}  // namespace

std::unique_ptr<Task> make_piano_roll(const PianoRollSettings& settings, const std::string& directory) {
  return std::make_unique<PianoRoll>(settings, directory);
}

}  // namespace spikeweave
