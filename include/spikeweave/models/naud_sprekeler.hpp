// Two-compartment neuron with a regenerative dendrite: spikes that travel back into a dendrite that is driven open a
// current, which makes the soma burst.
//
// Source: Naud & Sprekeler (2018), PNAS 115:E6329-E6338, Methods; the moving threshold is that of the code published
// with Payeur et al. (2021), Nat. Neurosci. 24:1010-1019. Soma, dendrite, their scheme and f: models/compartments.hpp;
// to their currents come, with the v_d of the step before,
//   soma_coupling f(v_d) into the soma
//   dendrite_coupling f(v_d) + back_propagation K(t) into the dendrite, K = 1 for back_propagation_time after a spike
//   fires if v_s > theta and the last spike is longer ago than tau_refractory
// The first spike after more than burst_interval is an event, which the neuron sends; the next within it makes a burst
// of the event, which the dendrite sends (learning/event_split.hpp). The neuron's spikes are all.
#pragma once

#include "spikeweave/learning/event_split.hpp"
#include "spikeweave/models/compartments.hpp"

namespace spikeweave {

template <class Value>
struct NaudSprekelerParams : CompartmentParams<Value> {
  static constexpr std::string_view name = "naud_sprekeler";
  static constexpr std::string_view summary =
      "Conductance-based soma and a regenerative dendrite that makes bursts of its spikes, in mV.";
  static constexpr std::string_view source =
      "Naud & Sprekeler 2018, PNAS 115:E6329-E6338; Payeur et al. 2021, Nat. Neurosci. 24:1010-1019";

  Value soma_coupling = 1300.0;
  Value dendrite_coupling = 1200.0;
  Value back_propagation = 2600.0;
  Value back_propagation_time = 2.0;
  Value tau_refractory = 3.0;
  Value burst_interval = 16.0;

  constexpr NaudSprekelerParams() { this->e_dendrite = -38.0; }

  static constexpr auto fields() {
    using Self = NaudSprekelerParams;
    return std::tuple_cat(
        CompartmentParams<Value>::fields(),
        std::tuple{
            field("soma_coupling", &Self::soma_coupling, "pA", any_value, "Current into the soma where f is 1."),
            field("dendrite_coupling", &Self::dendrite_coupling, "pA", any_value,
                  "Regenerative current into the dendrite where f is 1."),
            field("back_propagation", &Self::back_propagation, "pA", any_value,
                  "Current that a spike sends into the dendrite."),
            field("back_propagation_time", &Self::back_propagation_time, "ms", non_negative,
                  "How long it flows; rounded to whole steps."),
            field("tau_refractory", &Self::tau_refractory, "ms", non_negative,
                  "Time after a spike without another; rounded to whole steps."),
            field("burst_interval", &Self::burst_interval, "ms", positive,
                  "A spike is an event if the one before is longer ago than this, in whole steps."),
        });
  }
};

template <class Real>
struct NaudSprekelerDerived : CompartmentDerived<Real> {
  Real soma_coupling, dendrite_coupling, back_propagation, box_steps, window;

  static constexpr auto columns() {
    using Self = NaudSprekelerDerived;
    return std::tuple_cat(
        CompartmentDerived<Real>::columns(),
        std::tuple{
            column("soma_coupling", &Self::soma_coupling, "mV/step", "soma_coupling dt/c_soma"),
            column("dendrite_coupling", &Self::dendrite_coupling, "mV/step", "dendrite_coupling dt/c_dendrite"),
            column("back_propagation", &Self::back_propagation, "mV/step", "back_propagation dt/c_dendrite"),
            column("box_steps", &Self::box_steps, "steps", "How long a spike's current flows into the dendrite."),
            column("window", &Self::window, "steps", "A spike is an event if the one before is longer ago."),
        });
  }
};

template <class Real>
struct NaudSprekelerState : CompartmentState<Real>, EventSplit<Real> {
  Real box = 0;

  static constexpr auto columns() {
    using Self = NaudSprekelerState;
    return std::tuple_cat(
        CompartmentState<Real>::columns(),
        std::tuple{
            column("recent", &Self::recent, "steps", "Steps left in which another spike is no event."),
            column("open", &Self::is_open, "", "1: the next such spike makes a burst."),
            column("box", &Self::box, "steps", "Steps left in which a spike's current flows into the dendrite."),
        });
  }
};

template <class Real>
struct NaudSprekeler {
  using Value = Real;
  using Params = NaudSprekelerParams<Distribution>;
  using NeuronParams = NaudSprekelerParams<double>;
  using Derived = NaudSprekelerDerived<Real>;
  using State = NaudSprekelerState<Real>;
  static constexpr bool uses_random = true;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = false;
  static constexpr bool predicts = false;
  static constexpr bool takes_current = true;
  static constexpr std::string_view second_input = "dendrite";
  static constexpr std::string_view second_output = "bursts";

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    return {Both::derive(p, dt, std::round(p.tau_refractory / dt) + 1.0),
            Real(p.soma_coupling * dt / p.c_soma),
            Real(p.dendrite_coupling * dt / p.c_dendrite),
            Real(p.back_propagation * dt / p.c_dendrite),
            Real(std::round(p.back_propagation_time / dt)),
            Real(std::floor(p.burst_interval / dt + 1e-9))};
  }

  SW_HD static State initial_state(const Derived& d) {
    State s;
    Both::start(d, s);
    return s;
  }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    auto draws = Draws<Real>::of(in.word);
    const Real open = Both::nonlinearity(d, s.v_dendrite);
    const Real flows = s.box > Real(0) ? Real(1) : Real(0);
    Both::advance(d, s, in, draws, d.soma_coupling * open, d.dendrite_coupling * open + d.back_propagation * flows);
    const Real spike = Both::fires(s, in.forced);
    Both::reset(d, s, spike, spike);
    s.box = spike > Real(0) ? d.box_steps : s.box - flows;
    const auto kind = s.split(d.window, spike);
    return {.spike = spike, .psi = Real(0), .second = kind.burst, .unsent = spike - kind.event};
  }

 private:
  using Both = Compartments<Real>;
};

}  // namespace spikeweave
