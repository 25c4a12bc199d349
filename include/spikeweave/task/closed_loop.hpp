// A task whose trials depend on what the network did in earlier ones, such as a reward for certain spikes.
//
// Its training trials run in order, one per update, and there are none for evaluation. fill() is then a function of the
// trial's id and of what was observed before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace spikeweave {

struct Network;

class ClosedLoop {
 public:
  virtual ~ClosedLoop() = default;

  // Called once, before the first trial. Throws InputError where the network does not fit the task.
  virtual void attach(const Network& network) = 0;

  // What the network did in a training trial; called after each. spikes: [steps, neurons]
  virtual void observe(std::span<const std::uint8_t> spikes, std::size_t steps) = 0;

  // Adds the metrics at the end of an epoch. parameters: [Network::parameter_count]
  virtual void report(std::span<const double> parameters, std::map<std::string, double>& metrics) const = 0;

  // All that was observed and still counts, for checkpoints. load() throws InputError where it cannot be that.
  virtual std::vector<double> save() const = 0;
  virtual void load(const std::vector<double>& saved) = 0;
};

}  // namespace spikeweave
