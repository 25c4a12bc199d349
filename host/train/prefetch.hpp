// The next training batch, made by a thread of its own while the device learns from this one.
#pragma once

#include <cstdint>
#include <future>
#include <utility>
#include <vector>

#include "spikeweave/task/task.hpp"

namespace spikeweave {

class Prefetch {
 public:
  explicit Prefetch(const Task& task) : task_(task) {}

  // Begins to make the batch of this update. What fails there take() throws.
  void start(std::uint64_t update, std::vector<std::uint64_t> ids) {
    update_ = update;
    pending_ = std::async(std::launch::async, [this, ids = std::move(ids)] { task_.fill(Split::train, ids, made_); });
  }
  // Swaps the batch of this update into `batch`; false where it was not begun.
  bool take(std::uint64_t update, TrialBatch& batch) {
    if (!pending_.valid()) return false;
    pending_.get();
    if (update != update_) return false;
    std::swap(made_, batch);
    return true;
  }

 private:
  const Task& task_;
  std::uint64_t update_ = 0;
  TrialBatch made_;
  std::future<void> pending_;  // behind what it writes: waits when it goes
};

}  // namespace spikeweave
