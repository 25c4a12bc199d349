#include "emulation/machine.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "spikeweave/core/error.hpp"

namespace spikeweave::emulation {

Machine& Machine::instance() {
  static Machine machine;
  return machine;
}

void Machine::set_thread_order(ThreadOrder order, std::uint64_t seed) {
  order_ = order;
  random_.seed(seed);
}

// items: in ascending order.
template <class Item>
void Machine::put_in_order(std::vector<Item>& items) {
  if (order_ == ThreadOrder::descending) std::reverse(items.begin(), items.end());
  if (order_ == ThreadOrder::shuffled) std::shuffle(items.begin(), items.end(), random_);
}

emulated::cudaError_t Machine::check_shape(const GridShape& shape) const {
  const auto [grid, block] = std::pair{shape.grid, shape.block};
  const bool is_grid_valid = grid.x > 0 && grid.x <= 2147483647u && grid.y > 0 && grid.y <= 65535u && grid.z > 0 &&
                             grid.z <= 65535u;  // the limits of CUDA's programming guide, as all here
  const bool is_block_valid = block.x > 0 && block.x <= 1024u && block.y > 0 && block.y <= 1024u && block.z > 0 &&
                              block.z <= 64u && block.x * block.y * block.z <= max_threads_per_block;
  const bool is_cluster_valid = shape.cluster > 0 && shape.cluster <= 16 && grid.x % shape.cluster == 0;
  if (!is_grid_valid || !is_block_valid || !is_cluster_valid) return emulated::cudaErrorInvalidConfiguration;
  if (shape.dynamic_shared_bytes > max_shared_bytes_per_block) return emulated::cudaErrorInvalidValue;
  if (shape.cooperative) {
    const std::size_t resident = std::size_t{multiprocessor_count} *
                                 resident_blocks(std::size_t{block.x} * block.y * block.z, shape.dynamic_shared_bytes);
    if (std::size_t{grid.x} * grid.y * grid.z > resident) return emulated::cudaErrorCooperativeLaunchTooLarge;
  }
  return emulated::cudaSuccess;
}

emulated::cudaError_t Machine::run_grid(const GridShape& shape, const std::function<void()>& kernel) {
  if (current_ != nullptr) return emulated::cudaErrorNotSupported;  // a launch inside a kernel
  const emulated::cudaError_t error = check_shape(shape);
  if (error != emulated::cudaSuccess) return error;

  shape_ = &shape;
  kernel_ = &kernel;
  emulated::gridDim = shape.grid;
  emulated::blockDim = shape.block;
  const std::size_t block_count = std::size_t{shape.grid.x} * shape.grid.y * shape.grid.z;
  const std::size_t wave_size = shape.cooperative ? block_count : shape.cluster;
  std::vector<std::size_t> waves(block_count / wave_size);
  std::iota(waves.begin(), waves.end(), std::size_t{0});
  put_in_order(waves);
  for (const std::size_t wave : waves) run_wave(wave * wave_size, wave_size);
  return emulated::cudaSuccess;
}

void Machine::run_wave(std::size_t first_block, std::size_t block_count) {
  start_wave(first_block, block_count);
  run_passes();
  if (failure_) cancel_wave();
  for (Block& block : blocks_) block.shared.clear();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Machine::start_wave(std::size_t first_block, std::size_t block_count) {
  const emulated::dim3 grid = shape_->grid;
  const unsigned thread_count = shape_->block.x * shape_->block.y * shape_->block.z;
  blocks_.resize(block_count);
  cluster_barriers_.assign(block_count / shape_->cluster, Barrier{});
  grid_barrier_ = Barrier{};
  turns_.clear();
  for (std::size_t b = 0; b < block_count; ++b) {
    const std::size_t number = first_block + b;
    Block& block = blocks_[b];
    block.index = {static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number / grid.x % grid.y),
                   static_cast<unsigned>(number / grid.x / grid.y)};
    block.live_count = thread_count;
    block.barrier = Barrier{};
    block.threads.clear();
    for (unsigned t = 0; t < thread_count; ++t) block.threads.push_back({.block = &block, .number = t});
    for (Thread& thread : block.threads) turns_.push_back(&thread);
  }
  if (order_ == ThreadOrder::descending) std::reverse(turns_.begin(), turns_.end());
}

void Machine::run_passes() {
  const auto is_finished = [](const Block& block) { return block.live_count == 0; };
  const bool is_shuffled = order_ == ThreadOrder::shuffled;
  const std::size_t group = is_shuffled ? turns_.size() : emulated::warpSize;
  while (!failure_ && !std::all_of(blocks_.begin(), blocks_.end(), is_finished)) {
    if (is_shuffled) std::shuffle(turns_.begin(), turns_.end(), random_);
    bool has_progressed = false;
    for (std::size_t first = 0; first < turns_.size(); first += group) {
      const std::size_t end = std::min(first + group, turns_.size());
      bool may_go_on = run_turns(first, end);
      has_progressed = has_progressed || may_go_on;
      while (may_go_on && !is_shuffled) may_go_on = run_turns(first, end);
    }
    if (!failure_ && !has_progressed) failure_ = std::make_exception_ptr(Error(diagnose()));
  }
}

bool Machine::run_turns(std::size_t first, std::size_t end) {
  bool has_progressed = false;
  turn_end_ = end;
  for (next_turn_ = first; next_turn_ < end && !failure_;) {
    Thread& thread = *turns_[next_turn_++];
    if (thread.state != Thread::State::unstarted && thread.state != Thread::State::ready) continue;
    has_progressed = true;
    resume(thread);
  }
  return has_progressed;
}

void Machine::resume(Thread& thread) {
  if (thread.worker == nullptr) {
    if (idle_.empty()) {
      workers_.push_back(std::make_unique<Worker>(&Machine::work));
      idle_.push_back(workers_.back().get());
    }
    thread.worker = idle_.back();
    thread.worker->thread = &thread;
    idle_.pop_back();
  }
  select(thread);
  thread.worker->fiber.resume();
  current_ = nullptr;
}

void Machine::cancel_wave() {
  is_cancelling_ = true;
  for (Thread* thread : turns_) {
    if (thread->worker != nullptr) resume(*thread);
  }
  is_cancelling_ = false;
}

void Machine::work(void* argument) {
  Worker& worker = *static_cast<Worker*>(argument);
  Machine& machine = instance();
  for (;;) {
    for (Thread* thread = worker.thread; thread != nullptr; thread = machine.take_next_unstarted()) {
      machine.select(*thread);
      machine.run_thread(worker, *thread);
    }
    machine.idle_.push_back(&worker);
    worker.fiber.suspend();
  }
}

void Machine::run_thread(Worker& worker, Thread& thread) {
  thread.worker = &worker;
  try {
    (*kernel_)();
  } catch (const Cancelled&) {
  } catch (...) {
    if (!failure_) failure_ = std::current_exception();
  }
  thread.worker = nullptr;
  finish(thread);
}

Thread* Machine::take_next_unstarted() {
  if (failure_ || next_turn_ == turn_end_ || turns_[next_turn_]->state != Thread::State::unstarted) return nullptr;
  return turns_[next_turn_++];
}

void Machine::select(Thread& thread) {
  const emulated::dim3 block = shape_->block;
  current_ = &thread;
  emulated::blockIdx = thread.block->index;
  emulated::threadIdx = {thread.number % block.x, thread.number / block.x % block.y, thread.number / block.x / block.y};
}

Thread& Machine::current(const char* caller) {
  if (current_ == nullptr) throw Error(std::string("emulation: ") + caller + " is called outside of a kernel");
  return *current_;
}

std::uint64_t Machine::wait_at(const Wait& wait) {
  Thread& self = current(name_of(wait.kind));
  self.wait = wait;
  self.state = Thread::State::waiting;
  arrive(self);
  self.worker->fiber.suspend();
  if (is_cancelling_) throw Cancelled{};
  return self.result;
}

}  // namespace spikeweave::emulation
