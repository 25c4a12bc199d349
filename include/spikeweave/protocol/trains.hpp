// The spikes of each point of a protocol, as step numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spikeweave/protocol/settings.hpp"

namespace spikeweave {

// One side each; steps from an arbitrary zero, in any order, none twice.
struct SpikeSteps {
  std::vector<std::int64_t> pre;   // arrivals at the synapse
  std::vector<std::int64_t> post;  // spikes of the neuron behind it
};

struct ProtocolAxis {
  std::string name;   // of its data set: "difference"
  std::string label;  // for people: "D = t_post - t_pre"
  std::string unit;
  std::vector<double> values;
};

// The spikes of one curve at every point: row-major over the axes.
struct TrainCurve {
  std::string name;
  std::vector<SpikeSteps> points;
};

struct TrainPlan {
  std::vector<ProtocolAxis> axes;  // one or two
  std::vector<TrainCurve> curves;
};

// dt [ms]. Settings must have passed WindowSettings::validate.
TrainPlan plan_trains(const PairProtocol& protocol, double dt);
TrainPlan plan_trains(const FrequencyProtocol& protocol, double dt);
TrainPlan plan_trains(const TripletProtocol& protocol, double dt);
TrainPlan plan_trains(const QuadrupletProtocol& protocol, double dt);

// Both sides of one repeat of a protocol of random trains: 1 where a spike comes, else 0.
struct RandomTrains {
  std::vector<std::uint8_t> pre, post;
};

// What a protocol of random trains is run over, and its trains at a point of that axis, warm-up included.
// A pure function of its arguments; points, repeats and sides are independent.
ProtocolAxis axis_of(const PoissonProtocol& protocol);
ProtocolAxis axis_of(const BurstPoissonProtocol& protocol);
RandomTrains random_trains(const PoissonProtocol& protocol, double dt, std::size_t point, std::uint32_t repeat);
RandomTrains random_trains(const BurstPoissonProtocol& protocol, double dt, std::size_t point, std::uint32_t repeat);

// Steps of a time that is a whole number of them.
std::int64_t steps_of(double time, double dt);
// first, first + step, ... up to last (included if it is met within rounding); [ms].
std::vector<double> grid_of(double first, double last, double step);

// Spikes of a Poisson train: in each of `steps` steps with probability rate * dt / 1000 (rate [Hz], dt [ms]).
// A pure function of its arguments. stream: below 2^24; trains of other streams or repeats are independent.
std::vector<std::uint8_t> poisson_train(double rate, double dt, std::size_t steps, std::uint64_t seed,
                                        std::uint32_t stream, std::uint32_t repeat);

}  // namespace spikeweave
