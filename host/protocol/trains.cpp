#include "spikeweave/protocol/trains.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "spikeweave/core/random.hpp"

namespace spikeweave {
namespace {

// The pattern once every 1000 / frequency ms, each repeat rounded to a step by itself.
SpikeSteps repeated(const SpikeSteps& pattern, int repeats, double frequency, double dt) {
  SpikeSteps all;
  for (int n = 0; n < repeats; ++n) {
    const std::int64_t start = std::llround(n * (1000.0 / frequency) / dt);
    for (const std::int64_t t : pattern.pre) all.pre.push_back(start + t);
    for (const std::int64_t t : pattern.post) all.post.push_back(start + t);
  }
  return all;
}

// One side of `burst_poisson`; burst_probability: after the warm-up of so many steps.
std::vector<std::uint8_t> burst_train(const BurstPoissonProtocol& protocol, double dt, double burst_probability,
                                      std::uint32_t stream, std::uint32_t repeat) {
  const auto warm_up = static_cast<std::size_t>(steps_of(protocol.warm_up, dt));
  const std::size_t steps = warm_up + static_cast<std::size_t>(steps_of(protocol.duration, dt));
  const auto hold = static_cast<std::size_t>(std::max(1.0, std::round(protocol.tau_event / dt)));
  const RandomStream random(protocol.seed, Purpose::input_spikes, stream, repeat);
  std::vector<std::uint8_t> train(steps);
  std::size_t ready = 0;  // the first step in which an event may come
  for (std::size_t t = 0; t < steps; ++t) {
    const double p = t < warm_up ? protocol.warm_up_probability : burst_probability;
    // A geometric time is one step shorter when it is counted from the first step in which the event may come.
    if (t < ready || random.uniform(t) >= 1.0 / (protocol.waiting_time(p) / dt + 1.0)) continue;
    train[t] = 1;
    std::size_t last = t;
    if (random.uniform(t, 1) < p) {
      const double delay = protocol.burst_delay + protocol.burst_jitter * random.uniform(t, 2);
      last += static_cast<std::size_t>(std::max(1.0, std::round(delay / dt)));
      if (last < steps) train[last] = 1;
    }
    ready = last + hold;
  }
  return train;
}

}  // namespace

std::int64_t steps_of(double time, double dt) {
  return std::llround(time / dt);
}

std::vector<double> grid_of(double first, double last, double step) {
  constexpr double rounding = 1e-9;  // share of a step
  std::vector<double> values;
  const auto count = static_cast<std::int64_t>(std::floor((last - first) / step + rounding)) + 1;
  for (std::int64_t n = 0; n < count; ++n) values.push_back(first + static_cast<double>(n) * step);
  return values;
}

TrainPlan plan_trains(const PairProtocol& protocol, double dt) {
  TrainPlan plan{{{"difference", "D = t_post - t_pre", "ms", grid_of(protocol.from, protocol.to, protocol.step)}},
                 {{"pair", {}}}};
  for (const double difference : plan.axes[0].values) {
    plan.curves[0].points.push_back(
        repeated({{0}, {steps_of(difference, dt)}}, protocol.pairs, protocol.frequency, dt));
  }
  return plan;
}

TrainPlan plan_trains(const FrequencyProtocol& protocol, double dt) {
  TrainPlan plan{{{"frequency", "pairing frequency", "Hz", protocol.frequencies}}, {}};
  const std::int64_t difference = steps_of(protocol.difference, dt);
  for (const int sign : {+1, -1}) {
    TrainCurve curve{sign > 0 ? "pre_post" : "post_pre", {}};
    for (const double frequency : protocol.frequencies) {
      curve.points.push_back(repeated({{0}, {sign * difference}}, protocol.pairs, frequency, dt));
    }
    plan.curves.push_back(curve);
  }
  return plan;
}

TrainPlan plan_trains(const TripletProtocol& protocol, double dt) {
  const std::vector<double> intervals = grid_of(protocol.step, protocol.longest, protocol.step);
  TrainPlan plan{
      {{"first_interval", "first interval", "ms", intervals}, {"second_interval", "second interval", "ms", intervals}},
      {{"pre_post_pre", {}}, {"post_pre_post", {}}}};
  for (const double first : intervals) {
    for (const double second : intervals) {
      const std::int64_t middle = steps_of(first, dt);
      const std::int64_t last = middle + steps_of(second, dt);
      const auto add = [&](TrainCurve& curve, const SpikeSteps& triplet) {
        curve.points.push_back(repeated(triplet, protocol.triplets, protocol.frequency, dt));
      };
      add(plan.curves[0], {{0, last}, {middle}});
      add(plan.curves[1], {{middle}, {0, last}});
    }
  }
  return plan;
}

TrainPlan plan_trains(const QuadrupletProtocol& protocol, double dt) {
  TrainPlan plan{{{"interval", "T from the post-pre to the pre-post pair", "ms", {}}}, {{"quadruplet", {}}}};
  const std::int64_t difference = steps_of(protocol.difference, dt);
  for (const double interval : grid_of(protocol.from, protocol.to, protocol.step)) {
    const std::int64_t later = steps_of(interval, dt);
    if (std::abs(later) <= difference) continue;  // the pairs would overlap
    plan.axes[0].values.push_back(interval);
    plan.curves[0].points.push_back(
        repeated({{difference, later}, {0, later + difference}}, protocol.quadruplets, protocol.frequency, dt));
  }
  return plan;
}

std::vector<std::uint8_t> poisson_train(double rate, double dt, std::size_t steps, std::uint64_t seed,
                                        std::uint32_t stream, std::uint32_t repeat) {
  const RandomStream random(seed, Purpose::input_spikes, stream, repeat);
  const double chance = rate * dt / 1000.0;
  std::vector<std::uint8_t> train(steps);
  for (std::size_t t = 0; t < steps; ++t) train[t] = random.uniform(t) < chance ? 1 : 0;
  return train;
}

ProtocolAxis axis_of(const PoissonProtocol& protocol) {
  return {"post_rate", "postsynaptic rate", "Hz", protocol.post_rates};
}
ProtocolAxis axis_of(const BurstPoissonProtocol& protocol) {
  return {"burst_probability", "burst probability", "", protocol.burst_probabilities};
}

RandomTrains random_trains(const PoissonProtocol& protocol, double dt, std::size_t point, std::uint32_t repeat) {
  const auto steps = static_cast<std::size_t>(steps_of(protocol.warm_up, dt) + steps_of(protocol.duration, dt));
  const auto stream = static_cast<std::uint32_t>(2 * point);
  return {poisson_train(protocol.pre_rate, dt, steps, protocol.seed, stream, repeat),
          poisson_train(protocol.post_rates[point], dt, steps, protocol.seed, stream + 1, repeat)};
}

RandomTrains random_trains(const BurstPoissonProtocol& protocol, double dt, std::size_t point, std::uint32_t repeat) {
  const double p = protocol.burst_probabilities[point];
  const auto stream = static_cast<std::uint32_t>(2 * point);
  return {burst_train(protocol, dt, p, stream, repeat), burst_train(protocol, dt, p, stream + 1, repeat)};
}

}  // namespace spikeweave
