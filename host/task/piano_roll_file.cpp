#include "host/task/piano_roll_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <matio.h>
#include <zlib.h>

#include "host/record/gzip_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t file_header_bytes = 128;

struct CloseMat {
  void operator()(mat_t* file) const { Mat_Close(file); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};

// What libmatio would print goes here instead, to stand in our error.
thread_local std::string last_message;
void keep_message(int, char* message) {
  last_message = message;
}

std::string matio_reason() {
  return last_message.empty() ? "libmatio gives no reason" : last_message;
}

// Inflates one compressed element to nothing; its check sum finds damage that libmatio would read over.
void check_compressed(const std::string& path, std::size_t begin, const char* data, std::size_t byte_count) {
  std::array<Bytef, 1 << 16> scratch;
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data));  // zlib only reads there
  stream.avail_in = static_cast<uInt>(byte_count);
  if (inflateInit(&stream) != Z_OK) throw Error(path + ": zlib cannot be initialised");
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = scratch.data();
    stream.avail_out = scratch.size();
    status = inflate(&stream, Z_NO_FLUSH);
  }
  const std::string message = stream.msg == nullptr ? "the stream ends early" : stream.msg;
  inflateEnd(&stream);
  if (status == Z_STREAM_END) return;
  throw InputError(path, fmt::format("damaged: compressed element at byte {}: {}", begin, message));
}

// Walks over the elements of a version 5 file. libmatio takes a truncated file for one with fewer or empty variables.
void check_structure(const std::string& path) {
  GzipReader file(path);
  const std::string bytes = file.read_rest();
  if (bytes.size() < file_header_bytes) {
    throw InputError(path, fmt::format("not a MATLAB v5 file: {} bytes, shorter than its header of {}", bytes.size(),
                                       file_header_bytes));
  }
  const std::string_view order(bytes.data() + 126, 2);
  if (order != "IM" && order != "MI") {
    throw InputError(path, "not a MATLAB v5 file: no byte-order mark (IM or MI) at byte 126");
  }
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[at + (order == "IM" ? 3 - i : i)]);
      value = value << 8 | byte;
    }
    return value;
  };
  const int version = static_cast<unsigned char>(bytes[order == "IM" ? 125 : 124]);
  if (version != 1) {
    throw InputError(path,
                     fmt::format("MATLAB file version {} at byte 124; 1 is allowed (save with -v6 or -v7)", version));
  }
  for (std::size_t at = file_header_bytes; at < bytes.size();) {
    const std::size_t left = bytes.size() - at;
    const std::size_t need = left < 8 ? 8 : std::size_t{8} + word(at + 4);
    if (need > left) {
      throw InputError(
          path, fmt::format("truncated: element at byte {} needs {} bytes, the file has {} more", at, need, left));
    }
    const std::uint32_t type = word(at);
    if (type != MAT_T_MATRIX && type != MAT_T_COMPRESSED) {
      throw InputError(path, fmt::format("damaged: element type {} at byte {}; {} (matrix) and {} (compressed) allowed",
                                         type, at, static_cast<int>(MAT_T_MATRIX), static_cast<int>(MAT_T_COMPRESSED)));
    }
    if (type == MAT_T_COMPRESSED) check_compressed(path, at, bytes.data() + at + 8, need - 8);
    at += need;
  }
}

std::string class_name(const matvar_t& variable) {
  constexpr std::array names{"empty", "cell",  "struct", "object", "char",   "sparse", "double", "single",   "int8",
                             "uint8", "int16", "uint16", "int32",  "uint32", "int64",  "uint64", "function", "opaque"};
  const auto index = static_cast<std::size_t>(variable.class_type);
  return index < names.size() ? names[index] : "unknown";
}

std::string description(const matvar_t& variable) {
  return fmt::format("{}{} {}", variable.isComplex != 0 ? "complex " : "", class_name(variable),
                     fmt::join(variable.dims, variable.dims + variable.rank, " x "));
}

// Copies a column-major matrix to a row-major roll.
template <class T>
std::vector<std::uint8_t> roll_from(const matvar_t& matrix, const std::string& path, const std::string& place) {
  const std::size_t step_count = matrix.dims[0];
  if (matrix.data == nullptr || matrix.nbytes < step_count * PianoRolls::width * sizeof(T)) {
    throw InputError(path, place + ": damaged: the matrix has no data");
  }
  const T* data = static_cast<const T*>(matrix.data);
  std::vector<std::uint8_t> roll(step_count * PianoRolls::width);
  for (std::size_t step = 0; step < step_count; ++step) {
    for (std::size_t column = 0; column < PianoRolls::width; ++column) {
      const T value = data[column * step_count + step];
      if (value != T(0) && value != T(1)) {
        throw InputError(path,
                         fmt::format("{}, step {}, column {}: {} is neither 0 nor 1", place, step, column, value));
      }
      roll[step * PianoRolls::width + column] = value == T(1);
    }
  }
  return roll;
}

