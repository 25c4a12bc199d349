// A bank of mel filters: the energy of a sound in bands that are equally wide on the mel scale.
//
// Frame f is the spectrum of the samples from round(f * hop) on, under a Hann window, of the length of the next power
// of two; the energy of a channel is the sum of |X|^2 over the spectrum under a triangle from the centre of the channel
// below to that of the one above. Mel scale: 2595 log10(1 + f / 700 Hz).
//
// Source: Davis & Mermelstein (1980), IEEE TASSP 28:357-366; O'Shaughnessy (1987), Speech Communication.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace spikeweave {

class MelBank {
 public:
  // rate [Hz], low, high [Hz] with low < high <= rate / 2, window, hop [samples].
  MelBank(double rate, std::size_t channels, double low, double high, std::size_t window, double hop);

  // Frames of a sound: each begins within it.
  std::size_t frame_count(std::size_t samples) const;
  // Energies, [frames, channels], of samples between -1 and 1; the first so many frames.
  std::vector<float> energies(std::span<const std::int16_t> samples, std::size_t frames) const;

 private:
  std::size_t channels_;
  std::size_t size_;  // of the spectrum's transform
  double hop_;
  std::vector<float> window_;
  std::vector<float> weights_;  // [channels, size / 2 + 1]
};

}  // namespace spikeweave
