// Recordings in files of their own, and the settings of the task that classifies those of events.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "spikeweave/core/field.hpp"

namespace spikeweave {

struct RecordingList {
  std::string file;
  int first = 0;
  int count = 0;

  static constexpr auto fields() {
    using Self = RecordingList;
    return std::tuple{
        field("file", &Self::file,
              "A text file with a line NAME CLASS for each recording, NAME beside it (format camera: a number N stands "
              "for N.bs2); lines that begin with # are skipped. Format shd: the HDF5 file."),
        field("first", &Self::first, "recordings", closed(0, 2e9), "The first recording of the split."),
        field("count", &Self::count, "recordings", closed(0, 2e9),
              "Recordings of the split; 0: all from the first on."),
    };
  }
};

enum class EventFormat { shd, camera };
template <>
struct EnumNames<EventFormat> {
  static constexpr std::array<std::string_view, 2> names{"shd", "camera"};
};

struct EventClassificationSettings {
  static constexpr std::string_view name = "event_classification";
  static constexpr std::string_view summary = "Tell the class of a recording of events: spoken digits, event cameras.";
  static constexpr std::string_view source =
      "Cramer et al. 2022, IEEE TNNLS 33:2744 (shd); Orchard et al. 2015, Front. Neurosci. 9:437 (N-MNIST)";

  EventFormat format = EventFormat::shd;
  RecordingList train{}, valid{}, test{};
  int classes = 20;
  int steps = 1000;
  int window_steps = 0;
  int channels = 700;
  int width = 34;
  int height = 34;

  static constexpr auto fields() {
    using Self = EventClassificationSettings;
    return std::tuple{
        field("format", &Self::format,
              "shd: data sets spikes/times [s] and spikes/units, a list for each recording, and labels; camera: a file "
              "of 5-byte events for each recording, as of N-MNIST (.bin, .bs2)."),
        field("train", &Self::train, "Training split."),
        field("valid", &Self::valid, "Validation split; may be empty."),
        field("test", &Self::test, "Test split; may be empty."),
        field("classes", &Self::classes, "", closed(2, 1e6), "Classes, and outputs."),
        field("steps", &Self::steps, "steps", closed(1, 1e9), "Length of a trial; events behind it are not seen."),
        field("window_steps", &Self::window_steps, "steps", closed(0, 1e9),
              "Length of the scored window at the end; 0: the whole trial."),
        field("channels", &Self::channels, "channels", closed(1, 1e6), "shd: units of the recordings."),
        field("width", &Self::width, "pixels", closed(1, 256),
              "camera: columns; channel (polarity * height + y) * width + x."),
        field("height", &Self::height, "pixels", closed(1, 256), "camera: rows."),
    };
  }
  void validate(const std::string& place) const;
};

}  // namespace spikeweave
