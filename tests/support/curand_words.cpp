#include "support/curand_words.hpp"

#include "kernels/device_random.cuh"

namespace spikeweave::test {

bool has_curand_header() {
#if defined(SW_HAS_CUDA_HEADERS)
  return true;
#else
  return false;
#endif
}

std::array<std::uint32_t, 4> curand_words(const PhiloxCounter& counter, const PhiloxKey& key) {
  const PhiloxCounter words = emulated::random_words(counter, key);
  return {words.x, words.y, words.z, words.w};
}

}  // namespace spikeweave::test
