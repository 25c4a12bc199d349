// Recordings of event cameras: 5 bytes for each event, as of N-MNIST (.bin) and SLAYER (.bs2).
//
// Source: Orchard, Jayawant, Cohen & Thakor (2015), Front. Neurosci. 9:437, and the data set's description: x, y, then
// 24 bits, big-endian: polarity and the time in microseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace spikeweave {

struct AddressEvent {
  std::uint8_t x = 0, y = 0, polarity = 0;
  std::uint32_t time = 0;  // [us]

  bool operator==(const AddressEvent&) const = default;
};

// All events of a file of a sensor of width x height pixels, in its order.
// Throws InputError: a file that cannot be read, that ends within an event, an event outside of the sensor, with its
// byte.
std::vector<AddressEvent> read_address_events(const std::string& path, std::size_t width, std::size_t height);

}  // namespace spikeweave
