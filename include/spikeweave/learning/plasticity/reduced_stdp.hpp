// Pair STDP between immediate neighbours only: a pair counts if no other spike of either cell lies between its two.
//
// Source: Morrison, Diesmann & Gerstner (2008), Biol. Cybern. 98:459-478, section 4.1 and Fig. 7C ("reduced
// symmetric"); NEST's stdp_nn_restr. Window and weight dependence as in pair STDP.
//   post spike: potentiates with the last event, unless an earlier post spike came after that event
//   event:      depresses with the last post spike, unless an earlier event came after that spike
// Events and a post spike in the same step: with coincidence `ltp` the event comes first and the two pair, with `ltd`
// the spike comes first and the two pair; a spike that has paired at D = 0 is used up on that side. With `both` they
// pair twice; with `none` they do not pair and neither lies between the other and its partner.
#pragma once

#include "spikeweave/learning/plasticity/pair_window.hpp"

namespace spikeweave {

struct ReducedStdpParams {
  static constexpr std::string_view name = "reduced_stdp";
  static constexpr std::string_view summary = "STDP between immediately neighbouring spikes only.";
  static constexpr std::string_view source = "Morrison et al. 2008, Biol. Cybern. 98:459-478, Fig. 7C";

  double a_plus = 0.005;
  double a_minus = 0.00525;
  double tau_plus = 20.0;
  double tau_minus = 20.0;
  double mu_plus = 0.0;
  double mu_minus = 0.0;
  Coincidence coincidence = Coincidence::none;

  static constexpr auto fields() {
    using Self = ReducedStdpParams;
    return std::tuple_cat(pair_window_fields<Self>(), weight_dependence_fields<Self>(), coincidence_field<Self>());
  }
};

template <class Real>
struct ReducedStdp {
  using Value = Real;
  using Params = ReducedStdpParams;
  using Synapse = PlainSynapse<Real>;
  static constexpr std::size_t term_count = 2;
  static constexpr bool is_event_driven = true;

  struct Constants {
    PairWindow<Real> window;
    WeightDependence<Real> dependence;
  };
  // The last spike of a cell. The order of two cells' last spikes is exact while tau/dt is below 240 000 steps: a trace
  // is 0 after 69 time constants.
  struct Last {
    static constexpr Real newest = 16777216;  // 2^24: whole numbers up to here are exact in single precision

    // Counts `recency` down from `newest`, which a spike of this step sets; 0: none, or very long ago. Returns it
    // without the spike of this step.
    SW_HD static Real step(Real& recency, Real spikes) {
      const Real before = recency > Real(0) ? recency - Real(1) : Real(0);
      recency = spikes > Real(0) ? newest : before;
      return before;
    }
  };
  // Of a presynaptic cell.
  struct Pre {
    Real trace = 0, recency = 0;
    static constexpr auto columns() {
      return std::tuple{column("pre_trace", &Pre::trace, "events", "Trace of the last event."),
                        column("pre_recency", &Pre::recency, "steps", "2^24 - steps since the last event; 0: none.")};
    }
  };
  // Of a postsynaptic neuron.
  struct Post {
    Real trace = 0, recency = 0;
    static constexpr auto columns() {
      return std::tuple{column("post_trace", &Post::trace, "spikes", "Trace of the last spike."),
                        column("post_recency", &Post::recency, "steps", "2^24 - steps since the last spike; 0: none.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    return {PairWindow<Real>::of(p, dt), WeightDependence<Real>::of(p)};
  }
  static bool is_bilinear(const Params&) { return false; }

  // Both sides: [0] and [1] spikes and trace (pre) or trace and spikes (post), [2] recency of the spike in the trace,
  // [3] recency of the last spike before this step.
  SW_HD static Factors<Real, 4> pre_step(const Constants& k, Pre& s, Real event) {
    const PairWindow<Real>& w = k.window;
    const Real trace = step_trace(s.trace, w.decay_plus, event, w.pre_inclusive, true);
    const Real before = Last::step(s.recency, event);
    return {{event, trace, w.pre_inclusive ? s.recency : before, before}};
  }
  SW_HD static Factors<Real, 4> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const PairWindow<Real>& w = k.window;
    const Real trace = step_trace(s.trace, w.decay_minus, in.spike, w.post_inclusive, true);
    const Real before = Last::step(s.recency, in.spike);
    return {{trace, in.spike, w.post_inclusive ? s.recency : before, before}};
  }
  SW_HD static void on_pre(const Constants& k, const WeightBounds<Real>& bounds, Synapse& s,
                           const Factors<Real, 4>& pre, const Factors<Real, 4>& post) {
    if (!is_next(post.at[2], pre.at[3], k.window.post_inclusive)) return;
    s.weight = k.dependence.depressed(bounds, s.weight, -(pre.at[0] * (k.window.a_minus * post.at[0])));
  }
  SW_HD static void on_post(const Constants& k, const WeightBounds<Real>& bounds, Synapse& s,
                            const Factors<Real, 4>& pre, const Factors<Real, 4>& post) {
    if (!is_next(pre.at[2], post.at[3], k.window.pre_inclusive)) return;
    s.weight = k.dependence.potentiated(bounds, s.weight, k.window.a_plus * pre.at[1]);
  }

 private:
  // Whether the partner has not been used by the last own spike. Where a pair in the same step counts (inclusive), an
  // own spike in the partner's step has used it.
  SW_HD static bool is_next(Real partner, Real last_own, bool inclusive) {
    return inclusive ? partner > last_own : partner >= last_own;
  }
};

}  // namespace spikeweave
