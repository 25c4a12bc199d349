// One batch of training: as a whole, in parts that fit into memory, or with changes of the weights within the trials.

#include <algorithm>

#include "host/train/slices.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave {

// Splits what the device does not hold beside what is there already.
template <class Real>
void Trainer<Real>::choose_slices() {
  constexpr double usable = 0.9;  // the rest is for what others take meanwhile
  const auto memory = static_cast<std::size_t>(usable * static_cast<double>(backend_.free_memory()));
  slices_ = spikeweave::choose_slices(experiment_, *task_, network_, backend_, memory);
}

// The gradient of a batch, a part of its trials after the other; averages are over all of it.
template <class Real>
TrialResult Trainer<Real>::learn_in_parts(std::span<const std::uint32_t> keys) {
  TrialResult all;
  spike_counts_.clear();
  for (std::size_t begin = 0; begin < batch_.batch; begin += slices_.trials) {
    const std::size_t count = std::min(slices_.trials, batch_.batch - begin);
    const TrialBatch part = part_of(batch_, begin, count);
    const typename Simulator<Real>::Options options{
        .training = true, .traces = {}, .whole = &batch_, .slice_steps = slices_.steps};
    append(all, simulator_->run(part, keys.subspan(begin, count), options));
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
  if (steps == 0 && batch_.batch > slices_.trials) {
    TrialResult result = learn_in_parts(keys);
    updater_->apply(rate_factor);
    return result;
  }
  if (steps == 0) {
    TrialResult result =
        simulator_->run(batch_, keys, {.training = true, .traces = energy_traces(), .slice_steps = slices_.steps});
    simulator_->compute_gradient();
    spike_counts_ = simulator_->spike_counts();
    updater_->apply(rate_factor);
    return result;
  }
  simulator_->start(batch_, keys, slices_.steps);
  for (std::size_t begin = 0; begin < batch_.steps; begin += steps) {
    simulator_->run_window({begin, std::min(begin + steps, batch_.steps)});
    updater_->apply(rate_factor);
  }
  spike_counts_ = simulator_->spike_counts();
  return simulator_->finish();
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace spikeweave
