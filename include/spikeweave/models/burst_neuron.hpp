// Two-compartment neuron whose soma fires events and whose dendrite decides by a draw which of them become bursts.
//
// Source: Payeur, Guerguiev, Zenke, Richards & Naud (2021), Nat. Neurosci. 24:1010-1019, Methods (spiking network for
// the exclusive or), and the Burst-Poisson neuron of the code published with it. Soma, dendrite, their scheme and f:
// models/compartments.hpp.
//   fires an event if v_s > theta and the last spike is tau_event or longer ago; it resets the soma, and with
//   probability f(v_d) a second spike follows after burst_delay + burst_jitter U, U uniform in [0, 1), which resets
//   nothing.
// Events are what the neuron sends, second spikes ("bursts") what its dendrite sends; the neuron's spikes are both.
#pragma once

#include "spikeweave/models/compartments.hpp"

namespace spikeweave {

template <class Value>
struct BurstNeuronParams : CompartmentParams<Value> {
  static constexpr std::string_view name = "burst_neuron";
  static constexpr std::string_view summary =
      "Conductance-based soma that fires events and dendrite that makes bursts of them by a draw, in mV.";
  static constexpr std::string_view source =
      "Payeur et al. 2021, Nat. Neurosci. 24:1010-1019; Naud & Sprekeler 2018, PNAS 115:E6329-E6338";

  Value tau_event = 20.0;
  Value burst_delay = 5.0;
  Value burst_jitter = 10.0;

  static constexpr auto fields() {
    using Self = BurstNeuronParams;
    return std::tuple_cat(
        CompartmentParams<Value>::fields(),
        std::tuple{
            field("tau_event", &Self::tau_event, "ms", non_negative,
                  "No event comes less than this after a spike; rounded to whole steps, at least one."),
            field("burst_delay", &Self::burst_delay, "ms", positive,
                  "Shortest time from an event to its second spike."),
            field("burst_jitter", &Self::burst_jitter, "ms", non_negative, "Uniform time on top of it."),
        });
  }
};

template <class Real>
struct BurstNeuronDerived : CompartmentDerived<Real> {
  Real burst_steps, jitter_steps;

  static constexpr auto columns() {
    using Self = BurstNeuronDerived;
    return std::tuple_cat(
        CompartmentDerived<Real>::columns(),
        std::tuple{
            column("burst_steps", &Self::burst_steps, "steps", "Shortest time from an event to its second spike."),
            column("jitter_steps", &Self::jitter_steps, "steps", "Uniform time on top of it."),
        });
  }
};

template <class Real>
struct BurstNeuronState : CompartmentState<Real> {
  Real burst = 0;

  static constexpr auto columns() {
    using Self = BurstNeuronState;
    return std::tuple_cat(CompartmentState<Real>::columns(),
                          std::tuple{
                              column("burst", &Self::burst, "steps", "Steps left to the second spike; 0: none comes."),
                          });
  }
};

template <class Real>
struct BurstNeuron {
  using Value = Real;
  using Params = BurstNeuronParams<Distribution>;
  using NeuronParams = BurstNeuronParams<double>;
  using Derived = BurstNeuronDerived<Real>;
  using State = BurstNeuronState<Real>;
  static constexpr bool uses_random = true;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = false;
  static constexpr bool predicts = false;
  static constexpr bool takes_current = true;
  static constexpr std::string_view second_input = "dendrite";
  static constexpr std::string_view second_output = "bursts";

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    return {Both::derive(p, dt, std::max(1.0, std::round(p.tau_event / dt))),
            Real(std::max(1.0, std::round(p.burst_delay / dt))), Real(p.burst_jitter / dt)};
  }

  SW_HD static State initial_state(const Derived& d) {
    State s;
    Both::start(d, s);
    return s;
  }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    auto draws = Draws<Real>::of(in.word);
    Both::advance(d, s, in, draws, Real(0), Real(0));
    s.burst = s.burst > Real(0) ? s.burst - Real(1) : Real(0);
    const Real due = s.burst > Real(0) ? (s.burst > Real(1) ? Real(0) : Real(1)) : Real(0);
    const Real event = Both::fires(s, in.forced);
    const Real follows = event * draws.take(Both::nonlinearity(d, s.v_dendrite));
    const Real second = event > Real(0) ? Real(0) : due;
    Both::reset(d, s, event, event + second);
    s.burst = follows > Real(0) ? d.burst_steps + d.jitter_steps * draws.rest() : due > Real(0) ? Real(0) : s.burst;
    return {.spike = event + second, .psi = Real(0), .second = second, .unsent = second};
  }

 private:
  using Both = Compartments<Real>;
};

}  // namespace spikeweave
