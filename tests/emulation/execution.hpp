// Runs a kernel on the emulated device: grid, clusters, blocks and warps of threads, one thread at a time.
//
// Every thread is a fiber that runs until it blocks in a collective or ends. The emulator belongs to one OS thread:
// nothing here may be called from two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <type_traits>

#include "emulation/runtime_api.hpp"
#include "emulation/vector_types.hpp"

namespace spikeweave::emulated {

// The variables a kernel reads; set whenever a thread is resumed.
inline uint3 threadIdx{};
inline uint3 blockIdx{};
inline dim3 blockDim{};
inline dim3 gridDim{};
inline constexpr int warpSize = 32;

}  // namespace spikeweave::emulated

namespace spikeweave::emulation {

// In which order blocks, and the threads of a block between two collectives, take their turn.
enum class ThreadOrder { ascending, descending, shuffled };

// Holds for the following launches, until set again; at the start: ascending. seed: used by `shuffled` only.
void set_thread_order(ThreadOrder order, std::uint64_t seed = 0);

struct GridShape {
  emulated::dim3 grid;
  emulated::dim3 block;
  std::size_t dynamic_shared_bytes;
  unsigned cluster;  // blocks, along x
  bool cooperative;
};

// Calls kernel() once for each thread of the grid and returns when all have ended. A shape that the device refuses is
// returned as an error. Throws what a thread throws, and Error where a collective is misused or can never complete.
emulated::cudaError_t run_grid(const GridShape& shape, const std::function<void()>& kernel);

// The rest is called by kernels, through device_functions.hpp and kernels/*.cuh.

enum class Collective {
  syncthreads,
  syncthreads_and,
  syncthreads_or,
  syncthreads_count,
  cluster_sync,
  grid_sync,
  syncwarp,
  ballot,
  any,
  all,
  shfl,
  shfl_up,
  shfl_down,
  shfl_xor
};

// Waits for all threads of the block that have not exited; returns how many gave true, reduced as `kind` asks.
int block_barrier(Collective kind, bool predicate);
void cluster_sync();
void grid_sync();

// Waits for the lanes of mask; returns the lanes that gave true.
unsigned warp_vote(Collective kind, unsigned mask, bool predicate);

// Waits for the lanes of mask; returns the bits of another lane's value. A lane outside of mask gives all bits 1.
// argument: source lane, delta or lane mask, as `kind` asks. size: bytes of the value, at most 8.
std::uint64_t warp_shuffle(Collective kind, unsigned mask, std::uint64_t value, std::size_t size, unsigned argument,
                           int width);

unsigned lane();  // of the running thread in its warp
unsigned cluster_rank();

// The array of the running block that belongs to the declaration, made and poisoned at its first use.
void* shared_array(const void* declaration, std::size_t size);
void* dynamic_shared_array();
void* cluster_shared(void* pointer, unsigned rank);
// Throws where the pointer is into shared memory, which `caller` cannot read.
void require_global(const void* pointer, const char* caller);

template <class T, std::size_t count>
T (&shared_array(const void* declaration))
[count] {
  static_assert(std::is_trivially_default_constructible_v<T> && std::is_trivially_destructible_v<T>);
  return *static_cast<T(*)[count]>(shared_array(declaration, sizeof(T) * count));
}

}  // namespace spikeweave::emulation
