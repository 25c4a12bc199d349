// What is said when a kernel misuses a collective: which launch, which thread, why.
#include <cstdio>

#include "emulation/machine.hpp"

namespace spikeweave::emulation {
namespace {

template <class Index>
std::string text_of(const Index& index) {
  return "(" + std::to_string(index.x) + ", " + std::to_string(index.y) + ", " + std::to_string(index.z) + ")";
}

std::string text_of(const Wait& wait) {
  std::string text = name_of(wait.kind);
  if (is_warp_collective(wait.kind)) {
    char mask[32];
    std::snprintf(mask, sizeof mask, "(mask 0x%08x)", wait.mask);
    text += mask;
  }
  if (wait.size > 0) text += " of " + std::to_string(wait.size) + " bytes";
  return text;
}

bool is_same(const Wait& a, const Wait& b) {
  return a.kind == b.kind && a.mask == b.mask && a.size == b.size;
}

// Empty if every lane that the mask names waits with the thread.
std::string warp_obstacle(const Thread& thread) {
  const std::span<Thread> warp = thread.block->warp_of(thread);
  for (unsigned lane = 0; lane < warp_size; ++lane) {
    if ((thread.wait.mask >> lane & 1u) == 0) continue;
    const std::string names_lane = " names lane " + std::to_string(lane) + ", which ";
    if (lane >= warp.size()) return names_lane + "does not exist";
    const Thread& other = warp[lane];
    if (other.state == Thread::State::finished) return names_lane + "has exited";
    if (!is_same(other.wait, thread.wait)) return names_lane + "waits at " + text_of(other.wait);
  }
  return "";
}

// Empty if all members wait with the thread.
std::string barrier_obstacle(const Thread& thread, std::span<const Block> members) {
  for (const Block& block : members) {
    for (const Thread& other : block.threads) {
      const bool is_finished = other.state == Thread::State::finished;
      if (is_finished && thread.wait.kind != Collective::grid_sync) continue;
      if (!is_finished && other.wait.kind == thread.wait.kind) continue;
      return ", but thread " + std::to_string(other.number) + " of block " + text_of(block.index) +
             (is_finished ? " has exited" : " waits at " + text_of(other.wait));
    }
  }
  return "";
}

}  // namespace

const char* name_of(Collective kind) {
  switch (kind) {
    case Collective::syncthreads:
      return "__syncthreads";
    case Collective::syncthreads_and:
      return "__syncthreads_and";
    case Collective::syncthreads_or:
      return "__syncthreads_or";
    case Collective::syncthreads_count:
      return "__syncthreads_count";
    case Collective::cluster_sync:
      return "cluster_sync";
    case Collective::grid_sync:
      return "grid_sync";
    case Collective::syncwarp:
      return "__syncwarp";
    case Collective::ballot:
      return "__ballot_sync";
    case Collective::any:
      return "__any_sync";
    case Collective::all:
      return "__all_sync";
    case Collective::shfl:
      return "__shfl_sync";
    case Collective::shfl_up:
      return "__shfl_up_sync";
    case Collective::shfl_down:
      return "__shfl_down_sync";
    case Collective::shfl_xor:
      return "__shfl_xor_sync";
  }
  return "?";
}

bool is_warp_collective(Collective kind) {
  return kind >= Collective::syncwarp;
}

std::string Machine::describe(const Thread& thread) const {
  return "kernel launch with grid " + text_of(shape_->grid) + " and block " + text_of(shape_->block) + ": thread " +
         std::to_string(thread.number) + " of block " + text_of(thread.block->index);
}

// Warp collectives first: a barrier that others wait at is often only the consequence.
std::string Machine::diagnose() {
  for (const bool is_warp : {true, false}) {
    for (const Block& block : blocks_) {
      for (const Thread& thread : block.threads) {
        if (thread.state != Thread::State::waiting || is_warp_collective(thread.wait.kind) != is_warp) continue;
        std::span<const Block> members(&block, 1);
        if (thread.wait.kind == Collective::cluster_sync) members = cluster_of(block);
        if (thread.wait.kind == Collective::grid_sync) members = blocks_;
        const std::string obstacle = is_warp ? warp_obstacle(thread) : barrier_obstacle(thread, members);
        if (!obstacle.empty()) return describe(thread) + ": " + text_of(thread.wait) + obstacle;
      }
    }
  }
  return "deadlock";
}

}  // namespace spikeweave::emulation
