// IDX files, the format of MNIST, of unsigned bytes: rows are read from the disk when they are asked for.
//
// Source: Y. LeCun's description of the format: 0, 0, the type (8: unsigned byte), the number of dimensions; their
// sizes as big-endian 32-bit numbers; the elements, the last dimension changing fastest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace spikeweave {

class IdxFile {
 public:
  // rank: number of dimensions, at least 1. A gzip'ed file is unpacked into a temporary file that has no name.
  // Throws InputError, with the byte: another type or rank, sizes that the file's length does not fit, a damaged
  // stream.
  IdxFile(const std::string& path, std::size_t rank);

  const std::string& path() const { return path_; }
  const std::vector<std::size_t>& shape() const { return shape_; }
  std::size_t row_bytes() const { return row_bytes_; }  // of one element of the first dimension
  // Where row `index` begins in the (unpacked) file.
  std::uint64_t offset(std::size_t index) const;
  // Rows first ... first + count - 1 into [count, row_bytes]. May be called by several threads at once.
  void read(std::size_t first, std::size_t count, std::uint8_t* to) const;

 private:
  void read_header(const std::vector<std::uint8_t>& header, std::size_t rank);
  void unpack(std::uint64_t expected);

  std::string path_;
  std::vector<std::size_t> shape_;
  std::size_t row_bytes_ = 1;
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace spikeweave
