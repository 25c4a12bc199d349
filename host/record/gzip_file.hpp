// Files that may be gzip'ed: read and written from front to back through zlib. A plain file is read as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

struct gzFile_s;  // zlib's handle

namespace spikeweave {

class GzipReader {
 public:
  explicit GzipReader(const std::string& path);  // throws InputError: cannot be opened
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Returns the number of bytes read; fewer than asked for only at the end of the data.
  // Throws InputError: a gzip stream that is damaged or ends early, a read error.
  std::size_t read(void* destination, std::size_t byte_count);
  std::string read_rest();
  std::uint64_t offset() const { return offset_; }  // uncompressed bytes read so far

 private:
  std::string path_;
  gzFile_s* file_;
  std::uint64_t offset_ = 0;
};

class GzipWriter {
 public:
  GzipWriter(const std::string& path, bool compress);  // replaces what is there
  ~GzipWriter();                                       // closes without telling of errors; call close()
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void write(const void* source, std::size_t byte_count);
  void close();

 private:
  std::string path_;
  gzFile_s* file_;
};

}  // namespace spikeweave
