// Recordings of sound as trials: a frame is the levels of a bank of mel filters.
//
// level = 1 + 10 log10(E / E_max) / range, at least 0, E_max the largest energy of the recording. The recordings stay
// on the disk. One segment, the last window_steps steps of the trial, has the recording's class.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/record/path.hpp"
#include "host/record/wav_file.hpp"
#include "host/task/mel_bank.hpp"
#include "host/task/recording_list.hpp"
#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

class AudioClassification final : public Task {
 public:
  AudioClassification(const AudioClassificationSettings& settings, const std::string& directory, double dt)
      : settings_(settings), hop_(static_cast<double>(settings.frame_steps) * dt / 1000.0) {
    const std::array<const RecordingList*, 3> splits{&settings_.train, &settings_.valid, &settings_.test};
    for (std::size_t s = 0; s < splits.size(); ++s) {
      if (!splits[s]->file.empty()) open(s, *splits[s], resolve_path(directory, splits[s]->file));
    }
    const std::size_t shortest = shortest_ * static_cast<std::size_t>(settings_.frame_steps);
    if (static_cast<std::size_t>(settings_.window_steps) > shortest) {
      throw InputError("/task/window_steps", fmt::format("{} is more than the {} steps of the shortest trial",
                                                         settings_.window_steps, shortest));
    }
  }

  TaskShape shape() const override {
    const auto frame_steps = static_cast<std::size_t>(settings_.frame_steps);
    return {.inputs = static_cast<std::size_t>(settings_.channels),
            .outputs = static_cast<std::size_t>(settings_.classes),
            .frame_steps = frame_steps,
            .max_steps = longest_ * frame_steps,
            .loss = LossKind::softmax,
            .encoding = Encoding::bernoulli};
  }

  std::size_t trial_count(Split split) const override { return of(split).range.count; }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    expect_ids_below(ids, trial_count(split));
    const OpenSplit& from = of(split);
    const TaskShape form = shape();
    std::size_t frames = 0;
    for (const std::uint64_t id : ids) frames = std::max(frames, from.frames[id]);
    reset_batch(batch, form, ids.size(), frames * form.frame_steps, 1);
    std::fill(batch.intensity.begin(), batch.intensity.end(), static_cast<float>(settings_.quiet));
    for (std::size_t b = 0; b < ids.size(); ++b) {
      const std::size_t index = from.range.first + ids[b];
      const std::size_t count = from.frames[ids[b]];
      write_levels(read(from.list.path[index]), count, batch.intensity.data() + b * frames * form.inputs);
      write_class(batch, b, count * form.frame_steps, static_cast<std::size_t>(settings_.window_steps),
                  from.list.label[index]);
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    score_classes(batch, result, shape().outputs, score);
  }
  std::string main_metric() const override { return "accuracy"; }
  bool larger_is_better() const override { return true; }

 private:
  struct OpenSplit {
    ListedRecordings list;
    RecordingRange range;
    std::vector<std::size_t> frames;  // of each recording in the range
  };

  const OpenSplit& of(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

  // Looks at every recording once.
  void open(std::size_t index, const RecordingList& split, const std::string& path) {
    OpenSplit& to = splits_[index];
    to.list = read_recording_list(path);
    to.range =
        checked_range(split, to.list.label, settings_.classes, fmt::format("/task/{}", EnumNames<Split>::names[index]),
                      path, [&](std::size_t n) { return fmt::format("{}: line {}", path, to.list.line[n]); });
    for (std::size_t n = 0; n < to.range.count; ++n) {
      const std::string& file = to.list.path[to.range.first + n];
      const Sound sound = read_wav(file);
      if (!bank_) make_bank(sound.rate);
      if (sound.rate != rate_) {
        throw InputError(file,
                         fmt::format("a sampling rate of {} Hz; the first recording has {} Hz", sound.rate, rate_));
      }
      if (sound.samples.empty()) throw InputError(file, "a recording without samples");
      const auto frames =
          settings_.frames > 0 ? static_cast<std::size_t>(settings_.frames) : bank_->frame_count(sound.samples.size());
      to.frames.push_back(frames);
      longest_ = std::max(longest_, frames);
      shortest_ = std::min(shortest_, frames);
    }
  }

  void make_bank(std::uint32_t rate) {
    rate_ = rate;
    if (settings_.high > 0.5 * rate) {
      throw InputError("/task/high",
                       fmt::format("{} Hz is more than half the sampling rate, {} Hz", settings_.high, rate));
    }
    const auto window = static_cast<std::size_t>(std::max(1.0, std::round(settings_.window * 1e-3 * rate)));
    bank_.emplace(rate, static_cast<std::size_t>(settings_.channels), settings_.low, settings_.high, window,
                  hop_ * rate);
  }

  // The file may have changed since it was first seen.
  Sound read(const std::string& path) const {
    Sound sound = read_wav(path);
    if (sound.rate == rate_) return sound;
    throw InputError(path, fmt::format("the sampling rate has become {} Hz; it was {} Hz", sound.rate, rate_));
  }

  // to: [frames, channels]
  void write_levels(const Sound& sound, std::size_t frames, float* to) const {
    const std::vector<float> energies = bank_->energies(sound.samples, frames);
    const float largest = *std::max_element(energies.begin(), energies.end());
    for (std::size_t n = 0; largest > 0.0f && n < energies.size(); ++n) {
      const double below = 10.0 * std::log10(static_cast<double>(energies[n]) / static_cast<double>(largest));
      const double level = std::max(0.0, 1.0 + below / settings_.range);
      to[n] = static_cast<float>(settings_.quiet + (settings_.loud - settings_.quiet) * level);
    }
  }

  AudioClassificationSettings settings_;
  double hop_;                       // [s]
  std::array<OpenSplit, 3> splits_;  // by Split
  std::optional<MelBank> bank_;
  std::uint32_t rate_ = 0;  // [Hz]
  std::size_t longest_ = 0, shortest_ = ~std::size_t{0};
};

}  // namespace

std::unique_ptr<Task> make_audio_classification(const AudioClassificationSettings& settings,
                                                const std::string& directory, double dt) {
  return std::make_unique<AudioClassification>(settings, directory, dt);
}

}  // namespace spikeweave
