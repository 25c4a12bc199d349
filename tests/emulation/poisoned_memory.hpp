// A heap block of exactly the asked size, so that AddressSanitizer guards its ends, filled with 0xff: read before
// written, it gives NaN, -1 or the largest unsigned number.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>

namespace spikeweave::emulation {

class PoisonedMemory {
 public:
  explicit PoisonedMemory(std::size_t size)
      : size_(size), data_(static_cast<std::byte*>(::operator new(size, alignment))) {
    std::memset(data_.get(), 0xff, size);
  }

  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  static constexpr std::align_val_t alignment{256};  // what cudaMalloc promises

  struct Delete {
    void operator()(std::byte* data) const { ::operator delete(data, alignment); }
  };

  std::size_t size_;
  std::unique_ptr<std::byte, Delete> data_;
};

}  // namespace spikeweave::emulation
