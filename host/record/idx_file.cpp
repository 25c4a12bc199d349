#include "host/record/idx_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/record/gzip_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t size_bytes = 4;  // of the magic number and of each dimension
constexpr std::uint8_t unsigned_byte = 8;

std::string errno_text() {
  return std::generic_category().message(errno);
}

bool is_gzip(std::FILE* file) {
  std::array<unsigned char, 2> first{};
  return pread(fileno(file), first.data(), first.size(), 0) == 2 && first[0] == 0x1f && first[1] == 0x8b;
}

}  // namespace

IdxFile::IdxFile(const std::string& path, std::size_t rank) : path_(path) {
  GzipReader reader(path);  // says what is wrong where it cannot be opened
  std::vector<std::uint8_t> header(size_bytes * (rank + 1));
  header.resize(reader.read(header.data(), header.size()));
  read_header(header, rank);
  const std::uint64_t expected = offset(shape_[0]);
  file_.reset(std::fopen(path.c_str(), "rb"));
  if (file_ == nullptr) throw InputError(path, "cannot open: " + errno_text());
  struct stat status {};
  const bool packed = is_gzip(file_.get());
  if (packed) unpack(expected);
  if (fstat(fileno(file_.get()), &status) != 0) throw InputError(path, "cannot read: " + errno_text());
  const auto found = static_cast<std::uint64_t>(status.st_size);
  if (found == expected) return;
  throw InputError(
      path, fmt::format("{}: {} bytes{}; its sizes {} need {}", found < expected ? "truncated" : "too long", found,
                        packed ? " unpacked" : "", fmt::join(shape_, " x "), expected));
}

void IdxFile::read_header(const std::vector<std::uint8_t>& header, std::size_t rank) {
  const bool has_magic = header.size() >= size_bytes;
  if (has_magic && (header[0] != 0 || header[1] != 0 || header[2] != unsigned_byte || header[3] != rank)) {
    throw InputError(path_, fmt::format("byte 0: {:02x}; expected 00 00 08 {:02x}, an IDX file of unsigned bytes with "
                                        "{} dimensions",
                                        fmt::join(header.begin(), header.begin() + size_bytes, " "), rank, rank));
  }
  if (header.size() < size_bytes * (rank + 1)) {
    throw InputError(path_, fmt::format("not an IDX file of {} dimensions: {} bytes, shorter than its header of {}",
                                        rank, header.size(), size_bytes * (rank + 1)));
  }
  constexpr std::uint64_t most = std::uint64_t{1} << 48;  // elements
  std::uint64_t count = 1;
  for (std::size_t d = 0; d < rank; ++d) {
    const std::uint8_t* const at = header.data() + size_bytes * (d + 1);
    const std::uint64_t size =
        std::uint64_t{at[0]} << 24 | std::uint64_t{at[1]} << 16 | std::uint64_t{at[2]} << 8 | at[3];
    if (size == 0) throw InputError(path_, fmt::format("byte {}: dimension {} is 0", size_bytes * (d + 1), d));
    if (count > most / size) {
      throw InputError(path_, fmt::format("byte {}: dimension {} of {}; at most {} elements are allowed",
                                          size_bytes * (d + 1), d, size, most));
    }
    count *= size;
    shape_.push_back(static_cast<std::size_t>(size));
    if (d > 0) row_bytes_ *= static_cast<std::size_t>(size);
  }
}

std::uint64_t IdxFile::offset(std::size_t index) const {
  return size_bytes * (shape_.size() + 1) + std::uint64_t{index} * row_bytes_;
}

// No more than one byte too many is written.
void IdxFile::unpack(std::uint64_t expected) {
  file_.reset(std::tmpfile());
  if (file_ == nullptr) throw Error(path_ + ": cannot make a temporary file to unpack it: " + errno_text());
  GzipReader reader(path_);
  std::vector<char> block(std::size_t{1} << 20);
  for (std::uint64_t done = 0; done <= expected;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), expected + 1 - done));
    const std::size_t got = reader.read(block.data(), wanted);
    if (std::fwrite(block.data(), 1, got, file_.get()) != got) {
      throw Error(path_ + ": cannot unpack into a temporary file: " + errno_text());
    }
    done += got;
    if (got < wanted) break;
  }
  if (std::fflush(file_.get()) != 0) throw Error(path_ + ": cannot unpack into a temporary file: " + errno_text());
}

void IdxFile::read(std::size_t first, std::size_t count, std::uint8_t* to) const {
  SW_EXPECTS(first + count <= shape_[0], "IDX file: rows that it does not have");
  std::size_t left = count * row_bytes_;
  for (std::uint64_t at = offset(first); left > 0;) {
    const ssize_t got = pread(fileno(file_.get()), to, left, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw InputError(
          path_, fmt::format("cannot read at byte {}: {}", at, got < 0 ? errno_text() : "the file has become shorter"));
    }
    to += got;
    at += static_cast<std::uint64_t>(got);
    left -= static_cast<std::size_t>(got);
  }
}

}  // namespace spikeweave
