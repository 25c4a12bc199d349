// Settings of the task that classifies images.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "spikeweave/core/field.hpp"

namespace spikeweave {

struct ImageSplit {
  std::string images;
  std::string labels;
  int first = 0;
  int count = 0;

  static constexpr auto fields() {
    using Self = ImageSplit;
    return std::tuple{
        field("images", &Self::images, "IDX file of unsigned bytes, images x rows x columns; may be gzip'ed."),
        field("labels", &Self::labels, "IDX file of unsigned bytes, one class for each image; may be gzip'ed."),
        field("first", &Self::first, "images", closed(0, 2e9), "The first image of the split."),
        field("count", &Self::count, "images", closed(0, 2e9), "Images of the split; 0: all from the first on."),
    };
  }
};

enum class Presentation { whole, rows };
template <>
struct EnumNames<Presentation> {
  static constexpr std::array<std::string_view, 2> names{"whole", "rows"};
};

struct ImageClassificationSettings {
  static constexpr std::string_view name = "image_classification";
  static constexpr std::string_view summary = "Tell the class of an image, seen at once or row by row.";
  static constexpr std::string_view source =
      "IDX files as of MNIST: LeCun, Cortes & Burges 1998; Fashion-MNIST: Xiao 2017";

  ImageSplit train{}, valid{}, test{};
  int classes = 10;
  Presentation presentation = Presentation::whole;
  int frame_steps = 1;
  int window_steps = 0;
  double black = 0.0;
  double white = 1.0;

  static constexpr auto fields() {
    using Self = ImageClassificationSettings;
    return std::tuple{
        field("train", &Self::train, "Training split."),
        field("valid", &Self::valid, "Validation split; may be empty."),
        field("test", &Self::test, "Test split; may be empty."),
        field("classes", &Self::classes, "", closed(2, 256), "Classes, and outputs."),
        field("presentation", &Self::presentation,
              "whole: a channel for every pixel, all at once; rows: one row after the other, a channel for a column."),
        field("frame_steps", &Self::frame_steps, "steps", closed(1, 1e6), "Steps that the image, or a row, is shown."),
        field("window_steps", &Self::window_steps, "steps", closed(0, 1e9),
              "Length of the scored window at the end; 0: the whole trial."),
        field("black", &Self::black, "", any_value,
              "What a pixel of 0 gives: a spike probability, expected spikes per step, or a current, as "
              "/network/input/encoding says."),
        field("white", &Self::white, "", any_value, "The same of a pixel of 255; those between lie on a line."),
    };
  }
  // Files named, the window within a trial of known length.
  void validate(const std::string& place) const;
};

}  // namespace spikeweave
