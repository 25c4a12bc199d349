// The window and the weight dependence that the rules made of spike pairs share; no rule itself.
//
// Source: Morrison, Diesmann & Gerstner (2008), Biol. Cybern. 98:459-478, section 4.1; Guetig et al. (2003), J.
// Neurosci. 23:3697-3714.
#pragma once

#include "spikeweave/learning/plasticity.hpp"

namespace spikeweave {

// Settings of a rule that has these members.
template <class Params>
constexpr auto pair_window_fields() {
  return std::tuple{
      field("a_plus", &Params::a_plus, "weight", any_value, "Potentiation of a pair at D -> 0+."),
      field("a_minus", &Params::a_minus, "weight", any_value, "Depression of a pair at D -> 0-."),
      field("tau_plus", &Params::tau_plus, "ms", positive, "Time constant of potentiation, the presynaptic trace."),
      field("tau_minus", &Params::tau_minus, "ms", positive, "Time constant of depression, the postsynaptic trace."),
  };
}
template <class Params>
constexpr auto weight_dependence_fields() {
  return std::tuple{
      field("mu_plus", &Params::mu_plus, "", non_negative,
            "Power of the distance to the upper bound; 0: additive, 1: multiplicative."),
      field("mu_minus", &Params::mu_minus, "", non_negative, "Power of the distance to the lower bound."),
  };
}
template <class Params>
constexpr auto pairing_field() {
  return std::tuple{
      field("pairing", &Params::pairing, "Which spikes pair: all, or each with the last one of the other side.")};
}
template <class Params>
constexpr auto coincidence_field() {
  return std::tuple{
      field("coincidence", &Params::coincidence,
            "What a pair in the same step does: nothing, potentiate (the arriving event is in the trace that the "
            "post spike reads), depress (the post spike is in the trace that the event reads), or both."),
  };
}

template <class Real>
struct PairWindow {
  Real a_plus, a_minus, decay_plus, decay_minus;
  bool pre_inclusive;   // the trace of events that a post spike reads holds the event of the same step
  bool post_inclusive;  // the trace of post spikes that an event reads holds the spike of the same step

  // dt [ms]
  template <class Params>
  static PairWindow of(const Params& p, double dt) {
    return {Real(p.a_plus),
            Real(p.a_minus),
            Real(std::exp(-dt / p.tau_plus)),
            Real(std::exp(-dt / p.tau_minus)),
            post_sees_event(p.coincidence),
            event_sees_post(p.coincidence)};
  }
};

template <class Real>
struct WeightDependence {
  Real mu_plus, mu_minus;

  template <class Params>
  static WeightDependence of(const Params& p) {
    return {Real(p.mu_plus), Real(p.mu_minus)};
  }
  SW_HD Real potentiated(const WeightBounds<Real>& bounds, Real weight, Real change) const {
    return bounds.cut(weight + share_power(bounds.below_high(weight), mu_plus) * change);
  }
  SW_HD Real depressed(const WeightBounds<Real>& bounds, Real weight, Real change) const {
    return bounds.cut(weight + share_power(bounds.above_low(weight), mu_minus) * change);
  }
};

}  // namespace spikeweave
