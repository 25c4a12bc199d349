// Starting kernels, and the two kinds of shared memory inside them. The only place that launches: never <<<>>>.
//
// Arguments are converted to the kernel's parameter types and copied before the call returns. An empty grid or range
// launches nothing. A refused launch throws Error; debug builds (no NDEBUG) also wait for the kernel, so that an error
// inside it is reported at its own launch.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels/cuda_api.cuh"
#include "spikeweave/core/error.hpp"

namespace spikeweave::SW_DEVICE {

struct LaunchConfig {
  dim3 grid{1};
  dim3 block{1};
  std::size_t dynamic_shared_bytes = 0;  // may exceed 48 KiB
  cudaStream_t stream = nullptr;
  unsigned cluster = 1;      // blocks per cluster, neighbours along x; divides grid.x
  bool cooperative = false;  // all blocks run at once, so that grid_sync() works
};

namespace detail {

#if defined(SW_EMULATED)

template <class... Parameters, class... Arguments>
cudaError_t start(const LaunchConfig& config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  const std::tuple<Parameters...> copies(std::forward<Arguments>(arguments)...);
  return emulation::run_grid({.grid = config.grid,
                              .block = config.block,
                              .dynamic_shared_bytes = config.dynamic_shared_bytes,
                              .cluster = config.cluster,
                              .cooperative = config.cooperative},
                             [&] { std::apply(kernel, copies); });
}

#else

using Attributes = std::array<cudaLaunchAttribute, 2>;

// What the runtime takes; sets what the kernel needs for it. attributes: the memory of its own, which outlives it.
template <class... Parameters>
cudaLaunchConfig_t prepare(const LaunchConfig& config, void (*kernel)(Parameters...), Attributes& attributes) {
  constexpr unsigned portable_cluster = 8;  // blocks; CUDA programming guide, thread block clusters

  cudaLaunchConfig_t launch{};
  launch.gridDim = config.grid;
  launch.blockDim = config.block;
  launch.dynamicSmemBytes = config.dynamic_shared_bytes;
  launch.stream = config.stream;
  launch.attrs = attributes.data();
  if (config.cluster > 1) {
    attributes[launch.numAttrs].id = cudaLaunchAttributeClusterDimension;
    attributes[launch.numAttrs].val.clusterDim.x = config.cluster;
    attributes[launch.numAttrs].val.clusterDim.y = 1;
    attributes[launch.numAttrs].val.clusterDim.z = 1;
    ++launch.numAttrs;
  }
  if (config.cooperative) {
    attributes[launch.numAttrs].id = cudaLaunchAttributeCooperative;
    attributes[launch.numAttrs].val.cooperative = 1;
    ++launch.numAttrs;
  }
  if (config.dynamic_shared_bytes > 0) {  // static and dynamic together get 48 KiB without asking
    SW_EXPECTS(config.dynamic_shared_bytes <= std::size_t{std::numeric_limits<int>::max()},
               "launch: dynamic shared memory is too large");
    SW_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                       static_cast<int>(config.dynamic_shared_bytes)));
  }
  if (config.cluster > portable_cluster) {
    SW_CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1));
  }
  return launch;
}

template <class... Parameters, class... Arguments>
cudaError_t start(const LaunchConfig& config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  Attributes attributes{};
  const cudaLaunchConfig_t launch = prepare(config, kernel, attributes);
  return cudaLaunchKernelEx(&launch, kernel, std::forward<Arguments>(arguments)...);
}

#endif

}  // namespace detail

template <class... Parameters, class... Arguments>
void launch(const LaunchConfig& config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  static_assert((std::is_trivially_copyable_v<Parameters> && ...), "kernel parameters are copied byte by byte");
  if (config.grid.x == 0 || config.grid.y == 0 || config.grid.z == 0) return;
  SW_CUDA_CHECK(detail::start(config, kernel, std::forward<Arguments>(arguments)...));
#if !defined(NDEBUG)
  SW_CUDA_CHECK(cudaStreamSynchronize(config.stream));
#endif
}

// Clusters of that launch that the device runs at once; 0 where it has none of that size.
template <class... Parameters>
unsigned max_active_clusters(const LaunchConfig& config, [[maybe_unused]] void (*kernel)(Parameters...)) {
#if defined(SW_EMULATED)
  return emulation::multiprocessor_count > config.cluster ? emulation::multiprocessor_count / config.cluster : 1u;
#else
  detail::Attributes attributes{};
  int count = 0;
  const cudaLaunchConfig_t launch = detail::prepare(config, kernel, attributes);
  if (cudaOccupancyMaxActiveClusters(&count, kernel, &launch) == cudaSuccess) return static_cast<unsigned>(count);
  static_cast<void>(cudaGetLastError());  // an answer, not an error
  return 0;
#endif
}

// One thread for each of `count` elements, and up to a block more: the kernel guards with global_index_1d() >= count.
template <class... Parameters, class... Arguments>
void launch_1d(cudaStream_t stream, std::size_t count, void (*kernel)(Parameters...), Arguments&&... arguments) {
  constexpr std::size_t block_size = 256;
  constexpr std::size_t max_grid_x = 2147483647;  // CUDA programming guide, compute capabilities
  const std::size_t block_count = count / block_size + (count % block_size != 0 ? 1 : 0);
  SW_EXPECTS(block_count <= max_grid_x, "launch_1d: too many elements for one grid");
  launch({.grid = dim3(static_cast<unsigned>(block_count)), .block = dim3(block_size), .stream = stream}, kernel,
         std::forward<Arguments>(arguments)...);
}

__device__ __forceinline__ std::size_t global_index_1d() {
  return static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

// The array of LaunchConfig::dynamic_shared_bytes bytes, aligned to 16 bytes.
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
  static_assert(alignof(T) <= 16);
#if defined(SW_EMULATED)
  return static_cast<T*>(emulation::dynamic_shared_array());
#else
  extern __shared__ __align__(16) unsigned char dynamic_shared_bytes[];
  return reinterpret_cast<T*>(dynamic_shared_bytes);
#endif
}

}  // namespace spikeweave::SW_DEVICE

// SW_SHARED(float, tile, 256); declares `float tile[256]`, one array for each block, in the body of a kernel or of a
// device function. `count` is a constant expression; the content is undefined until written.
// Emulated: a reference to a heap array that belongs to the block and to this declaration, so that AddressSanitizer
// sees accesses outside of it.
#if defined(SW_EMULATED)
#define SW_SHARED(type, name, count) \
  static char name##_declaration;    \
  type(&name)[count] = ::spikeweave::emulation::shared_array<type, (count)>(&name##_declaration)
#else
#define SW_SHARED(type, name, count) __shared__ type name[count]
#endif
