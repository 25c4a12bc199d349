#include "host/task/recorded_data.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "host/record/array_file.hpp"
#include "host/record/path.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/core/sampling.hpp"

namespace spikeweave {
namespace {

// needed: shape and values, for the error.
template <class T>
Array<T> read_setting(const std::string& place, const std::string& directory, const std::string& name,
                      const std::string& needed) {
  try {
    return read_array<T>(resolve_path(directory, name));
  } catch (const InputError& error) {
    throw InputError(place, fmt::format("{} (needed: {})", error.what(), needed));
  }
}

[[noreturn]] void wrong_shape(const std::string& place, std::span<const std::size_t> found, const std::string& needed) {
  throw InputError(place, fmt::format("shape {} found; {} is needed", shape_text(found), needed));
}

// Of the numbers of an array. Infinity is in no range.
struct Allowed {
  float low = std::numeric_limits<float>::lowest();
  float high = std::numeric_limits<float>::max();
  std::string text = "finite numbers";
};

Allowed allowed_input(Encoding encoding) {
  if (encoding == Encoding::bernoulli) return {0.0f, 1.0f, "probabilities in [0, 1] (encoding bernoulli)"};
  if (encoding == Encoding::poisson) {
    return {0.0f, max_poisson_mean, fmt::format("means in [0, {}] (encoding poisson)", max_poisson_mean)};
  }
  return {};
}

Allowed allowed_target(LossKind loss) {
  if (loss == LossKind::bernoulli) return {0.0f, 1.0f, "probabilities in [0, 1] (loss bernoulli)"};
  return {};
}

// values: [trials, frames, columns]; only frames within the trial's length are checked. NaN is in no range.
void check_values(const std::string& place, const std::vector<float>& values, const RecordedData& data,
                  std::size_t columns, const Allowed& allowed) {
  for (std::size_t trial = 0; trial < data.trials; ++trial) {
    const auto count = static_cast<std::size_t>(data.length[trial]) * columns;
    const float* const first = values.data() + trial * data.frames * columns;
    const float* const wrong =
        std::find_if(first, first + count, [&](float x) { return !(x >= allowed.low && x <= allowed.high); });
    if (wrong == first + count) continue;
    const auto offset = static_cast<std::size_t>(wrong - first);
    throw InputError(place, fmt::format("element [{}, {}, {}] is {}; allowed are {}", trial, offset / columns,
                                        offset % columns, *wrong, allowed.text));
  }
}

void read_length(RecordedData& data, const std::string& place, const std::string& directory, const std::string& name) {
  if (name.empty()) {
    data.length.assign(data.trials, static_cast<std::int32_t>(data.frames));
    return;
  }
  const std::string needed = fmt::format("[{}], as many lengths as input has trials", data.trials);
  Array<std::int32_t> array = read_setting<std::int32_t>(place, directory, name, needed);
  if (array.shape != std::vector{data.trials}) wrong_shape(place, array.shape, needed);
  for (std::size_t trial = 0; trial < data.trials; ++trial) {
    const std::int32_t length = array.values[trial];
    if (length < 1 || static_cast<std::size_t>(length) > data.frames) {
      throw InputError(
          place, fmt::format("element {} is {}; allowed are 1 to {}, the frames of input", trial, length, data.frames));
    }
  }
  data.length = std::move(array.values);
}

void read_real_target(RecordedData& data, LossKind loss, const std::string& place, const std::string& directory,
                      const std::string& name) {
  const Allowed allowed = allowed_target(loss);
  const std::string needed = fmt::format("[{}, {}, outputs], trials and frames of input", data.trials, data.frames);
  Array<float> array = read_setting<float>(place, directory, name, needed);
  const bool fits = array.shape.size() == 3 && array.shape[0] == data.trials && array.shape[1] == data.frames;
  if (!fits || array.shape[2] == 0) wrong_shape(place, array.shape, needed);
  data.outputs = array.shape[2];
  data.target = std::move(array.values);
  check_values(place, data.target, data, data.outputs, allowed);
}

void read_class_target(RecordedData& data, int classes, const std::string& place, const std::string& directory,
                       const std::string& name) {
  const std::string needed =
      fmt::format("[{}] or [{}, {}], trials and frames of input", data.trials, data.trials, data.frames);
  Array<std::int32_t> array = read_setting<std::int32_t>(place, directory, name, needed);
  data.class_per_trial = array.shape == std::vector{data.trials};
  if (!data.class_per_trial && array.shape != std::vector{data.trials, data.frames}) {
    wrong_shape(place, array.shape, needed);
  }
  bool any_scored = false;
  for (std::size_t trial = 0; trial < data.trials; ++trial) {
    const std::size_t stride = data.class_per_trial ? 1 : data.frames;
    const std::size_t count = data.class_per_trial ? 1 : static_cast<std::size_t>(data.length[trial]);
    for (std::size_t f = 0; f < count; ++f) {
      const std::int32_t found = array.values[trial * stride + f];
      if (found < -1 || found >= classes) {
        const std::string element = data.class_per_trial ? fmt::format("{}", trial) : fmt::format("[{}, {}]", trial, f);
        throw InputError(place, fmt::format("element {} is {}; allowed are classes 0 to {}, and -1 for not scored",
                                            element, found, classes - 1));
      }
      any_scored = any_scored || found >= 0;
    }
  }
  if (!any_scored) throw InputError(place, "every element is -1; at least one has to be scored");
  data.outputs = static_cast<std::size_t>(classes);
  data.target_class = std::move(array.values);
}

}  // namespace

RecordedData read_recorded(const RecordedSettings& settings, const RecordedSplit& split, const std::string& place,
                           const std::string& directory) {
  RecordedData data;
  const std::string input = place + "/input";
  std::vector<std::size_t> shape;
  if (settings.encoding == Encoding::events) {
    Array<std::uint8_t> array = read_setting<std::uint8_t>(
        input, directory, split.input, "[trials, frames, channels], whole numbers 0 to 255 (encoding events)");
    shape = array.shape;
    data.events = std::move(array.values);
  } else {
    Array<float> array = read_setting<float>(input, directory, split.input, "[trials, frames, channels]");
    shape = array.shape;
    data.intensity = std::move(array.values);
  }
  if (shape.size() != 3 || std::count(shape.begin(), shape.end(), 0u) > 0) {
    wrong_shape(input, shape, "[trials, frames, channels], none of them 0,");
  }
  data.trials = shape[0];
  data.frames = shape[1];
  data.channels = shape[2];
  if (data.frames > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw InputError(input, fmt::format("{} frames; allowed are at most 2147483647", data.frames));
  }
  read_length(data, place + "/length", directory, split.length);
  if (!data.intensity.empty()) {
    check_values(input, data.intensity, data, data.channels, allowed_input(settings.encoding));
  }
  const std::string target = place + "/target";
  if (settings.loss == LossKind::softmax) {
    read_class_target(data, settings.classes, target, directory, split.target);
  } else {
    read_real_target(data, settings.loss, target, directory, split.target);
  }
  return data;
}

}  // namespace spikeweave
