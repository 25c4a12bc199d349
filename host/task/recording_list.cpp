#include "host/task/recording_list.hpp"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>

#include "host/record/gzip_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {

ListedRecordings read_recording_list(const std::string& path, const std::string& number_suffix) {
  ListedRecordings all;
  std::istringstream list(GzipReader(path).read_rest());
  std::string text;
  for (std::size_t line = 1; std::getline(list, text); ++line) {
    std::istringstream words(text);
    std::string name, rest;
    std::int32_t label = 0;
    if (!(words >> name) || name[0] == '#') continue;
    if (!(words >> label) || words >> rest) {
      throw InputError(fmt::format("{}: line {}", path, line), fmt::format("\"{}\"; expected NAME CLASS", text));
    }
    if (std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) name += number_suffix;
    all.path.push_back((std::filesystem::path(path).parent_path() / name).string());
    all.label.push_back(label);
    all.line.push_back(line);
  }
  return all;
}

RecordingRange checked_range(const RecordingList& split, const std::vector<std::int32_t>& labels, int classes,
                             const std::string& place, const std::string& path,
                             const std::function<std::string(std::size_t)>& place_of) {
  RecordingRange range{static_cast<std::size_t>(split.first), static_cast<std::size_t>(split.count)};
  if (split.count == 0) range.count = labels.size() - std::min(range.first, labels.size());
  if (range.count == 0 || range.first + range.count > labels.size()) {
    throw InputError(place + (split.count > 0 ? "/count" : "/first"),
                     fmt::format("recordings {} to {} of {}; it has {}", range.first,
                                 range.first + std::max<std::size_t>(range.count, 1) - 1, path, labels.size()));
  }
  for (std::size_t n = range.first; n < range.first + range.count; ++n) {
    if (labels[n] >= 0 && labels[n] < classes) continue;
    throw InputError(place_of(n), fmt::format("class {}; 0 to {} are allowed (/task/classes)", labels[n], classes - 1));
  }
  return range;
}

}  // namespace spikeweave
