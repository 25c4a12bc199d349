#include "host/record/gzip_file.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <zlib.h>

#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t call_bytes = std::size_t{1} << 30;  // zlib counts the bytes of one call in an int
constexpr unsigned buffer_bytes = 1u << 17;               // zlib's manual: 64 or 128 KiB read notably faster than 8

std::string errno_text(int number) {
  return std::generic_category().message(number);
}

std::string gzip_error_text(gzFile file) {
  const int saved_errno = errno;
  int code = Z_OK;
  const char* text = gzerror(file, &code);
  if (code == Z_ERRNO) return errno_text(saved_errno);
  if (code == Z_BUF_ERROR) return "the gzip stream ends early";
  return std::string("the gzip stream is damaged (") + text + ")";
}

}  // namespace

GzipReader::GzipReader(const std::string& path) : path_(path) {
  errno = 0;
  file_ = gzopen(path.c_str(), "rb");
  if (file_ == nullptr) throw InputError(path, "cannot open: " + errno_text(errno));
  gzbuffer(file_, buffer_bytes);
}

GzipReader::~GzipReader() {
  gzclose(file_);
}

std::size_t GzipReader::read(void* destination, std::size_t byte_count) {
  std::size_t done = 0;
  while (done < byte_count) {
    const std::size_t wanted = std::min(byte_count - done, call_bytes);
    errno = 0;
    const int got = gzread(file_, static_cast<char*>(destination) + done, static_cast<unsigned>(wanted));
    int code = Z_OK;
    gzerror(file_, &code);
    if (got < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      const std::uint64_t at = offset_ + (got > 0 ? static_cast<std::uint64_t>(got) : 0);
      throw InputError(path_, "cannot read after byte " + std::to_string(at) + ": " + gzip_error_text(file_));
    }
    done += static_cast<std::size_t>(got);
    offset_ += static_cast<std::uint64_t>(got);
    if (static_cast<std::size_t>(got) < wanted) break;
  }
  return done;
}

std::string GzipReader::read_rest() {
  constexpr std::size_t block_bytes = std::size_t{1} << 20;
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + block_bytes);
    const std::size_t got = read(text.data() + before, block_bytes);
    text.resize(before + got);
    if (got < block_bytes) return text;
  }
}

GzipWriter::GzipWriter(const std::string& path, bool compress) : path_(path) {
  errno = 0;
  file_ = gzopen(path.c_str(), compress ? "wb6" : "wbT");  // T: written as it is, without a gzip header
  if (file_ == nullptr) throw Error(path + ": cannot open for writing: " + errno_text(errno));
}

GzipWriter::~GzipWriter() {
  if (file_ != nullptr) gzclose(file_);
}

void GzipWriter::write(const void* source, std::size_t byte_count) {
  SW_EXPECTS(file_ != nullptr, path_ + ": write after close");
  for (std::size_t done = 0; done < byte_count;) {
    const std::size_t wanted = std::min(byte_count - done, call_bytes);
    errno = 0;
    if (gzwrite(file_, static_cast<const char*>(source) + done, static_cast<unsigned>(wanted)) <= 0) {
      throw Error(path_ + ": cannot write: " + gzip_error_text(file_));
    }
    done += wanted;
  }
}

void GzipWriter::close() {
  SW_EXPECTS(file_ != nullptr, path_ + ": closed twice");
  gzFile file = file_;
  file_ = nullptr;
  errno = 0;
  if (gzclose(file) != Z_OK) throw Error(path_ + ": cannot write: " + errno_text(errno));
}

}  // namespace spikeweave
