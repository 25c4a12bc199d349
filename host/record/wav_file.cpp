#include "host/record/wav_file.hpp"

#include <string_view>

#include <fmt/format.h>

#include "host/record/gzip_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

// Little-endian numbers of a file.
class Bytes {
 public:
  Bytes(const std::string& path, const std::string& bytes) : path_(path), bytes_(bytes) {}

  std::size_t size() const { return bytes_.size(); }
  std::string_view text(std::size_t at, std::size_t count) const {
    need(at, count);
    return std::string_view(bytes_).substr(at, count);
  }
  std::uint32_t number(std::size_t at, std::size_t count) const {
    std::uint32_t value = 0;
    const std::string_view part = text(at, count);
    for (std::size_t n = count; n-- > 0;) value = value << 8 | static_cast<unsigned char>(part[n]);
    return value;
  }
  void need(std::size_t at, std::size_t count) const {
    if (at + count <= bytes_.size()) return;
    throw InputError(path_, fmt::format("truncated: {} bytes from byte {} on; the file has {}", count, at, size()));
  }

 private:
  const std::string& path_;
  const std::string& bytes_;
};

}  // namespace

Sound read_wav(const std::string& path) {
  const std::string content = GzipReader(path).read_rest();
  const Bytes bytes(path, content);
  if (bytes.text(0, 4) != "RIFF" || bytes.text(8, 4) != "WAVE") {
    throw InputError(path, "not a WAV file: expected RIFF at byte 0 and WAVE at byte 8");
  }
  Sound sound;
  for (std::size_t at = 12; at + 8 <= bytes.size();) {
    const std::string_view name = bytes.text(at, 4);
    const std::size_t size = bytes.number(at + 4, 4);
    const std::size_t begin = at + 8;
    bytes.need(begin, size);
    if (name == "fmt ") {
      const std::uint32_t encoding = bytes.number(begin, 2), channels = bytes.number(begin + 2, 2),
                          bits = bytes.number(begin + 14, 2);
      if (encoding != 1 || channels != 1 || bits != 16) {
        throw InputError(path,
                         fmt::format("byte {}: encoding {}, {} channels of {} bits; allowed is encoding 1 (PCM), 1 "
                                     "channel of 16 bits",
                                     begin, encoding, channels, bits));
      }
      sound.rate = bytes.number(begin + 4, 4);
      if (sound.rate == 0) throw InputError(path, fmt::format("byte {}: a sampling rate of 0", begin + 4));
    } else if (name == "data") {
      if (sound.rate == 0) throw InputError(path, fmt::format("byte {}: data before their format", at));
      sound.samples.resize(size / 2);
      for (std::size_t n = 0; n < sound.samples.size(); ++n) {
        sound.samples[n] = static_cast<std::int16_t>(bytes.number(begin + 2 * n, 2));
      }
      return sound;
    }
    at = begin + size + size % 2;  // chunks begin at even bytes
  }
  throw InputError(path, "a WAV file without data");
}

}  // namespace spikeweave
