#include "host/record/checkpoint.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

#include "host/config/parse.hpp"
#include "host/config/result_json.hpp"
#include "host/config/text.hpp"
#include "host/config/writer.hpp"
#include "host/record/atomic_file.hpp"
#include "host/record/hdf5_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

constexpr std::int64_t format_version = 3;
// The last line of the file.
std::string seal_text(uLong checksum) {
  return fmt::format("\nspikeweave-crc32: {:08x}\n", static_cast<std::uint32_t>(checksum));
}

// A file in two parts.
struct Sealed {
  uLong checksum = 0;  // of all but the last bytes
  std::string last;
};

Sealed read_sealed(const std::string& path, std::size_t last_bytes) {
  constexpr std::size_t block_bytes = std::size_t{1} << 16;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw InputError(path, "cannot open: " + std::generic_category().message(errno));
  Sealed sealed{crc32_z(0, nullptr, 0), {}};
  std::string held;  // not yet known to lie before the last line
  for (std::vector<char> block(block_bytes); stream;) {
    stream.read(block.data(), static_cast<std::streamsize>(block.size()));
    held.append(block.data(), static_cast<std::size_t>(stream.gcount()));
    const std::size_t known = held.size() - std::min(held.size(), last_bytes);
    sealed.checksum = crc32_z(sealed.checksum, reinterpret_cast<const Bytef*>(held.data()), known);
    held.erase(0, known);
  }
  if (stream.bad()) throw InputError(path, "cannot be read: " + std::generic_category().message(errno));
  sealed.last = held;
  return sealed;
}

void add_seal(const std::string& path) {
  const std::string seal = seal_text(read_sealed(path, 0).checksum);
  std::ofstream stream(path, std::ios::binary | std::ios::app);
  stream << seal;
  stream.close();
  if (!stream) throw Error(path + ": cannot be written: " + std::generic_category().message(errno));
}

void check_seal(const std::string& path) {
  const Sealed found = read_sealed(path, seal_text(0).size());
  const std::string expected = seal_text(found.checksum);
  if (found.last == expected) return;
  const std::string_view label = std::string_view(expected).substr(0, expected.find(':'));
  throw InputError(path, found.last.starts_with(label)
                             ? "damaged: its content does not have the checksum at its end"
                             : "not a checkpoint, or cut short: it has no checksum at its end");
}

void write_text(Hdf5File& file, const std::string& name, const std::string& text) {
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  file.write<std::uint8_t>(name, bytes, {bytes.size()}, {{"content", "JSON text, UTF-8"}});
}

std::string read_text(const Hdf5File& file, const std::string& name) {
  const std::vector<std::uint8_t> bytes = file.read<std::uint8_t>(name).values;
  return {bytes.begin(), bytes.end()};
}

// This machine's bytes: a run goes on on the same kind of processor.
void write_bytes(Hdf5File& file, const std::string& name, const std::vector<std::byte>& bytes) {
  const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
  file.write<std::uint8_t>(name, std::span<const std::uint8_t>(first, bytes.size()), {bytes.size()});
}

std::vector<std::byte> read_bytes(const Hdf5File& file, const std::string& name) {
  const std::vector<std::uint8_t> values = file.read<std::uint8_t>(name).values;
  const auto* first = reinterpret_cast<const std::byte*>(values.data());
  return {first, first + values.size()};
}

template <class T>
void write_number(Hdf5File& file, const std::string& name, T value) {
  file.write<T>(name, std::span<const T>(&value, 1), {});
}

template <class T>
T read_number(const Hdf5File& file, const std::string& name, const std::string& path) {
  const Array<T> number = file.read<T>(name);
  if (number.values.size() != 1) throw InputError(path, name + ": is not a single number");
  return number.values.front();
}

// The settings on which the numbers of a run depend.
Json decisive_settings(const std::string& experiment_json) {
  Json json = parse_json(experiment_json);
  for (const char* key : {"title", "recording", "checkpoint", "published"}) json.erase(key);
  json["training"].erase("epochs");
  return json;
}

struct Difference {
  std::string pointer, stored, current;
};

