// Settings of the task that classifies recordings of sound.
#pragma once

#include <string>
#include <string_view>

#include "spikeweave/core/field.hpp"
#include "spikeweave/task/event_settings.hpp"

namespace spikeweave {

struct AudioClassificationSettings {
  static constexpr std::string_view name = "audio_classification";
  static constexpr std::string_view summary =
      "Tell the class of a WAV file from the energies of a bank of mel filters.";
  static constexpr std::string_view source =
      "Davis & Mermelstein 1980, IEEE TASSP 28:357; mel scale of O'Shaughnessy 1987";

  RecordingList train{}, valid{}, test{};
  int classes = 10;
  int channels = 40;
  double low = 100.0;
  double high = 4000.0;
  double window = 25.0;
  int frame_steps = 10;
  int frames = 0;
  int window_steps = 0;
  double range = 60.0;
  double quiet = 0.0;
  double loud = 0.1;

  static constexpr auto fields() {
    using Self = AudioClassificationSettings;
    return std::tuple{
        field("train", &Self::train, "Training split."),
        field("valid", &Self::valid, "Validation split; may be empty."),
        field("test", &Self::test, "Test split; may be empty."),
        field("classes", &Self::classes, "", closed(2, 1e6), "Classes, and outputs."),
        field("channels", &Self::channels, "channels", closed(1, 10000), "Filters, and input channels."),
        field("low", &Self::low, "Hz", non_negative, "Where the lowest filter begins."),
        field("high", &Self::high, "Hz", positive, "Where the highest filter ends; at most half the sampling rate."),
        field("window", &Self::window, "ms", positive, "Length of the Hann window of a spectrum."),
        field("frame_steps", &Self::frame_steps, "steps", closed(1, 1e6),
              "Steps of a frame, from one spectrum to the next."),
        field("frames", &Self::frames, "frames", closed(0, 1e6),
              "Length of a trial: longer recordings are cut, behind shorter ones is silence; 0: as recorded."),
        field("window_steps", &Self::window_steps, "steps", closed(0, 1e9),
              "Length of the scored window at the end; 0: the whole trial."),
        field("range", &Self::range, "dB", positive,
              "A filter's energy so far below the largest one of the recording, or less, counts as silence."),
        field("quiet", &Self::quiet, "", any_value,
              "What silence gives: a spike probability, expected spikes per step, or a current, as "
              "/network/input/encoding says."),
        field("loud", &Self::loud, "", any_value,
              "The same of the largest energy; levels in dB between them lie on a line."),
    };
  }
  void validate(const std::string& place) const;
};

}  // namespace spikeweave
