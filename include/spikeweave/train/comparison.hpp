// One network, its data and its seed under several learning rules: what each reaches, and how far its errors and
// feedback are from those of back-propagation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spikeweave/train/gradient_check.hpp"

namespace spikeweave {

// Angles [degrees] after so many epochs; NaN where there is none.
struct ComparedEpoch {
  std::uint64_t epoch = 0;
  Metrics train, valid;          // of the epoch that ended; empty at epoch 0
  double seconds = 0.0;          // of training so far
  double cpu_seconds = 0.0;      // likewise, of all threads of the program
  std::vector<double> errors;    // per population: see LayerAngle
  std::vector<double> updates;   // per projection: between the rule's gradient and the true one
  std::vector<double> feedback;  // per projection: between the feedback weights and the transposed forward weights
};

struct ComparedRun {
  std::string name;
  std::vector<std::string> populations, projections;
  std::vector<ComparedEpoch> epochs;
  RunResult result;
  std::string no_angles;  // why there are none for errors and updates; or empty
};

// Trains the experiment to its end. trials: for angles, of the training split; 0: a batch.
ComparedRun compare_rule(Backend<float>& backend, const Experiment& experiment, const std::string& directory,
                         const std::string& name, std::size_t trials, RunObserver& observer);

}  // namespace spikeweave