// The first difference in the order of declaration; absent: null.
std::optional<Difference> first_difference(const Json* stored, const Json* current, const std::string& pointer) {
  const auto child = [](const Json* of, const auto& key) -> const Json* {
    return of->contains(key) ? &of->at(key) : nullptr;
  };
  if (stored != nullptr && current != nullptr) {
    if (*stored == *current) return std::nullopt;
    if (stored->is_object() && current->is_object()) {
      for (const Json* side : {current, stored}) {
        for (const auto& [key, value] : side->items()) {
          auto below = first_difference(child(stored, key), child(current, key), pointer + "/" + pointer_token(key));
          if (below) return below;
        }
      }
    }
    if (stored->is_array() && current->is_array()) {
      for (std::size_t i = 0; i < std::max(stored->size(), current->size()); ++i) {
        auto below = first_difference(i < stored->size() ? &(*stored)[i] : nullptr,
                                      i < current->size() ? &(*current)[i] : nullptr, fmt::format("{}/{}", pointer, i));
        if (below) return below;
      }
    }
  }
  const auto text = [](const Json* json) { return json == nullptr ? std::string("absent") : json->dump(); };
  return Difference{pointer, text(stored), text(current)};
}

void check_experiment(const std::string& stored_json, const Experiment& experiment, const std::string& path) {
  const Json stored = decisive_settings(stored_json);
  const Json current = decisive_settings(write_experiment(experiment));
  const auto difference = first_difference(&stored, &current, "");
  if (!difference) return;
  throw InputError(path, fmt::format("of another experiment: {} is {} in the checkpoint and {} now; only /title, "
                                     "/training/epochs, /recording, /checkpoint and /published may change",
                                     difference->pointer, difference->stored, difference->current));
}

}  // namespace

template <class Real>
void save_checkpoint(const std::string& path, const TrainerSnapshot<Real>& snapshot, const Experiment& experiment) {
  replace_file(path, [&](const std::string& temporary) {
    Hdf5File file = Hdf5File::create(temporary);
    file.write_attribute("/", "version", format_version);
    file.write_attribute("/", "precision", element_type_name<Real>());
    const auto put = [&file](const char* name, const std::vector<Real>& values) {
      file.write<Real>(name, values, {values.size()});
    };
    put("/parameters", snapshot.parameters);
    put("/first_moment", snapshot.first_moment);
    put("/second_moment", snapshot.second_moment);
    put("/average", snapshot.average);
    put("/feedback", snapshot.feedback);
    put("/best_parameters", snapshot.best_parameters);
    write_bytes(file, "/carried", snapshot.carried);
    write_number(file, "/epoch", snapshot.epoch);
    write_number(file, "/batch_count", snapshot.batch_count);
    write_number(file, "/update_count", snapshot.update_count);
    write_number(file, "/best_epoch", snapshot.best_epoch);
    write_number(file, "/best_score", snapshot.best_score);
    write_number(file, "/running_metric", snapshot.running_metric);
    write_text(file, "/experiment", write_experiment(experiment));
    write_text(file, "/result", write_result(snapshot.result, experiment));
    file.close();
    add_seal(temporary);
  });
}

template <class Real>
TrainerSnapshot<Real> load_checkpoint(const std::string& path, const Experiment& experiment) {
  check_seal(path);
  const Hdf5File file = Hdf5File::open_read(path);
  const std::int64_t version = file.integer_attribute("/", "version");
  if (version != format_version) {
    throw InputError(path, fmt::format("checkpoint version {}; this program reads {}", version, format_version));
  }
  const std::string precision = file.string_attribute("/", "precision");
  if (precision != element_type_name<Real>()) {
    throw InputError(path, "holds " + precision + " numbers; this run computes in " + element_type_name<Real>());
  }
  check_experiment(read_text(file, "/experiment"), experiment, path);
  const auto array = [&file](const char* name) { return file.read<Real>(name).values; };
  const auto count = [&](const char* name) { return read_number<std::uint64_t>(file, name, path); };
  const auto number = [&](const char* name) { return read_number<double>(file, name, path); };
  return {.epoch = count("/epoch"),
          .batch_count = count("/batch_count"),
          .update_count = count("/update_count"),
          .parameters = array("/parameters"),
          .first_moment = array("/first_moment"),
          .second_moment = array("/second_moment"),
          .average = array("/average"),
          .feedback = array("/feedback"),
          .best_parameters = array("/best_parameters"),
          .carried = read_bytes(file, "/carried"),
          .best_score = number("/best_score"),
          .best_epoch = count("/best_epoch"),
          .running_metric = number("/running_metric"),
          .result = read_result(read_text(file, "/result"), path + ": /result")};
}

#define SW_INSTANTIATE_CHECKPOINT(Real)                                                                     \
  template void save_checkpoint<Real>(const std::string&, const TrainerSnapshot<Real>&, const Experiment&); \
  template TrainerSnapshot<Real> load_checkpoint<Real>(const std::string&, const Experiment&);
SW_INSTANTIATE_CHECKPOINT(float)
SW_INSTANTIATE_CHECKPOINT(double)
#undef SW_INSTANTIATE_CHECKPOINT

}  // namespace spikeweave
