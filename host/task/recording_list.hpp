// Recordings in files of their own, named with their classes in a text file; and the stretch of them that is a split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "spikeweave/task/settings.hpp"

namespace spikeweave {

struct ListedRecordings {
  std::vector<std::string> path;
  std::vector<std::int32_t> label;
  std::vector<std::size_t> line;  // of the list, from 1
};

// A line is NAME CLASS, NAME beside the list, without a blank; empty lines and those that begin with # are skipped.
// number_suffix: where given, a bare number N stands for N with it.
// Throws InputError with the line.
ListedRecordings read_recording_list(const std::string& path, const std::string& number_suffix = "");

struct RecordingRange {
  std::size_t first = 0, count = 0;
};

// The recordings of a split among all of its file. place: JSON pointer of the split; place_of(n): where label n stands.
// Throws InputError: recordings that the file does not have, classes that there are not.
RecordingRange checked_range(const RecordingList& split, const std::vector<std::int32_t>& labels, int classes,
                             const std::string& place, const std::string& path,
                             const std::function<std::string(std::size_t)>& place_of);

}  // namespace spikeweave
