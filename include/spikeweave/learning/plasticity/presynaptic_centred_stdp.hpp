// Pair STDP in which each arriving event pairs with the last post spike before it and the first one after it.
//
// Source: Morrison, Diesmann & Gerstner (2008), Biol. Cybern. 98:459-478, section 4.1 and Fig. 7B; NEST's
// stdp_nn_pre_centered. Window and weight dependence as in pair STDP.
// A post spike therefore pairs with all events since the previous post spike: the synapse keeps their sum.
// Events and a post spike in the same step (D = 0): with coincidence `ltp` the spike counts as the first one after the
// event, with `ltd` as the last one before it, with `both` as each; with `none` as neither, so that the event still
// waits for the next post spike.
#pragma once

#include "spikeweave/learning/plasticity/pair_window.hpp"

namespace spikeweave {

struct PresynapticCentredStdpParams {
  static constexpr std::string_view name = "presynaptic_centred_stdp";
  static constexpr std::string_view summary =
      "STDP between each event and the nearest post spike on either side of it.";
  static constexpr std::string_view source = "Morrison et al. 2008, Biol. Cybern. 98:459-478, Fig. 7B";

  double a_plus = 0.005;
  double a_minus = 0.00525;
  double tau_plus = 20.0;
  double tau_minus = 20.0;
  double mu_plus = 0.0;
  double mu_minus = 0.0;
  Coincidence coincidence = Coincidence::none;

  static constexpr auto fields() {
    using Self = PresynapticCentredStdpParams;
    return std::tuple_cat(pair_window_fields<Self>(), weight_dependence_fields<Self>(), coincidence_field<Self>());
  }
};

template <class Real>
struct PresynapticCentredStdp {
  using Value = Real;
  using Params = PresynapticCentredStdpParams;
  static constexpr std::size_t term_count = 2;
  static constexpr bool is_event_driven = true;

  struct Constants {
    PairWindow<Real> window;
    WeightDependence<Real> dependence;
  };
  struct Synapse {
    Real weight = 0;
    Real memory = 0;  // valid at the last event: decays by Pre::fade since then
    static constexpr auto columns() {
      return std::tuple{column("weight", &Synapse::weight, "", "The weight."),
                        column("memory", &Synapse::memory, "events",
                               "Trace of the events since the last post spike, as it was at the last event.")};
    }
  };
  // Of a presynaptic cell.
  struct Pre {
    Real fade = 0;
    static constexpr auto columns() {
      return std::tuple{column("fade", &Pre::fade, "", "What is left of the last event's trace.")};
    }
  };
  // Of a postsynaptic neuron.
  struct Post {
    Real trace = 0;
    static constexpr auto columns() {
      return std::tuple{column("post_trace", &Post::trace, "spikes", "Trace of the last spike.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    return {PairWindow<Real>::of(p, dt), WeightDependence<Real>::of(p)};
  }
  static bool is_bilinear(const Params&) { return false; }

  // Events of this step; fade since the last event before this step.
  SW_HD static Factors<Real, 2> pre_step(const Constants& k, Pre& s, Real event) {
    return {{event, step_trace(s.fade, k.window.decay_plus, event, false, true)}};
  }
  SW_HD static Factors<Real, 2> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const PairWindow<Real>& w = k.window;
    return {{step_trace(s.trace, w.decay_minus, in.spike, w.post_inclusive, true), in.spike}};
  }
  SW_HD static void on_pre(const Constants& k, const WeightBounds<Real>& bounds, Synapse& s,
                           const Factors<Real, 2>& pre, const Factors<Real, 2>& post) {
    const Real event = pre.at[0];
    const bool after_post = post.at[1] > Real(0) && !k.window.pre_inclusive;  // on_post adds the event then
    s.weight = k.dependence.depressed(bounds, s.weight, -(event * (k.window.a_minus * post.at[0])));
    s.memory = flush(s.memory * pre.at[1]) + (after_post ? Real(0) : event);
  }
  SW_HD static void on_post(const Constants& k, const WeightBounds<Real>& bounds, Synapse& s,
                            const Factors<Real, 2>& pre, const Factors<Real, 2>&) {
    const Real event = pre.at[0];
    const Real memory = event > Real(0) ? s.memory : flush(s.memory * pre.at[1]);
    s.weight = k.dependence.potentiated(bounds, s.weight, k.window.a_plus * memory);
    s.memory = k.window.pre_inclusive ? Real(0) : event;
  }
};

}  // namespace spikeweave
