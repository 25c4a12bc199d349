// cuRAND's Philox on the host, as the emulated kernels use it.
#pragma once

#include <array>
#include <cstdint>

#include "spikeweave/core/random.hpp"

namespace spikeweave::test {

bool has_curand_header();  // false: curand_words() is core/random.hpp again
std::array<std::uint32_t, 4> curand_words(const PhiloxCounter& counter, const PhiloxKey& key);

}  // namespace spikeweave::test
