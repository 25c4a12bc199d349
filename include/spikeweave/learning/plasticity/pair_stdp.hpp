// Pair-based spike-timing-dependent plasticity with one trace per cell.
//
// Source: Song, Miller & Abbott (2000), Nat. Neurosci. 3:919-926; Morrison, Diesmann & Gerstner (2008), Biol. Cybern.
// 98:459-478, sections 4.1-4.2; weight dependence: Guetig et al. (2003), J. Neurosci. 23:3697-3714.
// For spikes D = t_post - t_pre apart (t_pre: arrival at the synapse):
//   D > 0: dW = +a_plus  f_plus(w)  exp(-D/tau_plus),   f_plus  = ((high - w) / (high - low))^mu_plus
//   D < 0: dW = -a_minus f_minus(w) exp(+D/tau_minus),  f_minus = ((w - low) / (high - low))^mu_minus
// Differs from the sources: the bounds are those of the projection; what a pair with D = 0 does is a setting.
#pragma once

#include "spikeweave/learning/plasticity.hpp"

namespace spikeweave {

enum class Pairing { all_to_all, nearest_symmetric };
template <>
struct EnumNames<Pairing> {
  static constexpr std::array<std::string_view, 2> names{"all_to_all", "nearest_symmetric"};
};

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
    return std::tuple{
        field("a_plus", &Self::a_plus, "weight", any_value, "Potentiation of a pair at D -> 0+."),
        field("a_minus", &Self::a_minus, "weight", any_value, "Depression of a pair at D -> 0-."),
        field("tau_plus", &Self::tau_plus, "ms", positive, "Time constant of potentiation, the presynaptic trace."),
        field("tau_minus", &Self::tau_minus, "ms", positive, "Time constant of depression, the postsynaptic trace."),
        field("mu_plus", &Self::mu_plus, "", non_negative,
              "Power of the distance to the upper bound; 0: additive, 1: multiplicative."),
        field("mu_minus", &Self::mu_minus, "", non_negative, "Power of the distance to the lower bound."),
        field("pairing", &Self::pairing, "Which spikes pair: all, or each with the last one of the other side."),
        field("coincidence", &Self::coincidence,
              "What a pair in the same step does: nothing, potentiate (the arriving event is in the trace that the "
              "post spike reads), depress (the post spike is in the trace that the event reads), or both."),
    };
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
    Real a_plus, a_minus, decay_plus, decay_minus, mu_plus, mu_minus;
    bool nearest, pre_inclusive, post_inclusive;
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
    const bool ltp = p.coincidence == Coincidence::ltp || p.coincidence == Coincidence::both;
    const bool ltd = p.coincidence == Coincidence::ltd || p.coincidence == Coincidence::both;
    return {Real(p.a_plus),
            Real(p.a_minus),
            Real(std::exp(-dt / p.tau_plus)),
            Real(std::exp(-dt / p.tau_minus)),
            Real(p.mu_plus),
            Real(p.mu_minus),
            p.pairing == Pairing::nearest_symmetric,
            ltp,
            ltd};
  }
  static bool is_bilinear(const Params& p) { return p.mu_plus == 0.0 && p.mu_minus == 0.0; }

  SW_HD static Factors<Real, 2> pre_step(const Constants& k, Pre& s, Real event) {
    return {{event, EventTrace<Real>::step(s.trace, k.decay_plus, event, k.pre_inclusive, k.nearest)}};
  }
  SW_HD static Factors<Real, 2> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const Real trace = EventTrace<Real>::step(s.trace, k.decay_minus, in.spike, k.post_inclusive, k.nearest);
    return {{-(k.a_minus * trace), k.a_plus * in.spike}};
  }
  SW_HD static void on_pre(const Constants& k, const WeightBounds<Real>& bounds, Synapse& s,
                           const Factors<Real, 2>& pre, const Factors<Real, 2>& post) {
    const Real dependence = share_power(bounds.above_low(s.weight), k.mu_minus);
    s.weight = bounds.cut(s.weight + dependence * (pre.at[0] * post.at[0]));
  }
  SW_HD static void on_post(const Constants& k, const WeightBounds<Real>& bounds, Synapse& s,
                            const Factors<Real, 2>& pre, const Factors<Real, 2>& post) {
    const Real dependence = share_power(bounds.below_high(s.weight), k.mu_plus);
    s.weight = bounds.cut(s.weight + dependence * (pre.at[1] * post.at[1]));
  }
};

}  // namespace spikeweave
