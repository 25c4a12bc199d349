// Pair STDP whose change waits at the synapse, as a decaying eligibility, for a reward that all synapses share.
//
// Source: Izhikevich (2007), Cereb. Cortex 17:2443-2452. d: the modulator, which decays with tau_modulator and takes
// the reward; c: the eligibility, which takes the changes of pair STDP; after every update_interval
//   weight += (baseline + d) c, cut to the bounds;   c *= exp(-update_interval/tau_eligibility)
// The published code has baseline 0.002, update_interval 10 ms and c *= 0.99, that is tau_eligibility = 995 ms; the
// paper has 1000 ms. In between, c gathers without decay.
// In the form `trial` the terms of step t are weighted by D[t], backward in t from 0:
//   D[t] = (baseline + d[t]) dt/update_interval + exp(-dt/tau_eligibility) D[t+1]
// It equals the sum over synapses' sweeps where update_interval is one step and no bound is met; with longer intervals
// it spreads each sweep over the interval's steps.
#pragma once

#include "spikeweave/learning/plasticity/pair_stdp.hpp"

namespace spikeweave {

struct RewardedStdpParams {
  static constexpr std::string_view name = "rewarded_stdp";
  static constexpr std::string_view summary = "Pair STDP gated by a global reward that may come seconds later.";
  static constexpr std::string_view source = "Izhikevich 2007, Cereb. Cortex 17:2443-2452";

  double a_plus = 0.1;
  double a_minus = 0.15;
  double tau_plus = 20.0;
  double tau_minus = 20.0;
  Pairing pairing = Pairing::nearest_symmetric;
  Coincidence coincidence = Coincidence::none;
  double baseline = 0.002;
  double tau_eligibility = 1000.0;
  double tau_modulator = 200.0;
  double update_interval = 10.0;

  static constexpr auto fields() {
    using Self = RewardedStdpParams;
    return std::tuple_cat(
        pair_window_fields<Self>(), pairing_field<Self>(), coincidence_field<Self>(),
        std::tuple{
            field("baseline", &Self::baseline, "", any_value, "What the modulator has without any reward."),
            field("tau_eligibility", &Self::tau_eligibility, "ms", positive, "Time constant of the eligibility."),
            field("tau_modulator", &Self::tau_modulator, "ms", positive, "Time constant of the modulator."),
            field("update_interval", &Self::update_interval, "ms", positive,
                  "Interval between two changes of the weights, rounded to whole steps; at least one step."),
        });
  }
};

template <class Real>
struct RewardedStdp {
  using Value = Real;
  using Params = RewardedStdpParams;
  using Pair = PairStdp<Real>;
  using Pre = typename Pair::Pre;
  using Post = typename Pair::Post;
  static constexpr std::size_t term_count = 2;
  static constexpr bool is_event_driven = true;

  struct Constants {
    typename Pair::Constants pair;
    Real baseline;
    Real sweep_decay, step_decay;  // of the eligibility
    Real sweeps_per_step;
  };
  struct Synapse {
    Real weight = 0;
    Real eligibility = 0;
    static constexpr auto columns() {
      return std::tuple{column("weight", &Synapse::weight, "", "The weight."),
                        column("eligibility", &Synapse::eligibility, "weight", "Change that waits for a reward.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    const auto steps = static_cast<double>(sweep_steps(p, dt));
    const PairStdpParams pair{.a_plus = p.a_plus,
                              .a_minus = p.a_minus,
                              .tau_plus = p.tau_plus,
                              .tau_minus = p.tau_minus,
                              .pairing = p.pairing,
                              .coincidence = p.coincidence};
    return {Pair::derive(pair, dt), Real(p.baseline), Real(std::exp(-steps * dt / p.tau_eligibility)),
            Real(std::exp(-dt / p.tau_eligibility)), Real(1.0 / steps)};
  }
  // In the form `trial` weighted by trial_weight.
  static bool is_bilinear(const Params&) { return true; }
  static std::size_t sweep_steps(const Params& p, double dt) {
    const double steps = std::round(p.update_interval / dt);
    return steps < 1.0 ? 1 : static_cast<std::size_t>(steps);
  }
  static double modulator_decay(const Params& p, double dt) { return std::exp(-dt / p.tau_modulator); }

  SW_HD static Factors<Real, 2> pre_step(const Constants& k, Pre& s, Real event) {
    return Pair::pre_step(k.pair, s, event);
  }
  SW_HD static Factors<Real, 2> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    return Pair::post_step(k.pair, s, in);
  }
  SW_HD static void on_pre(const Constants&, const WeightBounds<Real>&, Synapse& s, const Factors<Real, 2>& pre,
                           const Factors<Real, 2>& post) {
    s.eligibility += pre.at[0] * post.at[0];
  }
  SW_HD static void on_post(const Constants&, const WeightBounds<Real>&, Synapse& s, const Factors<Real, 2>& pre,
                            const Factors<Real, 2>& post) {
    s.eligibility += pre.at[1] * post.at[1];
  }
  SW_HD static void sweep(const Constants& k, const WeightBounds<Real>& bounds, Synapse& s, Real modulator) {
    s.weight = bounds.cut(s.weight + (k.baseline + modulator) * s.eligibility);
    s.eligibility = flush(k.sweep_decay * s.eligibility);
  }
  SW_HD static Real trial_weight(const Constants& k, Real next, Real modulator) {
    return (k.baseline + modulator) * k.sweeps_per_step + flush(k.step_decay * next);
  }
};

}  // namespace spikeweave
