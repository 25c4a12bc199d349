#include "host/record/address_events.hpp"

#include <fmt/format.h>

#include "host/record/gzip_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {

std::vector<AddressEvent> read_address_events(const std::string& path, std::size_t width, std::size_t height) {
  constexpr std::size_t event_bytes = 5;
  const std::string bytes = GzipReader(path).read_rest();
  if (bytes.size() % event_bytes != 0) {
    throw InputError(
        path, fmt::format("truncated: {} bytes; expected a multiple of {}, an event's", bytes.size(), event_bytes));
  }
  std::vector<AddressEvent> events(bytes.size() / event_bytes);
  for (std::size_t n = 0; n < events.size(); ++n) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[n * event_bytes + i]); };
    events[n] = {byte(0), byte(1), static_cast<std::uint8_t>(byte(2) >> 7),
                 (byte(2) & 0x7fu) << 16 | std::uint32_t{byte(3)} << 8 | byte(4)};
    if (events[n].x < width && events[n].y < height) continue;
    throw InputError(path, fmt::format("byte {}: an event at x {}, y {}; the sensor has {} x {} pixels",
                                       n * event_bytes, events[n].x, events[n].y, width, height));
  }
  return events;
}

}  // namespace spikeweave
