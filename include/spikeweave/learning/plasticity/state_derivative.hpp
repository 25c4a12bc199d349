// What arrives at the synapse times the change of the post neuron's state that follows it.
//
// Source: Bengio, Mesnard, Fischer, Zhang & Wu (2015), arXiv:1509.05936, eqs. 1 and 2: with x the rate or the spike
// that arrives, and s the state of the post neuron,
//   dW = learning_rate (s[t+1] - s[t]) x[t]                (forward; for learning)
//   dW = learning_rate (s[t+1] - s[t-1])/2 x[t]            (central; for statistics)
// s is what the neuron sends, or (state `spike_trace`) its rate as predicted from its earlier spikes z,
//   s[t+1] = lambda s[t] + (1 - lambda) z[t],  lambda = exp(-dt/tau_state).
// The change is made in step t+1. Before the first step x and s are 0; x of the last step changes nothing.
#pragma once

#include "spikeweave/learning/plasticity.hpp"

namespace spikeweave {

enum class StateDifference { forward, central };
template <>
struct EnumNames<StateDifference> {
  static constexpr std::array<std::string_view, 2> names{"forward", "central"};
};

enum class PostState { output, spike_trace };
template <>
struct EnumNames<PostState> {
  static constexpr std::array<std::string_view, 2> names{"output", "spike_trace"};
};

struct StateDerivativeParams {
  static constexpr std::string_view name = "state_derivative";
  static constexpr std::string_view summary = "What arrives times the change of the post neuron's state.";
  static constexpr std::string_view source = "Bengio et al. 2015, arXiv:1509.05936, eqs. 1 and 2";

  double learning_rate = 0.01;
  StateDifference difference = StateDifference::forward;
  PostState state = PostState::output;
  double tau_state = 20.0;

  static constexpr auto fields() {
    using Self = StateDerivativeParams;
    return std::tuple{
        field("learning_rate", &Self::learning_rate, "weight", any_value, "Change at a state that rises by 1."),
        field("difference", &Self::difference, "Change of the state: s[t+1] - s[t], or (s[t+1] - s[t-1])/2."),
        field("state", &Self::state, "What changes: what the neuron sends, or a trace of its earlier spikes."),
        field("tau_state", &Self::tau_state, "ms", positive, "Time constant of the trace of spikes."),
    };
  }
};

template <class Real>
struct StateDerivative {
  using Value = Real;
  using Params = StateDerivativeParams;
  using Synapse = PlainSynapse<Real>;
  static constexpr std::size_t term_count = 1;
  static constexpr bool is_event_driven = false;  // the change comes one step after the event

  struct Constants {
    Real learning_rate;  // half of it for the central difference, which spans two steps
    Real decay, gain;    // of the trace of spikes
    bool central, of_spikes;
  };
  // Of a presynaptic cell.
  struct Pre {
    Real last = 0;
    static constexpr auto columns() { return std::tuple{column("last_input", &Pre::last, "", "x of the last step.")}; }
  };
  // Of a postsynaptic neuron.
  struct Post {
    Real trace = 0, last = 0, last_but_one = 0;
    static constexpr auto columns() {
      return std::tuple{column("state_trace", &Post::trace, "spikes", "Trace of spikes, s of the next step."),
                        column("last_state", &Post::last, "", "s of the last step."),
                        column("last_but_one_state", &Post::last_but_one, "", "s of the last step but one.")};
    }
  };

  // dt [ms]
  static Constants derive(const Params& p, double dt) {
    const bool central = p.difference == StateDifference::central;
    const double decay = std::exp(-dt / p.tau_state);
    return {Real(central ? 0.5 * p.learning_rate : p.learning_rate), Real(decay), Real(1.0 - decay), central,
            p.state == PostState::spike_trace};
  }
  static bool is_bilinear(const Params&) { return true; }
  static bool reads_rates(const Params& p) { return p.state == PostState::output; }

  SW_HD static Factors<Real, 1> pre_step(const Constants&, Pre& s, Real event) {
    const Real last = s.last;
    s.last = event;
    return {{last}};
  }
  SW_HD static Factors<Real, 1> post_step(const Constants& k, Post& s, const PostActivity<Real>& in) {
    const Real now = k.of_spikes ? s.trace : in.output;
    const Real change = now - (k.central ? s.last_but_one : s.last);
    s.trace = flush(k.decay * s.trace) + k.gain * in.spike;
    s.last_but_one = s.last;
    s.last = now;
    return {{k.learning_rate * change}};
  }
  SW_HD static void on_step(const Constants&, const WeightBounds<Real>& bounds, Synapse& s, const Factors<Real, 1>& pre,
                            const Factors<Real, 1>& post) {
    s.weight = bounds.cut(s.weight + pre.at[0] * post.at[0]);
  }
};

}  // namespace spikeweave
