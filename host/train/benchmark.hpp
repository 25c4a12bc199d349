// The time of one training iteration on an experiment, part by part, beside the memory traffic that it needs at least.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spikeweave/backend/backend.hpp"
#include "spikeweave/config/experiment.hpp"

namespace spikeweave {

struct BenchmarkSettings {
  int warm_up = 2;       // iterations that are not counted
  int iterations = 10;   // that are
  int check_trials = 2;  // on which the gradient is compared first
};

struct BenchmarkPart {
  std::string name;
  std::vector<double> wall, cpu;  // [iterations]  seconds; cpu: of the whole process
  double bytes = 0.0;             // that one iteration moves at least; 0: not counted
};

struct BenchmarkResult {
  std::optional<double> gradient_difference;  // to the textbook form, relative to the largest element; where it has one
  double spikes_per_step = 0.0;               // of a neuron
  std::size_t batch = 0, steps = 0;
  std::size_t synapses = 0;          // weights that a spike meets, the readout's included
  double memory_rate = 0.0;          // bytes per second written by clearing a large array
  std::vector<BenchmarkPart> parts;  // the last one is the whole iteration
};

// Throws Error where the gradient differs from the textbook form (traces per synapse; bptt has none) by more than 1e-5,
// InputError where the rule is neither eprop nor bptt. directory: where relative file names of the experiment start.
BenchmarkResult run_benchmark(Backend<float>& backend, const Experiment& experiment, const std::string& directory,
                              const BenchmarkSettings& settings);

}  // namespace spikeweave
