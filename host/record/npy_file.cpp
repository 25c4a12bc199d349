#include "host/record/npy_file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "host/record/atomic_file.hpp"
#include "host/record/gzip_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are copied as they stand in the file");

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t header_limit = 1 << 20;  // [bytes]; NumPy writes 118 for any ordinary array
constexpr const char* known_types = "|b1 |i1 |u1 <i2 <u2 <i4 <u4 <i8 <u8 <f4 <f8";

struct NpyHeader {
  std::string type;  // as in the file, e.g. "<f4"
  bool fortran_order = false;
  std::vector<std::size_t> shape;
};

// Reads the header: a Python dictionary with the keys descr, fortran_order and shape.
class HeaderParser {
 public:
  HeaderParser(const std::string& path, std::string_view text, std::size_t file_offset)
      : path_(path), text_(text), file_offset_(file_offset) {}

  NpyHeader parse() {
    std::optional<std::string> type;
    std::optional<bool> fortran_order;
    std::optional<std::vector<std::size_t>> shape;
    take('{');
    while (!next_is('}')) {
      const std::string key = quoted();
      take(':');
      if (key == "descr" && !type) {
        type = quoted();
      } else if (key == "fortran_order" && !fortran_order) {
        fortran_order = boolean();
      } else if (key == "shape" && !shape) {
        shape = tuple();
      } else {
        fail("header key \"" + key + "\" is unknown or stands twice; needed once each: descr fortran_order shape");
      }
      if (!next_is('}')) take(',');
    }
    take('}');
    skip_space();
    if (position_ != text_.size()) fail("expected nothing but blanks after the header");
    if (!type) fail("header key \"descr\" is missing");
    if (!fortran_order) fail("header key \"fortran_order\" is missing");
    if (!shape) fail("header key \"shape\" is missing");
    return {*type, *fortran_order, *shape};
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    const std::string_view rest = text_.substr(std::min(position_, text_.size()), 12);
    throw InputError(path_, fmt::format("malformed .npy header at byte {}, before \"{}\": {}", file_offset_ + position_,
                                        rest.substr(0, rest.find('\n')), what));
  }
  void skip_space() {
    while (position_ < text_.size() && std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos) {
      ++position_;
    }
  }
  bool next_is(char symbol) {
    skip_space();
    return position_ < text_.size() && text_[position_] == symbol;
  }
  void take(char symbol) {
    if (!next_is(symbol)) fail(fmt::format("expected '{}'", symbol));
    ++position_;
  }
  std::string quoted() {
    const char quote = next_is('"') ? '"' : '\'';
    if (!next_is(quote)) fail("expected a quoted string (record types are not supported)");
    const std::size_t end = text_.find(quote, position_ + 1);
    if (end == std::string_view::npos) fail("the string is not closed");
    std::string result(text_.substr(position_ + 1, end - position_ - 1));
    position_ = end + 1;
    return result;
  }
  bool boolean() {
    skip_space();
    for (const std::string_view word : {"False", "True"}) {
      if (text_.substr(position_, word.size()) != word) continue;
      position_ += word.size();
      return word == "True";
    }
    fail("expected True or False");
  }
  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> extents;
    bool comma = true;
    take('(');
    while (!next_is(')')) {
      if (!comma) fail("expected ',' or ')'");
      std::size_t extent = 0;
      const char* begin = text_.data() + position_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), extent);
      if (error != std::errc{}) fail("expected an extent that fits 64 bits");
      position_ += static_cast<std::size_t>(end - begin);
      if (next_is('L')) ++position_;  // Python 2 wrote long integers as 3L
      extents.push_back(extent);
      comma = next_is(',');
      if (comma) ++position_;
    }
    if (extents.size() == 1 && !comma) fail("a shape of one dimension is written with a comma, (3,)");
    take(')');
    return extents;
  }

  const std::string& path_;
  std::string_view text_;
  std::size_t file_offset_;
  std::size_t position_ = 0;
};

void read_exactly(GzipReader& file, const std::string& path, void* destination, std::size_t byte_count,
                  const char* what) {
  const std::uint64_t begin = file.offset();
  const std::size_t got = file.read(destination, byte_count);
  if (got < byte_count) {
    throw InputError(path, fmt::format("ends early at byte {}: {} needs bytes {} to {}", begin + got, what, begin,
                                       begin + byte_count));
  }
}

NpyHeader read_header(GzipReader& file, const std::string& path) {
  std::array<char, 8> prefix{};
  read_exactly(file, path, prefix.data(), prefix.size(), "the .npy magic");
  if (std::string_view(prefix.data(), magic.size()) != magic) {
    throw InputError(path, "not a .npy file: byte 0 is not \\x93NUMPY");
  }
  const int major = static_cast<unsigned char>(prefix[6]);
  const int minor = static_cast<unsigned char>(prefix[7]);
  if ((major != 1 && major != 2) || minor != 0) {
    throw InputError(path, fmt::format(".npy version at byte 6 is {}.{}; allowed are 1.0 and 2.0", major, minor));
  }
  std::array<unsigned char, 4> length_bytes{};
  read_exactly(file, path, length_bytes.data(), major == 1 ? 2 : 4, "the header length");
  std::uint32_t length = 0;
  std::memcpy(&length, length_bytes.data(), sizeof length);
  if (length > header_limit) {
    throw InputError(path, fmt::format("header length at byte 8 is {}; at most {} allowed", length, header_limit));
  }
  const std::size_t begin = file.offset();
  std::string text(length, '\0');
  read_exactly(file, path, text.data(), text.size(), "the header");
  return HeaderParser(path, text, begin).parse();
}