std::vector<std::uint8_t> sequence_from(const matvar_t* matrix, const std::string& path, const std::string& place) {
  if (matrix == nullptr) throw InputError(path, place + ": the cell is empty");
  const bool is_number = matrix->class_type >= MAT_C_DOUBLE && matrix->class_type <= MAT_C_UINT64;
  if (!is_number || matrix->isComplex != 0 || matrix->rank != 2 || matrix->dims[1] != PianoRolls::width) {
    throw InputError(path, fmt::format("{}: is {}; a real steps x {} matrix is needed", place, description(*matrix),
                                       PianoRolls::width));
  }
  if (matrix->dims[0] == 0) throw InputError(path, place + ": has no steps");
  switch (matrix->data_type) {
    case MAT_T_DOUBLE:
      return roll_from<double>(*matrix, path, place);
    case MAT_T_SINGLE:
      return roll_from<float>(*matrix, path, place);
    case MAT_T_INT8:
      return roll_from<std::int8_t>(*matrix, path, place);
    case MAT_T_UINT8:
      return roll_from<std::uint8_t>(*matrix, path, place);
    case MAT_T_INT16:
      return roll_from<std::int16_t>(*matrix, path, place);
    case MAT_T_UINT16:
      return roll_from<std::uint16_t>(*matrix, path, place);
    case MAT_T_INT32:
      return roll_from<std::int32_t>(*matrix, path, place);
    case MAT_T_UINT32:
      return roll_from<std::uint32_t>(*matrix, path, place);
    case MAT_T_INT64:
      return roll_from<std::int64_t>(*matrix, path, place);
    case MAT_T_UINT64:
      return roll_from<std::uint64_t>(*matrix, path, place);
    default:
      throw InputError(path, place + ": damaged: the matrix has no number type");
  }
}

PianoRolls::Split split_from(mat_t* file, const std::string& path, const char* split_name, const char* variable_name) {
  std::size_t name_count = 0;
  char** names = Mat_GetDir(file, &name_count);  // owned by the file
  const auto same = [&](const char* name) { return name != nullptr && std::strcmp(name, variable_name) == 0; };
  if (names == nullptr || std::none_of(names, names + name_count, same)) {
    throw InputError(
        path, fmt::format("no variable {}; the file holds {}", variable_name,
                          name_count == 0 ? "nothing" : fmt::format("{}", fmt::join(names, names + name_count, " "))));
  }
  const std::unique_ptr<matvar_t, FreeVariable> variable(Mat_VarRead(file, variable_name));
  if (!variable) throw InputError(path, fmt::format("{}: cannot read: {}", variable_name, matio_reason()));
  if (variable->class_type != MAT_C_CELL) {
    throw InputError(path, fmt::format("{}: is {}; a cell array of steps x {} matrices is needed", variable_name,
                                       description(*variable), PianoRolls::width));
  }
  std::size_t count = 1;
  for (int d = 0; d < variable->rank; ++d) count *= variable->dims[d];
  if (count > 0 && variable->data == nullptr)
    throw InputError(path, fmt::format("{}: damaged: no cells", variable_name));
  PianoRolls::Split split;
  for (std::size_t i = 0; i < count; ++i) {
    const matvar_t* cell = static_cast<matvar_t**>(variable->data)[i];
    split.sequences.push_back(sequence_from(cell, path, fmt::format("{}, sequence {}", split_name, i)));
  }
  return split;
}

PianoRolls read_mat(const std::string& path) {
  check_structure(path);
  last_message.clear();
  Mat_LogInitFunc("spikeweave", keep_message);
  const std::unique_ptr<mat_t, CloseMat> file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  if (!file) throw InputError(path, "cannot open as a MATLAB file: " + matio_reason());
  return {split_from(file.get(), path, "train", "traindata"), split_from(file.get(), path, "valid", "validdata"),
          split_from(file.get(), path, "test", "testdata")};
}

}  // namespace

PianoRolls read_piano_rolls(const std::string& path) {
  if (path.ends_with(".mat")) return read_mat(path);
  if (path.ends_with(".json") || path.ends_with(".json.gz")) return read_piano_roll_json(path);
  throw InputError(path, "not the name of a piano-roll file; allowed are FILE.mat, FILE.json and FILE.json.gz");
}

}  // namespace spikeweave
