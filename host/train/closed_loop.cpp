// What a run does for a task that closes a loop.

#include "spikeweave/task/closed_loop.hpp"

#include <fmt/format.h>

#include "spikeweave/train/trainer.hpp"

namespace spikeweave {

template <class Real>
void Trainer<Real>::close_loop() {
  ClosedLoop* const loop = task_->closed_loop();
  if (loop == nullptr) return;
  if (experiment_.training.batch_size != 1) {
    throw InputError("/training/batch_size", fmt::format("{}, but trials of {} depend on the ones before; expected 1",
                                                         experiment_.training.batch_size, experiment_.task.name()));
  }
  if (!experiment_.training.carry_state) {
    throw InputError("/training/carry_state", fmt::format("false, but trials of {} continue each other; expected true",
                                                          experiment_.task.name()));
  }
  loop->attach(network_);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace spikeweave
