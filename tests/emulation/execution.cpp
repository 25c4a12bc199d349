// The calls that a kernel makes into the machine.
#include "emulation/execution.hpp"

#include <bit>
#include <string>

#include "emulation/machine.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::emulation {
namespace {

constexpr char dynamic_declaration = 0;  // its address stands for the dynamic shared array

std::uint64_t wait_for_lanes(const Wait& wait) {
  Machine& machine = Machine::instance();
  const Thread& self = machine.current(name_of(wait.kind));
  if ((wait.mask >> self.lane() & 1u) == 0) {
    throw Error(machine.describe(self) + ": " + name_of(wait.kind) + ": the mask does not name the calling lane " +
                std::to_string(self.lane()));
  }
  return machine.wait_at(wait);
}

// The lane whose value the running lane receives; its own where the segment of `width` lanes ends.
unsigned source_lane(Collective kind, unsigned own_lane, unsigned argument, unsigned width) {
  const unsigned segment_begin = own_lane & ~(width - 1);
  const unsigned segment_end = segment_begin + width;
  switch (kind) {
    case Collective::shfl_up:
      return argument <= own_lane - segment_begin ? own_lane - argument : own_lane;
    case Collective::shfl_down:
      return argument < segment_end - own_lane ? own_lane + argument : own_lane;
    case Collective::shfl_xor:
      return (own_lane ^ argument) < segment_end ? own_lane ^ argument : own_lane;
    default:
      return segment_begin | (argument & (width - 1));
  }
}

}  // namespace

void set_thread_order(ThreadOrder order, std::uint64_t seed) {
  Machine::instance().set_thread_order(order, seed);
}

emulated::cudaError_t run_grid(const GridShape& shape, const std::function<void()>& kernel) {
  return Machine::instance().run_grid(shape, kernel);
}

int block_barrier(Collective kind, bool predicate) {
  return static_cast<int>(Machine::instance().wait_at({.kind = kind, .value = predicate ? 1u : 0u}));
}

void cluster_sync() {
  Machine::instance().wait_at({.kind = Collective::cluster_sync});
}

void grid_sync() {
  Machine& machine = Machine::instance();
  const Thread& self = machine.current("grid_sync");
  if (!machine.shape().cooperative) throw Error(machine.describe(self) + ": grid_sync needs a cooperative launch");
  machine.wait_at({.kind = Collective::grid_sync});
}

unsigned warp_vote(Collective kind, unsigned mask, bool predicate) {
  return static_cast<unsigned>(wait_for_lanes({.kind = kind, .mask = mask, .value = predicate ? 1u : 0u}));
}

std::uint64_t warp_shuffle(Collective kind, unsigned mask, std::uint64_t value, std::size_t size, unsigned argument,
                           int width) {
  Machine& machine = Machine::instance();
  const Thread& self = machine.current(name_of(kind));
  const auto lanes = static_cast<unsigned>(width);
  if (!std::has_single_bit(lanes) || lanes > warp_size) {
    throw Error(machine.describe(self) + ": " + name_of(kind) + ": width is " + std::to_string(width) +
                ", allowed are 1, 2, 4, 8, 16, 32");
  }
  return wait_for_lanes({.kind = kind,
                         .mask = mask,
                         .size = size,
                         .value = value,
                         .source_lane = source_lane(kind, self.lane(), argument, lanes)});
}

unsigned lane() {
  return Machine::instance().current("lane").lane();
}

unsigned cluster_rank() {
  Machine& machine = Machine::instance();
  const Block& block = *machine.current("cluster_rank").block;
  return static_cast<unsigned>(&block - machine.cluster_of(block).data());
}

void* shared_array(const void* declaration, std::size_t size) {
  Machine& machine = Machine::instance();
  const Thread& self = machine.current("SW_SHARED");
  Block& block = *self.block;
  void* const array = block.shared_array(declaration, size);
  std::size_t total = 0;
  for (const SharedArray& shared : block.shared) total += shared.memory.size();
  if (total > max_shared_bytes_per_block) {
    throw Error(machine.describe(self) + ": shared memory: " + std::to_string(total) + " bytes, allowed are " +
                std::to_string(max_shared_bytes_per_block));
  }
  return array;
}

void* dynamic_shared_array() {
  return shared_array(&dynamic_declaration, Machine::instance().shape().dynamic_shared_bytes);
}

void* cluster_shared(void* pointer, unsigned rank) {
  Machine& machine = Machine::instance();
  const Thread& self = machine.current("cluster_shared");
  const std::span<Block> cluster = machine.cluster_of(*self.block);
  if (rank >= cluster.size()) {
    throw Error(machine.describe(self) + ": cluster_shared: rank is " + std::to_string(rank) + " in a cluster of " +
                std::to_string(cluster.size()));
  }
  if (cluster[rank].live_count == 0) {
    throw Error(machine.describe(self) + ": cluster_shared: the block of rank " + std::to_string(rank) + " has exited");
  }
  for (const SharedArray& shared : self.block->shared) {
    const std::uintptr_t offset =  // wraps around, to a large number, where the pointer lies before the array
        reinterpret_cast<std::uintptr_t>(pointer) - reinterpret_cast<std::uintptr_t>(shared.memory.data());
    if (offset >= shared.memory.size()) continue;
    return cluster[rank].shared_array(shared.declaration, shared.memory.size()) + offset;
  }
  throw Error(machine.describe(self) + ": cluster_shared: the pointer is not into this block's shared memory");
}

void require_global(const void* pointer, const char* caller) {
  Machine& machine = Machine::instance();
  const Thread& self = machine.current(caller);
  for (const SharedArray& shared : self.block->shared) {
    if (reinterpret_cast<std::uintptr_t>(pointer) - reinterpret_cast<std::uintptr_t>(shared.memory.data()) >=
        shared.memory.size()) {
      continue;
    }
    throw Error(machine.describe(self) + ": " + caller + ": the pointer is into shared memory");
  }
}

std::byte* Block::shared_array(const void* declaration, std::size_t size) {
  for (const SharedArray& array : shared) {
    if (array.declaration == declaration) return array.memory.data();
  }
  shared.push_back({declaration, PoisonedMemory(size)});
  return shared.back().memory.data();
}

}  // namespace spikeweave::emulation
