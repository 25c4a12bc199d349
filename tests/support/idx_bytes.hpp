// IDX files as bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeweave::test {

inline std::string idx_bytes(const std::vector<std::uint32_t>& shape, const std::string& elements) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (const std::uint32_t size : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(size >> shift & 0xffu));
  }
  return bytes + elements;
}

}  // namespace spikeweave::test
