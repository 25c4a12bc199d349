// Burst-dependent plasticity: events depress, bursts potentiate, in a balance that a running burst probability keeps.
//
// Source: Payeur, Guerguiev, Zenke, Richards & Naud (2021), Nat. Neurosci. 24:1010-1019, eqs. 1-3 and Methods; the
// homeostasis is that of the code published with it. Both sides' spikes are split into events and bursts
// (learning/event_split.hpp). X: trace of the events that arrived, those of the step included; E, B: running averages
// of the post neuron's events and bursts [Hz]; P = min(1, B/E).
//   at a post event:   dW = -learning_rate (P + over) X        over  = max(0, E - rate_high)/E
//   at a post burst:   dW = +learning_rate (1 - over) X
//   at a pre event:    dW = +learning_rate under               under = max(0, rate_low - E) [Hz]
// E and B take the event or burst after they were used. Without a rate_high (0) over is 0.
// Where the task says what changes of a step count for, the learning rate is multiplied by it (PostActivity::weight).
// Differs from the source: weights are cut to the bounds of the projection; an event with no running average has P = 0.
#pragma once

#include <limits>

#include "spikeweave/learning/event_split.hpp"
#include "spikeweave/learning/plasticity.hpp"

namespace spikeweave {

struct BurstDependentParams {
  static constexpr std::string_view name = "burst_dependent";
  static constexpr std::string_view summary = "Events depress, bursts potentiate, around a running burst probability.";
  static constexpr std::string_view source = "Payeur et al. 2021, Nat. Neurosci. 24:1010-1019, eqs. 1-3";

  double learning_rate = 0.1;
  double tau_pre = 50.0;
  double tau_average = 15000.0;
  double burst_interval = 16.0;
  double rate_low = 0.0;
  double rate_high = 0.0;

  static constexpr auto fields() {
    using Self = BurstDependentParams;
    return std::tuple{
        field("learning_rate", &Self::learning_rate, "weight", non_negative,
              "Potentiation of a burst at a trace of 1."),
        field("tau_pre", &Self::tau_pre, "ms", positive, "Time constant of the trace of arriving events."),
        field("tau_average", &Self::tau_average, "ms", positive,
              "Time constant of the running averages of the post neuron's events and bursts."),
        field("burst_interval", &Self::burst_interval, "ms", positive,
              "A spike is an event if the one before is longer ago than this, in whole steps."),
        field("rate_low", &Self::rate_low, "Hz", non_negative,
              "Below this event rate of the post neuron pre events potentiate; 0: they never do."),
        field("rate_high", &Self::rate_high, "Hz", non_negative,
              "Above this event rate events and bursts depress more; 0: they never do."),
    };
  }
};

template <class Real>
struct BurstDependent {
  using Value = Real;
  using Params = BurstDependentParams;
  using Synapse = PlainSynapse<Real>;
  static constexpr std::size_t term_count = 2;  // what post spikes do, what pre events do
  static constexpr bool is_event_driven = true;
  static constexpr bool is_weighted = true;

  struct Constants {
    Real learning_rate, rate_low, rate_high;      // rate_high: infinity where there is none
    Real decay_pre, decay_average, gain_average;  // gain: of one event [Hz]
    Real window;                                  // [steps]
  };
  // Of a presynaptic cell.
  struct Pre : EventSplit<Real> {
    Real trace = 0;
    static constexpr auto columns() {
      return std::tuple{column("pre_recent", &Pre::recent, "steps", "Steps left in which a spike is no event."),
                        column("pre_open", &Pre::is_open, "", "1: the next such spike makes a burst."),
                        column("trace", &Pre::trace, "events", "Trace of events.")};
    }
  };
  // Of a postsynaptic neuron.
  struct Post : EventSplit<Real> {
    Real events = 0, bursts = 0;
    static constexpr auto columns() {
      return std::tuple{column("post_recent", &Post::recent, "steps", "Steps left in which a spike is no event."),
                        column("post_open", &Post::is_open, "", "1: the next such spike makes a burst."),
                        column("events", &Post::events, "Hz", "Running average of events."),
                        column("bursts", &Post::bursts, "Hz", "Running average of bursts.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    return {Real(p.learning_rate),
            Real(p.rate_low),
            p.rate_high > 0.0 ? Real(p.rate_high) : std::numeric_limits<Real>::infinity(),
            Real(std::exp(-dt / p.tau_pre)),
            Real(std::exp(-dt / p.tau_average)),
            Real(1000.0 / p.tau_average),
            Real(std::floor(p.burst_interval / dt + 1e-9))};
  }
  static bool is_bilinear(const Params&) { return true; }

  SW_HD static Factors<Real, 2> pre_step(const Constants& k, Pre& s, Real event) {
    const Real own = s.split(k.window, event).event;
    return {{step_trace(s.trace, k.decay_pre, own, true, false), own}};
  }
  SW_HD static Factors<Real, 2> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const auto own = s.split(k.window, in.spike);
    const Real events = flush(k.decay_average * s.events);
    const Real bursts = flush(k.decay_average * s.bursts);
    const Real ratio = bursts < events ? bursts / events : events > Real(0) ? Real(1) : Real(0);
    const Real excess = events > k.rate_high ? (events - k.rate_high) / events : Real(0);
    const Real lack = events < k.rate_low ? k.rate_low - events : Real(0);
    s.events = events + k.gain_average * own.event;
    s.bursts = bursts + k.gain_average * own.burst;
    const Real rate = k.learning_rate * in.weight;
    return {{rate * (own.burst * (Real(1) - excess) - own.event * (ratio + excess)), rate * lack}};
  }
  SW_HD static void on_pre(const Constants&, const WeightBounds<Real>& bounds, Synapse& s, const Factors<Real, 2>& pre,
                           const Factors<Real, 2>& post) {
    s.weight = bounds.cut(s.weight + pre.at[1] * post.at[1]);
  }
  SW_HD static void on_post(const Constants&, const WeightBounds<Real>& bounds, Synapse& s, const Factors<Real, 2>& pre,
                            const Factors<Real, 2>& post) {
    s.weight = bounds.cut(s.weight + pre.at[0] * post.at[0]);
  }
};

}  // namespace spikeweave
