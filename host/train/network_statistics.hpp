// What a run can say of a network beside its score: intervals between spikes, and where the weights are.
#pragma once

#include <cstdint>
#include <vector>

#include "spikeweave/core/bytes.hpp"
#include "spikeweave/network/network.hpp"
#include "spikeweave/train/result.hpp"

namespace spikeweave {

// Intervals between spikes of each neuron, over trials that go on from each other.
class IntervalStatistics {
 public:
  explicit IntervalStatistics(std::size_t neurons) : cells_(neurons) {}

  // spikes: [steps, neurons], one trial.
  void add(const std::vector<std::uint8_t>& spikes, std::size_t steps);

  // All of it, to go on later.
  void save(ByteWriter& writer) const;
  void load(ByteReader& reader);

  // "cv_<population>": mean over the neurons with at least `least` intervals of standard deviation / mean.
  void report(const Network& network, Metrics& metrics) const;

 private:
  static constexpr std::uint64_t least = 5;
  struct Cell {
    std::int64_t last = -1;  // step of the last spike
    std::uint64_t count = 0;
    double sum = 0.0, sum_of_squares = 0.0;
  };
  std::vector<Cell> cells_;
  std::int64_t steps_ = 0;
};

// "weight_mean_..", "weight_sd_..", and the shares of the weights in the lowest and the highest tenth of the allowed
// range, "weight_low_..", "weight_high_..", of every projection that learns; named "<from>_<to>".
void report_weights(const Network& network, const std::vector<double>& parameters, Metrics& metrics);

}  // namespace spikeweave
