// The number stream of numpy's legacy RandomState(seed), bit for bit, so that published inputs that were drawn with
// numpy can be drawn again without numpy. Not for simulations: those use the counter-based generator.
//
// Source: the documented behaviour of numpy.random.RandomState (frozen since numpy 1.16): MT19937 seeded with one
// 32-bit integer, doubles of 53 bits, polar Gaussian method. tests/unit/nest_reference_test.cpp holds its numbers.
// Host only. The Gaussian uses std::log, so its last bit is as good as the platform's logarithm.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

namespace spikeweave {

class NumpyRandom {
 public:
  explicit NumpyRandom(std::uint32_t seed) : engine_(seed) {}

  // RandomState.random_sample(), .rand(): uniform in [0, 1), two words per value.
  double random_sample() {
    const std::uint32_t high = next_word() >> 5;            // 27 bits
    const std::uint32_t low = next_word() >> 6;             // 26 bits
    return (high * 67108864.0 + low) / 9007199254740992.0;  // (high * 2^26 + low) / 2^53
  }

  // RandomState.uniform(low, high): in [low, high).
  double uniform(double low, double high) { return low + (high - low) * random_sample(); }

  // RandomState.randn(): standard normal. Values come in pairs; the second one is kept for the next call, also when
  // other numbers are drawn between the two.
  double randn() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    double x1 = 0.0;
    double x2 = 0.0;
    double square = 0.0;
    do {
      x1 = 2.0 * random_sample() - 1.0;
      x2 = 2.0 * random_sample() - 1.0;
      square = x1 * x1 + x2 * x2;
    } while (square >= 1.0 || square == 0.0);
    const double factor = std::sqrt(-2.0 * std::log(square) / square);
    spare_ = factor * x1;
    has_spare_ = true;
    return factor * x2;
  }

  // RandomState.randint(0, count) and one element of .choice(count): uniform in [0, count), count >= 1.
  // Words are masked to the bits of count - 1 and rejected above it; count = 1 draws nothing.
  std::uint32_t randint(std::uint32_t count) {
    const std::uint32_t largest = count - 1;
    if (largest == 0) return 0;
    std::uint32_t mask = largest;
    for (unsigned shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    std::uint32_t value = next_word() & mask;
    while (value > largest) value = next_word() & mask;
    return value;
  }

  // One element of RandomState.choice([0, 1], size, p=[p0, p1]): 1 with probability p1 / (p0 + p1).
  int choice_of_two(double p0, double p1) { return random_sample() >= p0 / (p0 + p1) ? 1 : 0; }

 private:
  std::uint32_t next_word() { return static_cast<std::uint32_t>(engine_()); }

  std::mt19937 engine_;  // the standard fixes its words; same seeding as numpy for one integer
  double spare_ = 0.0;
  bool has_spare_ = false;
};

}  // namespace spikeweave
