// What a plasticity rule is made of: recursions over the cells on both sides of a projection, and what a synapse does
// with their factors. A rule is one header in learning/plasticity/ plus one line in its all.hpp.
//
// Order within a step, for a synapse from cell i to neuron j (specification, 0.2 and E1):
//   1. pre_step  with what cell i sends, delayed to its arrival at the synapse: the factors pre.at[k]
//   2. post_step with what neuron j does in this step: the factors post.at[k]
//   3. on_pre if an event arrived, then on_post if j fired (event-driven rules); on_step in every step (the others)
// A bilinear rule changes the weight by the sum over its first `term_count` factors of pre.at[k] * post.at[k] in every
// step, whatever the weight: then the engine can add up a whole trial as outer products (form `trial`). on_pre and
// on_post do the same change at once, cut to the bounds (form `event`; `step` visits every synapse instead of those
// with an event, and gives the same bits).
//
// A rule whose synapses remember something (an eligibility that waits for a reward) lists it in its Synapse and has
//   sweep(k, bounds, synapse, modulator), called for every synapse after each sweep_steps(params, dt)-th step,
//   modulator_decay(params, dt): the modulator decays by it in every step and takes the task's reward of that step.
// In the form `trial` the terms of step t are weighted by what the modulator does to them later on:
//   trial_weight(k, weight_of_the_next_step, modulator_of_this_step), backward in time from 0.
//
// A rule that reads what a post neuron sends, not its spikes, has reads_rates(params) = true: only then can it train
// weights onto rate models.
//
// A rule whose changes of single steps may count for more or less has is_weighted = true and multiplies its learning
// rate by PostActivity::weight: the projection's learning_rate_factor times the task's weight of the step.
//
// Every state, on either side and in the synapse apart from its weight, starts as zeros.
//
// Real is float or double. A step uses + - * / and sqrt only, so that both backends give the same bits; a rule that
// needs more says so.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "spikeweave/core/columns.hpp"
#include "spikeweave/core/field.hpp"
#include "spikeweave/core/flush.hpp"
#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

template <class Real, std::size_t count>
struct Factors {
  Real at[count];
};

// What a post neuron does in a step.
template <class Real>
struct PostActivity {
  Real spike;       // 1 or 0
  Real output;      // what it sends: the spike, or the rate of a rate unit
  Real weight = 1;  // what changes of the step count for, of rules that are weighted
};

// Where a weight must stay, and its distance to the bounds as a share of the range.
template <class Real>
struct WeightBounds {
  Real low, high;
  Real per_range;  // 1 / (high - low)

  static WeightBounds of(double low, double high) { return {Real(low), Real(high), Real(1.0 / (high - low))}; }

  SW_HD Real cut(Real weight) const { return weight < low ? low : weight > high ? high : weight; }
  SW_HD Real above_low(Real weight) const { return (weight - low) * per_range; }
  SW_HD Real below_high(Real weight) const { return (high - weight) * per_range; }
};

// The weight alone; rules with a memory per synapse add members.
template <class Real>
struct PlainSynapse {
  Real weight = 0;

  static constexpr auto columns() { return std::tuple{column("weight", &PlainSynapse::weight, "", "The weight.")}; }
};

// Which event of a pair in the same step is seen by the other side's trace.
enum class Coincidence { none, ltp, ltd, both };
template <>
struct EnumNames<Coincidence> {
  static constexpr std::array<std::string_view, 4> names{"none", "ltp", "ltd", "both"};
};

constexpr bool post_sees_event(Coincidence c) {
  return c == Coincidence::ltp || c == Coincidence::both;
}
constexpr bool event_sees_post(Coincidence c) {
  return c == Coincidence::ltd || c == Coincidence::both;
}

// Which spikes the traces of a rule hold: all earlier ones, or the last one.
enum class Pairing { all_to_all, nearest_symmetric };
template <>
struct EnumNames<Pairing> {
  static constexpr std::array<std::string_view, 2> names{"all_to_all", "nearest_symmetric"};
};

// x^mu for x in [0, 1]; exact for mu = 0, 1 and 1/2. Tolerance: pow differs in the last bits between host and device.
template <class Real>
SW_HD Real share_power(Real x, Real mu) {
  using std::pow;
  using std::sqrt;
  if (mu == Real(0)) return Real(1);
  if (mu == Real(1)) return x;
  if (mu == Real(0.5)) return sqrt(x);
  return pow(x, mu);
}

// An exponential trace of events decays, takes the events of this step, and is seen with them (inclusive) or without.
// nearest: an event sets the trace to 1 instead of adding to it.
template <class Real>
SW_HD Real step_trace(Real& trace, Real decay, Real events, bool inclusive, bool nearest) {
  const Real before = flush(decay * trace);
  trace = nearest ? (events > Real(0) ? Real(1) : before) : before + events;
  return inclusive ? trace : before;
}

}  // namespace spikeweave
