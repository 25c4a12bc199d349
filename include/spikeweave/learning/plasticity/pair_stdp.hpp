// Pair-based spike-timing-dependent plasticity with one trace per cell.
//
// Source: Song, Miller & Abbott (2000), Nat. Neurosci. 3:919-926; Morrison, Diesmann & Gerstner (2008), Biol. Cybern.
// 98:459-478, sections 4.1-4.2; weight dependence: Guetig et al. (2003), J. Neurosci. 23:3697-3714.
// For spikes D = t_post - t_pre apart (t_pre: arrival at the synapse):
//   D > 0: dW = +a_plus  f_plus(w)  exp(-D/tau_plus),   f_plus  = ((high - w) / (high - low))^mu_plus
//   D < 0: dW = -a_minus f_minus(w) exp(+D/tau_minus),  f_minus = ((w - low) / (high - low))^mu_minus
// Differs from the sources: the bounds are those of the projection; what a pair with D = 0 does is a setting.
#pragma once

#include "spikeweave/learning/plasticity/pair_window.hpp"

namespace spikeweave {

struct PairStdpParams {
  static constexpr std::string_view name = "pair_stdp";
  static constexpr std::string_view summary = "Pair-based STDP: additive, multiplicative or soft bounds.";
  static constexpr std::string_view source = "Song et al. 2000; Morrison et al. 2008; Guetig et al. 2003";

  double a_plus = 0.005;
  double a_minus = 0.00525;
  double tau_plus = 20.0;
  double tau_minus = 20.0;
  double mu_plus = 0.0;
  double mu_minus = 0.0;
  Pairing pairing = Pairing::all_to_all;
  Coincidence coincidence = Coincidence::none;

  static constexpr auto fields() {
    using Self = PairStdpParams;
    return std::tuple_cat(pair_window_fields<Self>(), weight_dependence_fields<Self>(), pairing_field<Self>(),
                          coincidence_field<Self>());
  }
};

template <class Real>
struct PairStdp {
  using Value = Real;
  using Params = PairStdpParams;
  using Synapse = PlainSynapse<Real>;
  static constexpr std::size_t term_count = 2;  // depression, potentiation
  static constexpr bool is_event_driven = true;

  struct Constants {
    PairWindow<Real> window;
    WeightDependence<Real> dependence;
    bool nearest;
  };
  // Of a presynaptic cell.
  struct Pre {
    Real trace = 0;
    static constexpr auto columns() {
      return std::tuple{column("pre_trace", &Pre::trace, "events", "Trace of events.")};
    }
  };
  // Of a postsynaptic neuron.
  struct Post {
    Real trace = 0;
    static constexpr auto columns() {
      return std::tuple{column("post_trace", &Post::trace, "spikes", "Trace of spikes.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    return {PairWindow<Real>::of(p, dt), WeightDependence<Real>::of(p), p.pairing == Pairing::nearest_symmetric};
  }
  static bool is_bilinear(const Params& p) { return p.mu_plus == 0.0 && p.mu_minus == 0.0; }

  SW_HD static Factors<Real, 2> pre_step(const Constants& k, Pre& s, Real event) {
    return {{event, step_trace(s.trace, k.window.decay_plus, event, k.window.pre_inclusive, k.nearest)}};
  }
  SW_HD static Factors<Real, 2> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const PairWindow<Real>& w = k.window;
    const Real trace = step_trace(s.trace, w.decay_minus, in.spike, w.post_inclusive, k.nearest);
    return {{-(w.a_minus * trace), w.a_plus * in.spike}};
  }
  SW_HD static void on_pre(const Constants& k, const WeightBounds<Real>& bounds, Synapse& s,
                           const Factors<Real, 2>& pre, const Factors<Real, 2>& post) {
    s.weight = k.dependence.depressed(bounds, s.weight, pre.at[0] * post.at[0]);
  }
  SW_HD static void on_post(const Constants& k, const WeightBounds<Real>& bounds, Synapse& s,
                            const Factors<Real, 2>& pre, const Factors<Real, 2>& post) {
    s.weight = k.dependence.potentiated(bounds, s.weight, pre.at[1] * post.at[1]);
  }
};

}  // namespace spikeweave
