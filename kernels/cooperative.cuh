// Synchronisation beyond the block: the whole grid, and clusters of neighbouring blocks (sm_90).
//
// grid_sync() needs LaunchConfig::cooperative and every thread of the grid; cluster_sync() every thread of the cluster
// that has not exited. Both order all memory accesses before them against those after them. Each comes in two halves as
// well: what a thread does between its arrival and its wait is not ordered, and overlaps the others' arriving. The
// emulator meets at the wait alone. Code for older devices, which have no clusters, traps where it calls one of theirs.
#pragma once

#include "kernels/cuda_api.cuh"

#if !defined(SW_EMULATED)
#include <cooperative_groups.h>
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
#define SW_HAS_NO_CLUSTERS
#endif
#endif

namespace spikeweave::SW_DEVICE {

__device__ __forceinline__ void grid_sync() {
#if defined(SW_EMULATED)
  emulation::grid_sync();
#else
  cooperative_groups::this_grid().sync();
#endif
}

// Returns what grid_wait() takes.
__device__ __forceinline__ unsigned grid_arrive() {
#if defined(SW_EMULATED)
  return 0;
#else
  return cooperative_groups::this_grid().barrier_arrive();
#endif
}

__device__ __forceinline__ void grid_wait([[maybe_unused]] unsigned arrival) {
#if defined(SW_EMULATED)
  emulation::grid_sync();
#else
  cooperative_groups::this_grid().barrier_wait(static_cast<unsigned&&>(arrival));
#endif
}

__device__ __forceinline__ void cluster_sync() {
#if defined(SW_EMULATED)
  emulation::cluster_sync();
#elif defined(SW_HAS_NO_CLUSTERS)
  __trap();
#else
  cooperative_groups::this_cluster().sync();
#endif
}

__device__ __forceinline__ void cluster_arrive() {
#if defined(SW_HAS_NO_CLUSTERS)
  __trap();
#elif !defined(SW_EMULATED)
  cooperative_groups::this_cluster().barrier_arrive();
#endif
}

__device__ __forceinline__ void cluster_wait() {
#if defined(SW_EMULATED)
  emulation::cluster_sync();
#elif defined(SW_HAS_NO_CLUSTERS)
  __trap();
#else
  cooperative_groups::this_cluster().barrier_wait();
#endif
}

// Position of this block in its cluster: 0 .. LaunchConfig::cluster - 1.
__device__ __forceinline__ unsigned cluster_rank() {
#if defined(SW_EMULATED)
  return emulation::cluster_rank();
#elif defined(SW_HAS_NO_CLUSTERS)
  __trap();
  return 0;
#else
  return cooperative_groups::this_cluster().block_rank();
#endif
}

// Where the block of that rank holds what `pointer` names in this block's shared memory.
// That block must have started (one cluster_sync() before the first access) and must not have exited (one after the
// last).
template <class T>
__device__ __forceinline__ T* cluster_shared(T* pointer, unsigned rank) {
#if defined(SW_EMULATED)
  return static_cast<T*>(emulation::cluster_shared(pointer, rank));
#elif defined(SW_HAS_NO_CLUSTERS)
  __trap();
  return pointer;
#else
  return cooperative_groups::this_cluster().map_shared_rank(pointer, rank);
#endif
}

}  // namespace spikeweave::SW_DEVICE
