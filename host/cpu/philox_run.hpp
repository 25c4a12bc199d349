// Random words of many counters that follow each other.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spikeweave/core/random.hpp"

namespace spikeweave::cpu {

enum class Advance { step, block };  // the word of the counter that goes up by one

// out[4 n + k]: word k of the counter `first` advanced by n, for n = 0 .. count-1; equal to philox4x32_10 bit for bit.
void philox_run(PhiloxCounter first, Advance advance, std::size_t count, PhiloxKey key, std::uint32_t* out);

}  // namespace spikeweave::cpu
