// What a run needs to go on later.

#include <fmt/format.h>

#include "host/train/network_statistics.hpp"
#include "spikeweave/core/bytes.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave {

template <class Real>
std::vector<std::byte> Trainer<Real>::carried_state() const {
  if (intervals_ == nullptr) return {};
  ByteWriter writer;
  writer.put(simulator_->carried_state());
  intervals_->save(writer);
  if (const ClosedLoop* const loop = task_->closed_loop()) writer.put(loop->save());
  return writer.bytes();
}

template <class Real>
void Trainer<Real>::set_carried_state(const std::vector<std::byte>& bytes) {
  if (intervals_ == nullptr || bytes.empty()) return;
  ByteReader reader(bytes);
  simulator_->set_carried_state(reader.get<std::byte>());
  intervals_->load(reader);
  if (ClosedLoop* const loop = task_->closed_loop()) loop->load(reader.get<double>());
}

template <class Real>
TrainerSnapshot<Real> Trainer<Real>::snapshot() const {
  return {epoch_,
          batch_count_,
          updater_->update_count(),
          state_->parameters(),
          state_->arrays.first_moment.download(),
          state_->arrays.second_moment.download(),
          state_->arrays.average.download(),
          state_->feedback(),
          best_parameters_,
          carried_state(),
          best_score_,
          best_epoch_,
          running_metric_,
          result_};
}

template <class Real>
void Trainer<Real>::restore(const TrainerSnapshot<Real>& from) {
  if (from.parameters.size() != network_.parameter_count) {
    throw InputError(
        fmt::format("the checkpoint holds {} parameters, and the network has {}; has the data of the task "
                    "changed?",
                    from.parameters.size(), network_.parameter_count));
  }
  epoch_ = from.epoch;
  batch_count_ = from.batch_count;
  updater_->set_update_count(from.update_count);
  state_->arrays.parameter.upload(from.parameters);
  state_->arrays.first_moment.upload(from.first_moment);
  state_->arrays.second_moment.upload(from.second_moment);
  state_->arrays.average.upload(from.average);
  state_->set_feedback(from.feedback);
  best_parameters_ = from.best_parameters;
  set_carried_state(from.carried);
  best_score_ = from.best_score;
  best_epoch_ = from.best_epoch;
  running_metric_ = from.running_metric;
  const RunResult here = result_;
  result_ = from.result;
  result_.title = here.title;  // a run may go on under another title and on another machine
  result_.backend = here.backend;
  result_.device = here.device;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace spikeweave
