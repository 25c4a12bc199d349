// Numbers written one behind the other into a block of bytes, and read back.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "spikeweave/core/error.hpp"

namespace spikeweave {

class ByteWriter {
 public:
  // The length, then the elements.
  template <class T>
  void put(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t count = values.size();
    append(&count, sizeof(count));
    append(values.data(), count * sizeof(T));
  }
  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  void append(const void* from, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(from);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  std::vector<std::byte> bytes_;
};

// Throws InputError where the block ends early; bytes must outlive the reader.
class ByteReader {
 public:
  explicit ByteReader(const std::vector<std::byte>& bytes) : bytes_(bytes) {}

  template <class T>
  std::vector<T> get() {
    std::size_t count = 0;
    take(&count, sizeof(count));
    if (count > (bytes_.size() - at_) / sizeof(T)) fail(count * sizeof(T));
    std::vector<T> values(count);
    take(values.data(), count * sizeof(T));
    return values;
  }

 private:
  [[noreturn]] void fail(std::size_t wanted) const {
    throw InputError("carried state", "ends after " + std::to_string(bytes_.size()) + " bytes; " +
                                          std::to_string(wanted) + " more are expected at " + std::to_string(at_));
  }
  void take(void* to, std::size_t size) {
    if (size > bytes_.size() - at_) fail(size);
    if (size > 0) std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
  }
  const std::vector<std::byte>& bytes_;
  std::size_t at_ = 0;
};

}  // namespace spikeweave
