// Recordings of events as trials: each event is one in its channel and step.
//
// The recordings stay on the disk; of a split only classes (and names) are in memory. One segment, the last
// window_steps steps of the trial, has the recording's class. An event at time t lies in step t / dt; more than 255
// events of a channel in one step count as 255.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "host/record/address_events.hpp"
#include "host/record/hdf5_file.hpp"
#include "host/record/path.hpp"
#include "host/task/recording_list.hpp"
#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

struct Event {
  double time;  // [ms]
  std::size_t channel;
};

// The recordings of one file, whatever its format.
class Recordings {
 public:
  virtual ~Recordings() = default;
  virtual const std::vector<std::int32_t>& labels() const = 0;
  // What label `index` stands in, for errors.
  virtual std::string place_of_label(std::size_t index) const = 0;
  // May be called by several threads at once.
  virtual std::vector<Event> read(std::size_t index) const = 0;
};

class SpokenRecordings final : public Recordings {
 public:
  SpokenRecordings(const std::string& path, std::size_t channels)
      : path_(path), file_(Hdf5File::open_read(path)), channels_(channels) {
    if (!Hdf5File::may_be_shared_by_threads()) {
      throw Error(path + ": this HDF5 library is not for several threads (configure it with --enable-threadsafe)");
    }
    labels_ = file_.read<std::int32_t>("labels").values;
    for (const char* const name : {"spikes/times", "spikes/units"}) {
      const std::vector<std::size_t> shape = file_.shape(name);
      if (shape.size() == 1 && shape[0] == labels_.size()) continue;
      throw InputError(fmt::format("{}: /{}", path, name),
                       fmt::format("{} lists; there are {} labels", shape.empty() ? 0 : shape[0], labels_.size()));
    }
  }

  const std::vector<std::int32_t>& labels() const override { return labels_; }
  std::string place_of_label(std::size_t index) const override { return fmt::format("{}: /labels[{}]", path_, index); }

  std::vector<Event> read(std::size_t index) const override {
    const std::vector<float> times = file_.read_list<float>("spikes/times", index);
    const std::vector<std::uint32_t> units = file_.read_list<std::uint32_t>("spikes/units", index);
    if (times.size() != units.size()) {
      throw InputError(fmt::format("{}: /spikes/units[{}]", path_, index),
                       fmt::format("{} units of {} times", units.size(), times.size()));
    }
    std::vector<Event> events(times.size());
    for (std::size_t n = 0; n < events.size(); ++n) {
      if (!(times[n] >= 0.0f) || !std::isfinite(times[n])) {
        throw InputError(fmt::format("{}: /spikes/times[{}][{}]", path_, index, n),
                         fmt::format("{}; expected a time in seconds, at least 0", times[n]));
      }
      if (units[n] >= channels_) {
        throw InputError(fmt::format("{}: /spikes/units[{}][{}]", path_, index, n),
                         fmt::format("unit {}; 0 to {} are allowed (/task/channels)", units[n], channels_ - 1));
      }
      events[n] = {1000.0 * static_cast<double>(times[n]), units[n]};
    }
    return events;
  }

 private:
  std::string path_;
  Hdf5File file_;
  std::size_t channels_;
  std::vector<std::int32_t> labels_;
};

class CameraRecordings final : public Recordings {
 public:
  CameraRecordings(const std::string& path, std::size_t width, std::size_t height)
      : path_(path), width_(width), height_(height), list_(read_recording_list(path, ".bs2")) {}

  const std::vector<std::int32_t>& labels() const override { return list_.label; }
  std::string place_of_label(std::size_t index) const override {
    return fmt::format("{}: line {}", path_, list_.line[index]);
  }

  std::vector<Event> read(std::size_t index) const override {
    std::vector<Event> events;
    for (const AddressEvent& e : read_address_events(list_.path[index], width_, height_)) {
      events.push_back({1e-3 * e.time, (e.polarity * height_ + e.y) * width_ + e.x});
    }
    return events;
  }

 private:
  std::string path_;
  std::size_t width_, height_;
  ListedRecordings list_;
};

class EventClassification final : public Task {
 public:
  EventClassification(const EventClassificationSettings& settings, const std::string& directory, double dt)
      : settings_(settings), dt_(dt) {
    const std::array<const RecordingList*, 3> splits{&settings_.train, &settings_.valid, &settings_.test};
    for (std::size_t s = 0; s < splits.size(); ++s) {
      if (!splits[s]->file.empty()) open(s, *splits[s], resolve_path(directory, splits[s]->file));
    }
    if (settings_.window_steps > settings_.steps) {
      throw InputError("/task/window_steps",
                       fmt::format("{} is more than the {} steps of a trial", settings_.window_steps, settings_.steps));
    }
  }

  TaskShape shape() const override {
    const auto pixels = static_cast<std::size_t>(settings_.width) * static_cast<std::size_t>(settings_.height);
    return {.inputs = settings_.format == EventFormat::shd ? static_cast<std::size_t>(settings_.channels) : 2 * pixels,
            .outputs = static_cast<std::size_t>(settings_.classes),
            .max_steps = static_cast<std::size_t>(settings_.steps),
            .loss = LossKind::softmax,
            .encoding = Encoding::events};
  }

  std::size_t trial_count(Split split) const override { return splits_[static_cast<std::size_t>(split)].range.count; }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    expect_ids_below(ids, trial_count(split));
    const TaskShape form = shape();
    const OpenSplit& from = splits_[static_cast<std::size_t>(split)];
    reset_batch(batch, form, ids.size(), form.max_steps, 1);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      const std::size_t index = from.range.first + ids[b];
      for (const Event& event : from.recordings->read(index)) {
        const double step = std::floor(event.time / dt_);
        if (step >= static_cast<double>(form.max_steps)) continue;
        std::uint8_t& count =
            batch.events[(b * form.max_steps + static_cast<std::size_t>(step)) * form.inputs + event.channel];
        if (count < 255) ++count;
      }
      write_class(batch, b, form.max_steps, static_cast<std::size_t>(settings_.window_steps),
                  from.recordings->labels()[index]);
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    score_classes(batch, result, shape().outputs, score);
  }
  std::string main_metric() const override { return "accuracy"; }
  bool larger_is_better() const override { return true; }

 private:
  struct OpenSplit {
    std::shared_ptr<const Recordings> recordings;
    RecordingRange range;
  };

  void open(std::size_t index, const RecordingList& split, const std::string& path) {
    OpenSplit& to = splits_[index];
    if (settings_.format == EventFormat::shd) {
      to.recordings = std::make_shared<SpokenRecordings>(path, static_cast<std::size_t>(settings_.channels));
    } else {
      to.recordings = std::make_shared<CameraRecordings>(path, static_cast<std::size_t>(settings_.width),
                                                         static_cast<std::size_t>(settings_.height));
    }
    to.range = checked_range(split, to.recordings->labels(), settings_.classes,
                             fmt::format("/task/{}", EnumNames<Split>::names[index]), path,
                             [&to](std::size_t n) { return to.recordings->place_of_label(n); });
  }

  EventClassificationSettings settings_;
  double dt_;
  std::array<OpenSplit, 3> splits_;  // by Split
};

}  // namespace

std::unique_ptr<Task> make_event_classification(const EventClassificationSettings& settings,
                                                const std::string& directory, double dt) {
  return std::make_unique<EventClassification>(settings, directory, dt);
}

}  // namespace spikeweave
