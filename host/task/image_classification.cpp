// Images as trials: all pixels at once, or row by row as a sequence.
//
// The images stay on the disk; the labels, one byte each, are in memory. One segment, the last
// window_steps steps of the trial, has the image's class.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/record/idx_file.hpp"
#include "host/record/path.hpp"
#include "host/task/recording_list.hpp"
#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

// The images of one split.
class Images {
 public:
  Images(const ImageSplit& split, const std::string& place, const std::string& directory, int classes)
      : file_(resolve_path(directory, split.images), 3), labels_(file_.shape()[0]) {
    const IdxFile labels(resolve_path(directory, split.labels), 1);
    if (labels.shape()[0] != labels_.size()) {
      throw InputError(labels.path(), fmt::format("{} labels of the {} images in {}", labels.shape()[0], labels_.size(),
                                                  file_.path()));
    }
    labels.read(0, labels_.size(), labels_.data());
    range_ = checked_range({file_.path(), split.first, split.count}, {labels_.begin(), labels_.end()}, classes, place,
                           file_.path(),
                           [&](std::size_t n) { return fmt::format("{}: byte {}", labels.path(), labels.offset(n)); });
  }

  std::size_t count() const { return range_.count; }
  std::size_t rows() const { return file_.shape()[1]; }
  std::size_t columns() const { return file_.shape()[2]; }
  const std::string& path() const { return file_.path(); }
  std::uint8_t label(std::uint64_t id) const { return labels_[range_.first + id]; }
  // [rows, columns]
  void read(std::uint64_t id, std::uint8_t* pixels) const { file_.read(range_.first + id, 1, pixels); }

 private:
  IdxFile file_;
  std::vector<std::uint8_t> labels_;
  RecordingRange range_;
};

class ImageClassification final : public Task {
 public:
  ImageClassification(const ImageClassificationSettings& settings, const std::string& directory)
      : classes_(static_cast<std::size_t>(settings.classes)),
        by_rows_(settings.presentation == Presentation::rows),
        frame_steps_(static_cast<std::size_t>(settings.frame_steps)) {
    const std::array<const ImageSplit*, 3> splits{&settings.train, &settings.valid, &settings.test};
    for (std::size_t s = 0; s < splits.size(); ++s) {
      if (splits[s]->images.empty()) continue;
      images_[s] = std::make_unique<Images>(*splits[s], fmt::format("/task/{}", EnumNames<Split>::names[s]), directory,
                                            settings.classes);
      check_size(*images_[s]);
    }
    const std::size_t steps = shape().max_steps;
    window_steps_ = static_cast<std::size_t>(settings.window_steps);
    if (window_steps_ > steps) {
      throw InputError("/task/window_steps",
                       fmt::format("{} is more than the {} steps of a trial", window_steps_, steps));
    }
    for (std::size_t value = 0; value < level_.size(); ++value) {
      level_[value] =
          static_cast<float>(settings.black + (settings.white - settings.black) * static_cast<double>(value) / 255.0);
    }
  }

  TaskShape shape() const override {
    return {.inputs = by_rows_ ? train().columns() : train().rows() * train().columns(),
            .outputs = classes_,
            .frame_steps = frame_steps_,
            .max_steps = frames() * frame_steps_,
            .loss = LossKind::softmax,
            .encoding = Encoding::bernoulli};
  }

  std::size_t trial_count(Split split) const override {
    const auto& images = images_[static_cast<std::size_t>(split)];
    return images == nullptr ? 0 : images->count();
  }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    expect_ids_below(ids, trial_count(split));
    const TaskShape form = shape();
    reset_batch(batch, form, ids.size(), form.max_steps, 1);
    const std::size_t pixels = train().rows() * train().columns();
    std::vector<std::uint8_t> image(pixels);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      const Images& images = *images_[static_cast<std::size_t>(split)];
      images.read(ids[b], image.data());
      std::ranges::transform(image, batch.intensity.data() + b * pixels, [this](std::uint8_t p) { return level_[p]; });
      write_class(batch, b, form.max_steps, window_steps_, images.label(ids[b]));
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    score_classes(batch, result, classes_, score);
  }
  std::string main_metric() const override { return "accuracy"; }
  bool larger_is_better() const override { return true; }

 private:
  const Images& train() const { return *images_[0]; }
  std::size_t frames() const { return by_rows_ ? train().rows() : 1; }

  void check_size(const Images& images) const {
    if (images.rows() == train().rows() && images.columns() == train().columns()) return;
    throw InputError(images.path(), fmt::format("images of {} x {} pixels; those of {} have {} x {}", images.rows(),
                                                images.columns(), train().path(), train().rows(), train().columns()));
  }

  std::array<std::unique_ptr<Images>, 3> images_;  // by Split
  std::size_t classes_;
  bool by_rows_;
  std::size_t frame_steps_;
  std::size_t window_steps_ = 0;
  std::array<float, 256> level_{};  // what a pixel gives
};

}  // namespace

std::unique_ptr<Task> make_image_classification(const ImageClassificationSettings& settings,
                                                const std::string& directory) {
  return std::make_unique<ImageClassification>(settings, directory);
}

}  // namespace spikeweave
