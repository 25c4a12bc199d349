// The emulated machine: threads, blocks, barriers, and the loop that gives threads their turn. Private to this folder.
//
// Blocks run in waves: those that must be on the device together (one block, one cluster, or the whole grid of a
// cooperative launch). A wave runs in passes; in each, every thread that can run does so until it blocks or ends.
// A pass in which nobody ran is a deadlock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "emulation/execution.hpp"
#include "emulation/fiber.hpp"
#include "emulation/poisoned_memory.hpp"

namespace spikeweave::emulation {

inline constexpr unsigned warp_size = 32;

struct Block;
struct Worker;

// What a thread gave to the collective it waits at.
struct Wait {
  Collective kind{};
  unsigned mask = 0;         // warp collectives
  std::size_t size = 0;      // shuffles: bytes of the value
  std::uint64_t value = 0;   // shuffles: the value; votes: 1 for true
  unsigned source_lane = 0;  // shuffles
};

struct Thread {
  enum class State : std::uint8_t { unstarted, ready, waiting, finished };

  Block* block;
  unsigned number;  // in the block, x fastest
  State state = State::unstarted;
  Worker* worker = nullptr;  // while started and not finished
  Wait wait{};
  std::uint64_t result = 0;

  unsigned lane() const { return number % warp_size; }
};

// Rendezvous of a block, a cluster or the grid.
struct Barrier {
  Collective kind{};
  std::size_t arrived = 0;
  std::size_t votes = 0;
};

struct SharedArray {
  const void* declaration;
  PoisonedMemory memory;
};

struct Block {
  emulated::uint3 index{};
  std::vector<Thread> threads;
  std::size_t live_count = 0;  // threads that have not finished
  Barrier barrier;
  std::vector<SharedArray> shared;

  std::span<Thread> warp_of(const Thread& thread);
  std::byte* shared_array(const void* declaration, std::size_t size);
};

// A fiber, and the thread it runs: after one that ended without blocking it takes the next, so that kernels without
// collectives need a single one.
struct Worker {
  explicit Worker(void (*entry)(void*)) : fiber(entry, this) {}

  Fiber fiber;
  Thread* thread = nullptr;
};

class Machine {
 public:
  static Machine& instance();

  void set_thread_order(ThreadOrder order, std::uint64_t seed);
  emulated::cudaError_t run_grid(const GridShape& shape, const std::function<void()>& kernel);

  // Called by the running thread.
  Thread& current(const char* caller);
  std::uint64_t wait_at(const Wait& wait);
  std::span<Block> cluster_of(const Block& block);
  const GridShape& shape() const { return *shape_; }
  std::string describe(const Thread& thread) const;  // launch, block and thread, for messages

 private:
  struct Cancelled {};  // unwinds a thread that waits when the launch has failed

  template <class Item>
  void put_in_order(std::vector<Item>& items);
  emulated::cudaError_t check_shape(const GridShape& shape) const;
  void run_wave(std::size_t first_block, std::size_t block_count);
  void start_wave(std::size_t first_block, std::size_t block_count);
  void run_passes();
  // One turn for each of those that can go on; whether there was one.
  bool run_turns(std::size_t first, std::size_t end);
  void resume(Thread& thread);
  void cancel_wave();

  // On a worker's stack.
  static void work(void* worker);
  void run_thread(Worker& worker, Thread& thread);
  Thread* take_next_unstarted();
  void select(Thread& thread);

  void finish(Thread& thread);
  void arrive(Thread& thread);
  Barrier& cluster_barrier(const Block& block);
  void arrive_at_barrier(Barrier& barrier, Thread& thread);
  void release_if_complete(Barrier& barrier, std::span<Block> members);
  void release_warp_if_complete(Thread& thread);
  std::string diagnose();  // why nobody can run

  ThreadOrder order_ = ThreadOrder::ascending;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Worker>> workers_;  // kept from launch to launch
  std::vector<Worker*> idle_;

  // The launch.
  const GridShape* shape_ = nullptr;
  const std::function<void()>* kernel_ = nullptr;
  std::exception_ptr failure_;
  bool is_cancelling_ = false;

  // The wave.
  std::vector<Block> blocks_;
  std::vector<Barrier> cluster_barriers_;
  Barrier grid_barrier_;
  std::vector<Thread*> turns_;  // all threads of the wave, in the order of this pass
  std::size_t next_turn_ = 0;
  std::size_t turn_end_ = 0;
  Thread* current_ = nullptr;
};

const char* name_of(Collective kind);
bool is_warp_collective(Collective kind);

}  // namespace spikeweave::emulation
