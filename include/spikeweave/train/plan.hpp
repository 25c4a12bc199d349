// What an experiment needs: memory, array by array, and which kernels would run; nothing is allocated on the device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spikeweave/backend/backend.hpp"
#include "spikeweave/config/experiment.hpp"
#include "spikeweave/network/network.hpp"
#include "spikeweave/task/task.hpp"

namespace spikeweave {

struct PlannedArray {
  std::string name;                      // with the settings that size it
  std::size_t fixed = 0, per_trial = 0;  // bytes; a batch of b trials has fixed + b * per_trial
};

struct Plan {
  std::vector<PlannedArray> arrays;
  std::vector<std::string> methods;  // "forward pass: one launch, a block per trial"

  std::size_t bytes(std::size_t batch) const;
  // The largest number of trials that fit into so many bytes; 0: not even one.
  std::size_t largest_batch(std::size_t memory) const;
};

// Of a training batch, in the experiment's slices of time. device: asked how it would do it, not for memory. The task
// makes two trials in host memory.
template <class Real>
Plan make_plan(const Experiment& experiment, const Task& task, const Network& network, const Backend<Real>& device);

// Whether the gradient of a batch may be summed in parts, trial by trial.
bool may_slice(const Experiment& experiment);
// Whether a trial may be taken in slices of time.
bool may_slice_steps(const Experiment& experiment);

// What is in memory at once.
struct Slices {
  std::size_t trials = 1;            // of a training batch
  std::size_t evaluated_trials = 1;  // of an evaluation, which needs less for a trial than training does
  std::size_t steps = 0;             // of a trial; 0: all
  bool fits = true;                  // whether the memory holds so much
};

// As the experiment says; where it leaves it open, what fits into so many bytes: parts of a batch where they may be
// summed, and slices of a trial where that is not enough.
template <class Real>
Slices choose_slices(const Experiment& experiment, const Task& task, const Network& network,
                     const Backend<Real>& device, std::size_t memory);

}  // namespace spikeweave
