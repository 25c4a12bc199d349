// Synchronisation beyond the block: the whole grid, and clusters of neighbouring blocks (sm_90).
//
// grid_sync() needs LaunchConfig::cooperative and every thread of the grid; cluster_sync() every thread of the cluster
// that has not exited. Both order all memory accesses before them against those after them. Each comes in two halves as
// well: what a thread does between its arrival and its wait is not ordered, and overlaps the others' arriving. The
// emulator meets at the wait alone. Code for older devices, which have no clusters, traps where it calls one of theirs.
#pragma once

#include <cstdint>

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

// Words that the blocks of a cluster send each other, without ordering anything else: an inbox, in shared memory,
// counts the bytes that have arrived in its block, phase by phase. A phase ends where as many as expected are there.
// Nothing of the next phase may arrive before: two inboxes take turns, and a block sends to the one only after its own
// wait at the other. The emulator sends at once, and meets at the wait.
using Inbox = std::uint64_t;

#if !defined(SW_EMULATED)
template <class T>
__device__ __forceinline__ unsigned shared_address(T* pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}
#endif

// By one thread, and a cluster_sync() before the first word is sent.
__device__ __forceinline__ void open_inbox([[maybe_unused]] Inbox* inbox) {
#if defined(SW_HAS_NO_CLUSTERS)
  __trap();
#elif !defined(SW_EMULATED)
  asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(shared_address(inbox)) : "memory");
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
#endif
}

// By one thread in each phase.
__device__ __forceinline__ void expect_bytes([[maybe_unused]] Inbox* inbox, [[maybe_unused]] unsigned bytes) {
#if defined(SW_HAS_NO_CLUSTERS)
  __trap();
#elif !defined(SW_EMULATED)
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(inbox)), "r"(bytes)
               : "memory");
#endif
}

// To the block of that rank, where `word` and `inbox` lie as in this block.
__device__ __forceinline__ void send_word(unsigned* word, unsigned value, [[maybe_unused]] Inbox* inbox,
                                          unsigned rank) {
#if defined(SW_EMULATED)
  *static_cast<unsigned*>(emulation::cluster_shared(word, rank)) = value;
#elif defined(SW_HAS_NO_CLUSTERS)
  __trap();
#else
  unsigned there;
  unsigned inbox_there;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(shared_address(word)), "r"(rank));
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(inbox_there) : "r"(shared_address(inbox)), "r"(rank));
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%0], %1, [%2];" ::"r"(there), "r"(value),
               "r"(inbox_there)
               : "memory");
#endif
}

// Waits until the phase of that parity has ended; the first phase has parity 0.
__device__ __forceinline__ void wait_for_bytes([[maybe_unused]] Inbox* inbox, [[maybe_unused]] unsigned parity) {
#if defined(SW_EMULATED)
  emulation::cluster_sync();
#elif defined(SW_HAS_NO_CLUSTERS)
  __trap();
#else
  unsigned is_over = 0;
  while (is_over == 0) {
    asm volatile(
        "{\n"
        ".reg .pred over;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 over, [%1], %2;\n"
        "selp.u32 %0, 1, 0, over;\n"
        "}"
        : "=r"(is_over)
        : "r"(shared_address(inbox)), "r"(parity)
        : "memory");
  }
#endif
}

}  // namespace spikeweave::SW_DEVICE