// Calls use(From{}) with the C++ type of the elements; bool is stored as one byte, 0 or 1.
template <class Use>
void with_element_type(const NpyHeader& header, const std::string& path, const Use& use) {
  std::string_view code = header.type;
  const bool one_byte = code.size() == 3 && code[2] == '1';
  const char order = code.empty() ? ' ' : code[0];
  if (order != '<' && !(one_byte && (order == '|' || order == '=' || order == '>'))) code = {};
  if (!code.empty()) code.remove_prefix(1);
  if (code == "f4") return use(float{});
  if (code == "f8") return use(double{});
  if (code == "i1") return use(std::int8_t{});
  if (code == "i2") return use(std::int16_t{});
  if (code == "i4") return use(std::int32_t{});
  if (code == "i8") return use(std::int64_t{});
  if (code == "u1" || code == "b1") return use(std::uint8_t{});
  if (code == "u2") return use(std::uint16_t{});
  if (code == "u4") return use(std::uint32_t{});
  if (code == "u8") return use(std::uint64_t{});
  throw InputError(path, fmt::format("descr: element type \"{}\"; allowed are {}", header.type, known_types));
}

// Row-major copy of values whose first index runs fastest.
template <class T>
std::vector<T> row_major(const std::vector<T>& values, const std::vector<std::size_t>& shape) {
  std::vector<T> result(values.size());
  std::vector<std::size_t> index(shape.size(), 0);
  for (T& element : result) {
    std::size_t source = 0;
    for (std::size_t d = shape.size(); d-- > 0;) source = source * shape[d] + index[d];
    element = values[source];
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
  return result;
}

template <class T>
std::string type_code() {
  const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
  return fmt::format("{}{}{}", sizeof(T) == 1 ? '|' : '<', kind, sizeof(T));
}

}  // namespace

template <class T>
Array<T> read_npy(const std::string& path) {
  constexpr std::size_t block_elements = std::size_t{1} << 20;  // a wrong shape must not allocate before data is there
  GzipReader file(path);
  const NpyHeader header = read_header(file, path);
  const std::optional<std::size_t> count = element_count(header.shape);
  if (!count || *count > SIZE_MAX / sizeof(double)) {
    throw InputError(path, "shape: " + shape_text(header.shape) + " has more elements than fit in memory");
  }
  Array<T> result{header.shape, {}};
  with_element_type(header, path, [&]<class From>(From) {
    std::vector<From> block;
    const std::string need = "data of shape " + shape_text(header.shape) + " and type " + header.type;
    while (result.values.size() < *count) {
      block.resize(std::min(block_elements, *count - result.values.size()));
      read_exactly(file, path, block.data(), block.size() * sizeof(From), need.c_str());
      append_converted<T, From>(block, path, result.values);
    }
  });
  if (header.type.ends_with("b1")) {
    const auto wrong =
        std::find_if(result.values.begin(), result.values.end(), [](T x) { return x != T(0) && x != T(1); });
    if (wrong != result.values.end()) {
      throw InputError(
          path, fmt::format("element {} of type bool is {}; 0 and 1 allowed", wrong - result.values.begin(), *wrong));
    }
  }
  const std::uint64_t end = file.offset();
  char extra = 0;
  if (file.read(&extra, 1) != 0)
    throw InputError(path, fmt::format("bytes follow the data, which ends at byte {}", end));
  if (header.fortran_order && header.shape.size() > 1) result.values = row_major(result.values, result.shape);
  return result;
}

template <class T>
void write_npy(const std::string& path, std::span<const T> values, const std::vector<std::size_t>& shape) {
  SW_EXPECTS(element_count(shape) == values.size(), path + ": shape " + shape_text(shape) + " does not fit the values");
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", type_code<T>(),
                                 fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  const std::size_t prefix_bytes = magic.size() + 4;
  text.append(63 - (prefix_bytes + text.size()) % 64, ' ');  // the data begins at a multiple of 64 bytes
  text += '\n';
  SW_EXPECTS(text.size() <= UINT16_MAX, path + ": the shape has too many dimensions for .npy version 1.0");
  const auto length = static_cast<std::uint16_t>(text.size());
  replace_file(path, [&](const std::string& temporary) {
    GzipWriter file(temporary, path.ends_with(".gz"));
    file.write(magic.data(), magic.size());
    file.write("\x01\x00", 2);
    file.write(&length, sizeof length);
    file.write(text.data(), text.size());
    file.write(values.data(), values.size_bytes());
    file.close();
  });
}

#define SW_INSTANTIATE_NPY(T)                        \
  template Array<T> read_npy<T>(const std::string&); \
  template void write_npy<T>(const std::string&, std::span<const T>, const std::vector<std::size_t>&);
SW_INSTANTIATE_NPY(float)
SW_INSTANTIATE_NPY(double)
SW_INSTANTIATE_NPY(std::int8_t)
SW_INSTANTIATE_NPY(std::int16_t)
SW_INSTANTIATE_NPY(std::int32_t)
SW_INSTANTIATE_NPY(std::int64_t)
SW_INSTANTIATE_NPY(std::uint8_t)
SW_INSTANTIATE_NPY(std::uint16_t)
SW_INSTANTIATE_NPY(std::uint32_t)
SW_INSTANTIATE_NPY(std::uint64_t)
#undef SW_INSTANTIATE_NPY

}  // namespace spikeweave
