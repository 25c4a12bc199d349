// Who waits for whom: arrival, completion and results of the collectives.
#include <algorithm>

#include "emulation/machine.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::emulation {
namespace {

std::uint64_t reduce_votes(const Barrier& barrier) {
  switch (barrier.kind) {
    case Collective::syncthreads_and:
      return barrier.votes == barrier.arrived ? 1 : 0;
    case Collective::syncthreads_or:
      return barrier.votes > 0 ? 1 : 0;
    case Collective::syncthreads_count:
      return barrier.votes;
    default:
      return 0;
  }
}

bool is_same_warp_collective(const Wait& a, const Wait& b) {
  return a.kind == b.kind && a.mask == b.mask && a.size == b.size;
}

}  // namespace

std::span<Thread> Block::warp_of(const Thread& thread) {
  const std::size_t first = thread.number - thread.lane();
  return std::span(threads).subspan(first, std::min<std::size_t>(warp_size, threads.size() - first));
}

std::span<Block> Machine::cluster_of(const Block& block) {
  const auto position = static_cast<std::size_t>(&block - blocks_.data());
  return std::span(blocks_).subspan(position / shape_->cluster * shape_->cluster, shape_->cluster);
}

Barrier& Machine::cluster_barrier(const Block& block) {
  return cluster_barriers_[static_cast<std::size_t>(&block - blocks_.data()) / shape_->cluster];
}

void Machine::arrive(Thread& thread) {
  Block& block = *thread.block;
  if (is_warp_collective(thread.wait.kind)) {
    release_warp_if_complete(thread);
  } else if (thread.wait.kind == Collective::grid_sync) {
    arrive_at_barrier(grid_barrier_, thread);
    release_if_complete(grid_barrier_, blocks_);
  } else if (thread.wait.kind == Collective::cluster_sync) {
    arrive_at_barrier(cluster_barrier(block), thread);
    release_if_complete(cluster_barrier(block), cluster_of(block));
  } else {
    arrive_at_barrier(block.barrier, thread);
    release_if_complete(block.barrier, {&block, 1});
  }
}

void Machine::arrive_at_barrier(Barrier& barrier, Thread& thread) {
  if (barrier.arrived > 0 && barrier.kind != thread.wait.kind) {
    throw Error(describe(thread) + ": " + name_of(thread.wait.kind) + ", but other threads of the block wait at " +
                name_of(barrier.kind));
  }
  barrier.kind = thread.wait.kind;
  barrier.votes += thread.wait.value;
  ++barrier.arrived;
}

// A thread that has ended is not waited for, except by grid_sync, which on the device would hang.
void Machine::release_if_complete(Barrier& barrier, std::span<Block> members) {
  if (barrier.arrived == 0) return;
  std::size_t expected = 0;
  for (const Block& block : members) {
    expected += barrier.kind == Collective::grid_sync ? block.threads.size() : block.live_count;
  }
  if (barrier.arrived < expected) return;
  for (Block& block : members) {
    for (Thread& thread : block.threads) {
      if (thread.state != Thread::State::waiting) continue;
      thread.state = Thread::State::ready;
      thread.result = reduce_votes(barrier);
    }
  }
  barrier = Barrier{};
}

void Machine::release_warp_if_complete(Thread& thread) {
  const Wait& wait = thread.wait;
  const std::span<Thread> warp = thread.block->warp_of(thread);
  unsigned votes = 0;
  for (unsigned lane = 0; lane < warp_size; ++lane) {
    if ((wait.mask >> lane & 1u) == 0) continue;
    if (lane >= warp.size()) return;
    const Thread& other = warp[lane];
    if (other.state != Thread::State::waiting || !is_same_warp_collective(other.wait, wait)) return;
    votes |= static_cast<unsigned>(other.wait.value & 1u) << lane;
  }
  const unsigned mask = wait.mask;
  const bool is_shuffle = wait.size > 0;
  for (Thread& member : warp) {
    if ((mask >> member.lane() & 1u) == 0) continue;
    const unsigned source = member.wait.source_lane;
    const bool has_source = is_shuffle && (mask >> source & 1u) != 0;
    member.result = !is_shuffle ? votes : has_source ? warp[source].wait.value : ~std::uint64_t{0};
    member.state = Thread::State::ready;
  }
}

void Machine::finish(Thread& thread) {
  Block& block = *thread.block;
  thread.state = Thread::State::finished;
  --block.live_count;
  if (failure_) return;
  release_if_complete(block.barrier, {&block, 1});
  release_if_complete(cluster_barrier(block), cluster_of(block));
}

}  // namespace spikeweave::emulation
