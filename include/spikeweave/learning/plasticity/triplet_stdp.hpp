// Triplet spike-timing-dependent plasticity: depression and potentiation each have a fast and a slow trace.
//
// Source: Pfister & Gerstner (2006), J. Neurosci. 26:9673-9682; parameters: visual cortex, all-to-all.
// r1 (tau_plus), r2 (tau_x): traces of arriving events; o1 (tau_minus), o2 (tau_y): traces of post spikes.
//   at an event:      dW = -o1 (a2_minus + a3_minus r2)
//   at a post spike:  dW = +r1 (a2_plus + a3_plus o2)
// r2 and o2 are read before they take their own cell's event of the step. r1 and o1 are read without the other cell's
// event of the same step, unless `coincidence` says otherwise.
// Differs from the source: weights are cut to the bounds of the projection.
#pragma once

#include "spikeweave/learning/plasticity.hpp"

namespace spikeweave {

struct TripletStdpParams {
  static constexpr std::string_view name = "triplet_stdp";
  static constexpr std::string_view summary = "Triplet STDP, which follows the pairing frequency.";
  static constexpr std::string_view source = "Pfister & Gerstner 2006, J. Neurosci. 26:9673-9682";

  // The minimal set; the full one is 5e-10, 6.2e-3, 7e-3, 2.3e-4, 16.8, 33.7, 101, 125 in this order.
  double a2_plus = 0.0;
  double a3_plus = 6.5e-3;
  double a2_minus = 7.1e-3;
  double a3_minus = 0.0;
  double tau_plus = 16.8;
  double tau_minus = 33.7;
  double tau_x = 101.0;
  double tau_y = 114.0;
  Pairing pairing = Pairing::all_to_all;
  Coincidence coincidence = Coincidence::none;

  static constexpr auto fields() {
    using Self = TripletStdpParams;
    return std::tuple{
        field("a2_plus", &Self::a2_plus, "weight", any_value, "Potentiation of a pre-post pair."),
        field("a3_plus", &Self::a3_plus, "weight", any_value, "Potentiation of a post-pre-post triplet."),
        field("a2_minus", &Self::a2_minus, "weight", any_value, "Depression of a post-pre pair."),
        field("a3_minus", &Self::a3_minus, "weight", any_value, "Depression of a pre-post-pre triplet."),
        field("tau_plus", &Self::tau_plus, "ms", positive, "Time constant of r1, the fast presynaptic trace."),
        field("tau_minus", &Self::tau_minus, "ms", positive, "Time constant of o1, the fast postsynaptic trace."),
        field("tau_x", &Self::tau_x, "ms", positive, "Time constant of r2, the slow presynaptic trace."),
        field("tau_y", &Self::tau_y, "ms", positive, "Time constant of o2, the slow postsynaptic trace."),
        field("pairing", &Self::pairing, "Whether a trace holds all earlier spikes of its cell, or the last one."),
        field("coincidence", &Self::coincidence,
              "What r1 and o1 hold when both cells act in the same step: neither the other's event; r1 the arriving "
              "event (ltp); o1 the post spike (ltd); or both. r2 and o2 never hold the event of the same step."),
    };
  }
};

template <class Real>
struct TripletStdp {
  using Value = Real;
  using Params = TripletStdpParams;
  using Synapse = PlainSynapse<Real>;
  static constexpr std::size_t term_count = 2;  // depression, potentiation
  static constexpr bool is_event_driven = true;

  struct Constants {
    Real a2_plus, a3_plus, a2_minus, a3_minus;
    Real decay_plus, decay_minus, decay_x, decay_y;
    bool nearest, pre_inclusive, post_inclusive;
  };
  // Of a presynaptic cell.
  struct Pre {
    Real r1 = 0, r2 = 0;
    static constexpr auto columns() {
      return std::tuple{column("r1", &Pre::r1, "events", "Fast trace of events."),
                        column("r2", &Pre::r2, "events", "Slow trace of events.")};
    }
  };
  // Of a postsynaptic neuron.
  struct Post {
    Real o1 = 0, o2 = 0;
    static constexpr auto columns() {
      return std::tuple{column("o1", &Post::o1, "spikes", "Fast trace of spikes."),
                        column("o2", &Post::o2, "spikes", "Slow trace of spikes.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    return {Real(p.a2_plus),
            Real(p.a3_plus),
            Real(p.a2_minus),
            Real(p.a3_minus),
            Real(std::exp(-dt / p.tau_plus)),
            Real(std::exp(-dt / p.tau_minus)),
            Real(std::exp(-dt / p.tau_x)),
            Real(std::exp(-dt / p.tau_y)),
            p.pairing == Pairing::nearest_symmetric,
            post_sees_event(p.coincidence),
            event_sees_post(p.coincidence)};
  }
  static bool is_bilinear(const Params&) { return true; }

  SW_HD static Factors<Real, 2> pre_step(const Constants& k, Pre& s, Real event) {
    const Real r1 = step_trace(s.r1, k.decay_plus, event, k.pre_inclusive, k.nearest);
    const Real r2 = step_trace(s.r2, k.decay_x, event, false, k.nearest);
    return {{event * (k.a2_minus + k.a3_minus * r2), r1}};
  }
  SW_HD static Factors<Real, 2> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const Real o1 = step_trace(s.o1, k.decay_minus, in.spike, k.post_inclusive, k.nearest);
    const Real o2 = step_trace(s.o2, k.decay_y, in.spike, false, k.nearest);
    return {{-o1, in.spike * (k.a2_plus + k.a3_plus * o2)}};
  }
  SW_HD static void on_pre(const Constants&, const WeightBounds<Real>& bounds, Synapse& s, const Factors<Real, 2>& pre,
                           const Factors<Real, 2>& post) {
    s.weight = bounds.cut(s.weight + pre.at[0] * post.at[0]);
  }
  SW_HD static void on_post(const Constants&, const WeightBounds<Real>& bounds, Synapse& s, const Factors<Real, 2>& pre,
                            const Factors<Real, 2>& post) {
    s.weight = bounds.cut(s.weight + pre.at[1] * post.at[1]);
  }
};

}  // namespace spikeweave
