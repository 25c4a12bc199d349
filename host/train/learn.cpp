// One batch of training: as a whole, in parts that fit into memory, or with changes of the weights within the trials.

#include <algorithm>

#include "host/train/slices.hpp"
#include "spikeweave/train/plan.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave {

// Splits what the device does not hold beside what is there already: a batch where its gradient may be summed in parts,
// and evaluations, which need less for a trial than training does.
template <class Real>
void Trainer<Real>::choose_slices() {
  const auto batch = static_cast<std::size_t>(experiment_.training.batch_size);
  const auto wanted = static_cast<std::size_t>(experiment_.training.slice);
  const std::uint64_t evaluated = std::max(task_->trial_count(Split::valid), task_->trial_count(Split::test));
  evaluation_slice_ = std::min<std::uint64_t>(static_cast<std::uint64_t>(experiment_.training.evaluation_batch),
                                              std::max<std::uint64_t>(evaluated, 1));
  const bool is_one_batch = batch == 1 || !may_slice(experiment_);
  slice_ = is_one_batch || wanted == 0 ? batch : std::min(wanted, batch);
  if ((is_one_batch || wanted > 0) && evaluation_slice_ == 1) return;
  constexpr double usable = 0.9;  // the rest is for what others take meanwhile
  const auto memory = static_cast<std::size_t>(usable * static_cast<double>(backend_.free_memory()));
  const std::size_t fit = make_plan(experiment_, *task_, network_, backend_).largest_batch(memory);
  if (!is_one_batch && wanted == 0) slice_ = std::clamp<std::size_t>(fit, 1, batch);
  evaluation_slice_ = std::clamp<std::size_t>(fit, 1, evaluation_slice_);
}

// The gradient of a batch, a part of its trials after the other; averages are over all of it.
template <class Real>
TrialResult Trainer<Real>::learn_in_parts(std::span<const std::uint32_t> keys) {
  TrialResult all;
  spike_counts_.clear();
  for (std::size_t begin = 0; begin < batch_.batch; begin += slice_) {
    const std::size_t count = std::min(slice_, batch_.batch - begin);
    const TrialBatch part = part_of(batch_, begin, count);
    append(all, simulator_->run(part, keys.subspan(begin, count), {.training = true, .traces = {}, .whole = &batch_}));
    simulator_->compute_gradient(begin > 0);
    const std::vector<std::uint32_t> counts = simulator_->spike_counts();
    spike_counts_.insert(spike_counts_.end(), counts.begin(), counts.end());
  }
  return all;
}

// One batch and the changes of the weights that it makes.
template <class Real>
TrialResult Trainer<Real>::learn(std::span<const std::uint32_t> keys) {
  const std::uint64_t total = updates_per_epoch() * static_cast<std::uint64_t>(experiment_.training.epochs);
  const double rate_factor = experiment_.training.schedule.factor(batch_count_, total);
  const std::size_t steps = update_steps(experiment_.training.update);
  if (steps == 0 && batch_.batch > slice_) {
    TrialResult result = learn_in_parts(keys);
    updater_->apply(rate_factor);
    return result;
  }
  if (steps == 0) {
    TrialResult result = simulator_->run(batch_, keys, {.training = true, .traces = energy_traces()});
    simulator_->compute_gradient();
    spike_counts_ = simulator_->spike_counts();
    updater_->apply(rate_factor);
    return result;
  }
  simulator_->start(batch_, keys);
  for (std::size_t begin = 0; begin < batch_.steps; begin += steps) {
    simulator_->run_window(batch_, {begin, std::min(begin + steps, batch_.steps)});
    updater_->apply(rate_factor);
  }
  spike_counts_ = simulator_->spike_counts();
  return simulator_->finish(batch_);
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace spikeweave
