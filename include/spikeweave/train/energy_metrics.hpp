// What a network of energy units does to its energy; in double precision, from recorded states and the weights.
//
// Source: Bengio, Mesnard, Fischer, Zhang & Wu (2015), arXiv:1509.05936. Means over trials and units, over the steps
// where there is a value for each:
//   energy        E of the last step, eq. 16, with the input as a part of the biases; per unit
//   residual      |s - (b + W rho(s))| of the last step, eq. 26
//   state_change  (s[t+1] - s[t])^2
//   j_stdp        (f(s[t-1]) - s[t+1])^2 / 2, eq. 3, f the step without noise and without clamp
#pragma once

#include <span>
#include <vector>

#include "spikeweave/models/energy_unit.hpp"
#include "spikeweave/network/network.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {

class EnergyMetrics {
 public:
  // All populations of the network are energy units. It must outlive this. seed: of the experiment.
  // Throws InputError where the input are events, or a delay is longer than the shortest: E would not be its energy.
  EnergyMetrics(const Network& network, std::uint64_t seed);

  // What add() needs of the simulator.
  std::span<const StateTrace> traces() const { return traces_; }

  // Adds the metrics of a batch. states: per trace [batch, steps, neurons]. parameters: [parameter_count].
  void add(const TrialBatch& batch, const std::vector<std::vector<float>>& states,
           const std::vector<double>& parameters, Score& score) const;

 private:
  struct Step;  // of one trial and step, over all units
  Step at(const TrialBatch& batch, const std::vector<std::vector<float>>& states, const std::vector<double>& parameters,
          std::size_t b, std::size_t t) const;

  const Network& network_;
  std::vector<EnergyUnitDerived<double>> units_;
  std::vector<StateTrace> traces_;
};

}  // namespace spikeweave
