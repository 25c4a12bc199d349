// WAV files: one channel of 16-bit numbers.
//
// Source: Microsoft & IBM (1991), Multimedia Programming Interface and Data Specifications 1.0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeweave {

struct Sound {
  std::uint32_t rate = 0;  // [Hz]
  std::vector<std::int16_t> samples;
};

// Throws InputError: not a WAV file, truncated, another encoding, more than one channel; with the byte.
Sound read_wav(const std::string& path);

}  // namespace spikeweave
