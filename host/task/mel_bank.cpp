#include "host/task/mel_bank.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>

#include <unsupported/Eigen/FFT>

namespace spikeweave {
namespace {

double mel(double hertz) {
  return 2595.0 * std::log10(1.0 + hertz / 700.0);
}
double hertz(double mel) {
  return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0);
}

}  // namespace

MelBank::MelBank(double rate, std::size_t channels, double low, double high, std::size_t window, double hop)
    : channels_(channels),
      size_(std::bit_ceil(std::max<std::size_t>(window, 2))),
      hop_(hop),
      window_(window),
      weights_(channels * (size_ / 2 + 1), 0.0f) {
  for (std::size_t n = 0; n < window; ++n) {
    const double phase = 2.0 * std::numbers::pi * (static_cast<double>(n) + 0.5) / static_cast<double>(window);
    window_[n] = static_cast<float>(0.5 - 0.5 * std::cos(phase));
  }
  const auto edge = [&](std::size_t n) {
    return hertz(mel(low) + (mel(high) - mel(low)) * static_cast<double>(n) / static_cast<double>(channels + 1));
  };
  for (std::size_t c = 0; c < channels; ++c) {
    const double below = edge(c), centre = edge(c + 1), above = edge(c + 2);
    for (std::size_t k = 0; k <= size_ / 2; ++k) {
      const double f = static_cast<double>(k) * rate / static_cast<double>(size_);
      const double weight = f < centre ? (f - below) / (centre - below) : (above - f) / (above - centre);
      weights_[c * (size_ / 2 + 1) + k] = static_cast<float>(std::max(weight, 0.0));
    }
  }
}

std::size_t MelBank::frame_count(std::size_t samples) const {
  std::size_t frames = static_cast<std::size_t>(static_cast<double>(samples) / hop_);
  while (std::llround(static_cast<double>(frames) * hop_) < static_cast<long long>(samples)) ++frames;
  return frames;
}

std::vector<float> MelBank::energies(std::span<const std::int16_t> samples, std::size_t frames) const {
  Eigen::FFT<float> transform;
  std::vector<float> block(size_), all(frames * channels_, 0.0f);
  std::vector<std::complex<float>> spectrum;
  for (std::size_t f = 0; f < std::min(frames, frame_count(samples.size())); ++f) {
    const auto first = static_cast<std::size_t>(std::llround(static_cast<double>(f) * hop_));
    std::fill(block.begin(), block.end(), 0.0f);
    for (std::size_t n = 0; n < window_.size() && first + n < samples.size(); ++n) {
      block[n] = window_[n] * static_cast<float>(samples[first + n]) / 32768.0f;
    }
    transform.fwd(spectrum, block);
    for (std::size_t c = 0; c < channels_; ++c) {
      float energy = 0.0f;
      for (std::size_t k = 0; k <= size_ / 2; ++k) energy += weights_[c * (size_ / 2 + 1) + k] * std::norm(spectrum[k]);
      all[f * channels_ + c] = energy;
    }
  }
  return all;
}

}  // namespace spikeweave
