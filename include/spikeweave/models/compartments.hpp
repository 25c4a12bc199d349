// Soma and dendrite of the neurons that burst: all that they share but for how they fire.
//
// Source: Naud & Sprekeler (2018), PNAS 115:E6329-E6338; Payeur, Guerguiev, Zenke, Richards & Naud (2021), Nat.
// Neurosci. 24:1010-1019, Methods. In this order; g: conductances [leak conductances]:
//   g_e, g_i decay and take what arrives: a positive sum of weights g_e, a negative one g_i; noise adds to both
//   tau_soma dv_s/dt = e_leak - v_s + g_e (e_exc - v_s) + g_i (e_inh - v_s) + tau_soma/c_soma (I_s - adaptation w_s)
//   v_d likewise with tau_dendrite, its own conductances and I_d - dendrite_adaptation w_d
//   w_s decays; w_d += dt/tau_dendrite_adaptation (v_d - e_leak - w_d); theta += dt/tau_threshold (v_threshold - theta)
//   at a spike that resets: v_s = e_leak, theta += threshold_jump, w_s += 1
//   f(v_d) = 1/(1 + exp(-(v_d - e_dendrite)/dendrite_width)): what the dendrite does to the soma, as the model has it
// Scheme: the voltages by backward Euler, so that they stay between the reversal potentials for every dt and g, the
// rest by forward Euler. Differs from the source: forward Euler for the voltages too there, and what arrives acts in
// the next step. As there, the noise brings at most one event of a kind per step.
#pragma once

#include <algorithm>
#include <cmath>

#include "spikeweave/core/exponential.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

enum class Compartment { soma, dendrite };
template <>
struct EnumNames<Compartment> {
  static constexpr std::array<std::string_view, 2> names{"soma", "dendrite"};
};

template <class Value>
struct CompartmentParams {
  Value e_leak = -70.0;
  Value v_threshold = -50.0;
  Value v_initial = -70.0;
  Value tau_soma = 16.0;
  Value c_soma = 370.0;
  Value adaptation = 200.0;
  Value tau_adaptation = 100.0;
  Value tau_threshold = 27.0;
  Value threshold_jump = 2.0;
  Value tau_dendrite = 7.0;
  Value c_dendrite = 170.0;
  Value dendrite_adaptation = 13.0;
  Value tau_dendrite_adaptation = 30.0;
  Value e_dendrite = -57.0;
  Value dendrite_width = 6.0;
  Value e_excitatory = 0.0;
  Value tau_excitatory = 5.0;
  Value e_inhibitory = -80.0;
  Value tau_inhibitory = 10.0;
  Value soma_current = 0.0;
  Value dendrite_current = 0.0;
  Compartment driven = Compartment::soma;
  Value soma_noise_rate = 0.0;
  Value soma_noise_excitatory = 0.35;
  Value soma_noise_inhibitory = 0.35;
  Value dendrite_noise_rate = 0.0;
  Value dendrite_noise_excitatory = 0.05;
  Value dendrite_noise_inhibitory = 0.05;

  static constexpr auto fields() {
    using Self = CompartmentParams;
    return std::tuple{
        field("e_leak", &Self::e_leak, "mV", any_value, "Resting voltage of both compartments, and reset of the soma."),
        field("v_threshold", &Self::v_threshold, "mV", any_value, "Threshold at rest."),
        field("v_initial", &Self::v_initial, "mV", any_value, "Voltage of the soma when a trial starts."),
        field("tau_soma", &Self::tau_soma, "ms", positive, "Membrane time constant of the soma."),
        field("c_soma", &Self::c_soma, "pF", positive, "Capacitance of the soma."),
        field("adaptation", &Self::adaptation, "pA", any_value,
              "Current that a spike that resets takes from the soma."),
        field("tau_adaptation", &Self::tau_adaptation, "ms", positive, "Its time constant."),
        field("tau_threshold", &Self::tau_threshold, "ms", positive, "Time constant of the threshold."),
        field("threshold_jump", &Self::threshold_jump, "mV", any_value, "What such a spike adds to the threshold."),
        field("tau_dendrite", &Self::tau_dendrite, "ms", positive, "Membrane time constant of the dendrite."),
        field("c_dendrite", &Self::c_dendrite, "pF", positive, "Capacitance of the dendrite."),
        field("dendrite_adaptation", &Self::dendrite_adaptation, "nS", any_value,
              "Conductance of the dendrite's adaptation."),
        field("tau_dendrite_adaptation", &Self::tau_dendrite_adaptation, "ms", positive, "Its time constant."),
        field("e_dendrite", &Self::e_dendrite, "mV", any_value,
              "Voltage of the dendrite at which its f is one half: of events that become bursts, or of the current "
              "that opens."),
        field("dendrite_width", &Self::dendrite_width, "mV", positive, "How gently f rises."),
        field("e_excitatory", &Self::e_excitatory, "mV", any_value, "Reversal potential of excitation."),
        field("tau_excitatory", &Self::tau_excitatory, "ms", positive, "Decay time of excitatory conductances."),
        field("e_inhibitory", &Self::e_inhibitory, "mV", any_value, "Reversal potential of inhibition."),
        field("tau_inhibitory", &Self::tau_inhibitory, "ms", positive, "Decay time of inhibitory conductances."),
        field("soma_current", &Self::soma_current, "pA", any_value, "Constant current into the soma."),
        field("dendrite_current", &Self::dendrite_current, "pA", any_value, "Constant current into the dendrite."),
        field("driven", &Self::driven, "The compartment that a task's current [pA] reaches."),
        field("soma_noise_rate", &Self::soma_noise_rate, "Hz", non_negative,
              "Rate of the excitatory and of the inhibitory noise of the soma; below one event per step."),
        field("soma_noise_excitatory", &Self::soma_noise_excitatory, "leak conductances", non_negative,
              "What an excitatory event of it brings."),
        field("soma_noise_inhibitory", &Self::soma_noise_inhibitory, "leak conductances", non_negative,
              "What an inhibitory event of it brings."),
        field("dendrite_noise_rate", &Self::dendrite_noise_rate, "Hz", non_negative,
              "Rate of the excitatory and of the inhibitory noise of the dendrite."),
        field("dendrite_noise_excitatory", &Self::dendrite_noise_excitatory, "leak conductances", non_negative,
              "What an excitatory event of it brings."),
        field("dendrite_noise_inhibitory", &Self::dendrite_noise_inhibitory, "leak conductances", non_negative,
              "What an inhibitory event of it brings."),
    };
  }
};

template <class Real>
struct CompartmentDerived {
  Real e_leak, v_threshold, v_initial, e_excitatory, e_inhibitory, excitatory_decay, inhibitory_decay;
  Real soma_rate, soma_shift, soma_drive, adaptation, adaptation_decay, threshold_rate, threshold_jump, hold_steps;
  Real dendrite_rate, dendrite_shift, dendrite_drive, dendrite_adaptation, dendrite_adaptation_rate;
  Real e_dendrite, per_width;
  Real soma_noise, soma_excitatory, soma_inhibitory, dendrite_noise, dendrite_excitatory, dendrite_inhibitory;

  static constexpr auto columns() {
    using Self = CompartmentDerived;
    return std::tuple{
        column("e_leak", &Self::e_leak, "mV", "Resting voltage."),
        column("v_threshold", &Self::v_threshold, "mV", "Threshold at rest."),
        column("v_initial", &Self::v_initial, "mV", "Voltage of the soma when a trial starts."),
        column("e_excitatory", &Self::e_excitatory, "mV", "Reversal potential of excitation."),
        column("e_inhibitory", &Self::e_inhibitory, "mV", "Reversal potential of inhibition."),
        column("excitatory_decay", &Self::excitatory_decay, "", "exp(-dt/tau_excitatory)"),
        column("inhibitory_decay", &Self::inhibitory_decay, "", "exp(-dt/tau_inhibitory)"),
        column("soma_rate", &Self::soma_rate, "1/step", "dt/tau_soma"),
        column("soma_shift", &Self::soma_shift, "mV/step", "soma_current dt/c_soma"),
        column("soma_drive", &Self::soma_drive, "mV/(step pA)", "dt/c_soma where the task drives the soma, else 0."),
        column("adaptation", &Self::adaptation, "mV/step", "adaptation dt/c_soma"),
        column("adaptation_decay", &Self::adaptation_decay, "", "exp(-dt/tau_adaptation)"),
        column("threshold_rate", &Self::threshold_rate, "1/step", "dt/tau_threshold"),
        column("threshold_jump", &Self::threshold_jump, "mV", "What a spike that resets adds to the threshold."),
        column("hold_steps", &Self::hold_steps, "steps", "Shortest time from a spike to the next that resets."),
        column("dendrite_rate", &Self::dendrite_rate, "1/step", "dt/tau_dendrite"),
        column("dendrite_shift", &Self::dendrite_shift, "mV/step", "dendrite_current dt/c_dendrite"),
        column("dendrite_drive", &Self::dendrite_drive, "mV/(step pA)", "As soma_drive."),
        column("dendrite_adaptation", &Self::dendrite_adaptation, "1/step", "dendrite_adaptation dt/c_dendrite"),
        column("dendrite_adaptation_rate", &Self::dendrite_adaptation_rate, "1/step", "dt/tau_dendrite_adaptation"),
        column("e_dendrite", &Self::e_dendrite, "mV", "Voltage of the dendrite at which f is one half."),
        column("per_width", &Self::per_width, "1/mV", "1/dendrite_width"),
        column("soma_noise", &Self::soma_noise, "1/step", "Probability of a noise event of each kind."),
        column("soma_excitatory", &Self::soma_excitatory, "leak conductances", "What it brings."),
        column("soma_inhibitory", &Self::soma_inhibitory, "leak conductances", "What it brings."),
        column("dendrite_noise", &Self::dendrite_noise, "1/step", "Probability of a noise event of each kind."),
        column("dendrite_excitatory", &Self::dendrite_excitatory, "leak conductances", "What it brings."),
        column("dendrite_inhibitory", &Self::dendrite_inhibitory, "leak conductances", "What it brings."),
    };
  }
};

template <class Real>
struct CompartmentState {
  Real v = 0;
  Real v_dendrite = 0;
  Real w = 0;
  Real w_dendrite = 0;
  Real threshold = 0;
  Real g_ex = 0, g_in = 0, g_ex_dendrite = 0, g_in_dendrite = 0;
  Real hold = 0;

  static constexpr auto columns() {
    using Self = CompartmentState;
    return std::tuple{
        column("v", &Self::v, "mV", "Voltage of the soma at the end of the step, after the reset."),
        column("v_dendrite", &Self::v_dendrite, "mV", "Voltage of the dendrite."),
        column("w", &Self::w, "spikes", "Adaptation of the soma."),
        column("w_dendrite", &Self::w_dendrite, "mV", "Adaptation of the dendrite."),
        column("threshold", &Self::threshold, "mV", "Threshold."),
        column("g_ex", &Self::g_ex, "leak conductances", "Excitatory conductance of the soma."),
        column("g_in", &Self::g_in, "leak conductances", "Inhibitory conductance of the soma."),
        column("g_ex_dendrite", &Self::g_ex_dendrite, "leak conductances", "Excitatory conductance of the dendrite."),
        column("g_in_dendrite", &Self::g_in_dendrite, "leak conductances", "Inhibitory conductance of the dendrite."),
        column("hold", &Self::hold, "steps", "Steps left without a spike that resets."),
    };
  }
};

// Outcomes that one uniform number in [0, 1) decides one after the other: each cuts the interval in two in which the
// number lies, so that they are independent and nothing is divided.
template <class Real>
struct Draws {
  Real uniform;
  Real low = 0, width = 1;

  SW_HD static Draws of(std::uint32_t word) { return {static_cast<Real>(word >> 8) * Real(1.0 / 16777216.0)}; }
  SW_HD Real take(Real p) {  // 1 with the probability p, else 0
    const Real part = width * p;
    const Real cut = low + part;
    const bool is_taken = uniform < cut;
    low = is_taken ? low : cut;
    width = is_taken ? part : width - part;
    return is_taken ? Real(1) : Real(0);
  }
  SW_HD Real rest() const { return (uniform - low) / width; }  // uniform, independent of the outcomes
};

template <class Real>
struct Compartments {
  using Derived = CompartmentDerived<Real>;
  using State = CompartmentState<Real>;

  // dt [ms]; hold_steps: shortest time from a spike to the next that resets.
  static Derived derive(const CompartmentParams<double>& p, double dt, double hold_steps) {
    const bool is_soma = p.driven == Compartment::soma;
    require_noise(p.soma_noise_rate, dt, "soma_noise_rate");
    require_noise(p.dendrite_noise_rate, dt, "dendrite_noise_rate");
    return {.e_leak = Real(p.e_leak),
            .v_threshold = Real(p.v_threshold),
            .v_initial = Real(p.v_initial),
            .e_excitatory = Real(p.e_excitatory),
            .e_inhibitory = Real(p.e_inhibitory),
            .excitatory_decay = Real(std::exp(-dt / p.tau_excitatory)),
            .inhibitory_decay = Real(std::exp(-dt / p.tau_inhibitory)),
            .soma_rate = Real(dt / p.tau_soma),
            .soma_shift = Real(p.soma_current * dt / p.c_soma),
            .soma_drive = Real(is_soma ? dt / p.c_soma : 0.0),
            .adaptation = Real(p.adaptation * dt / p.c_soma),
            .adaptation_decay = Real(std::exp(-dt / p.tau_adaptation)),
            .threshold_rate = Real(dt / p.tau_threshold),
            .threshold_jump = Real(p.threshold_jump),
            .hold_steps = Real(hold_steps),
            .dendrite_rate = Real(dt / p.tau_dendrite),
            .dendrite_shift = Real(p.dendrite_current * dt / p.c_dendrite),
            .dendrite_drive = Real(is_soma ? 0.0 : dt / p.c_dendrite),
            .dendrite_adaptation = Real(p.dendrite_adaptation * dt / p.c_dendrite),
            .dendrite_adaptation_rate = Real(dt / p.tau_dendrite_adaptation),
            .e_dendrite = Real(p.e_dendrite),
            .per_width = Real(1.0 / p.dendrite_width),
            .soma_noise = Real(p.soma_noise_rate * dt / 1000.0),
            .soma_excitatory = Real(p.soma_noise_excitatory),
            .soma_inhibitory = Real(p.soma_noise_inhibitory),
            .dendrite_noise = Real(p.dendrite_noise_rate * dt / 1000.0),
            .dendrite_excitatory = Real(p.dendrite_noise_excitatory),
            .dendrite_inhibitory = Real(p.dendrite_noise_inhibitory)};
  }

  SW_HD static void start(const Derived& d, State& s) {
    s.v = d.v_initial;
    s.v_dendrite = d.e_leak;
    s.threshold = d.v_threshold;
  }

  // Everything before the spike. in.current, in.second: sums of the weights that arrive at soma and dendrite [leak
  // conductances]; in.clamp: the task's current [pA]. soma_push, dendrite_push: of currents of the model [mV/step].
  SW_HD static void advance(const Derived& d, State& s, const StepInput<Real>& in, Draws<Real>& draws, Real soma_push,
                            Real dendrite_push) {
    const Real soma_ex = draws.take(d.soma_noise) * d.soma_excitatory;
    const Real soma_in = draws.take(d.soma_noise) * d.soma_inhibitory;
    const Real dendrite_ex = draws.take(d.dendrite_noise) * d.dendrite_excitatory;
    const Real dendrite_in = draws.take(d.dendrite_noise) * d.dendrite_inhibitory;
    s.g_ex = conductance(s.g_ex, d.excitatory_decay, in.current, soma_ex);
    s.g_in = conductance(s.g_in, d.inhibitory_decay, -in.current, soma_in);
    s.g_ex_dendrite = conductance(s.g_ex_dendrite, d.excitatory_decay, in.second, dendrite_ex);
    s.g_in_dendrite = conductance(s.g_in_dendrite, d.inhibitory_decay, -in.second, dendrite_in);

    const Real current = in.is_clamped ? in.clamp : Real(0);
    soma_push += (d.soma_shift + d.soma_drive * current) - d.adaptation * s.w;
    dendrite_push += (d.dendrite_shift + d.dendrite_drive * current) - d.dendrite_adaptation * s.w_dendrite;
    s.v = voltage(d, s.v, d.soma_rate, s.g_ex, s.g_in, soma_push);
    s.v_dendrite = voltage(d, s.v_dendrite, d.dendrite_rate, s.g_ex_dendrite, s.g_in_dendrite, dendrite_push);
    s.w = flush(d.adaptation_decay * s.w);
    s.w_dendrite = flush(s.w_dendrite + d.dendrite_adaptation_rate * ((s.v_dendrite - d.e_leak) - s.w_dendrite));
    s.threshold = s.threshold + d.threshold_rate * (d.v_threshold - s.threshold);
    s.hold = s.hold > Real(0) ? s.hold - Real(1) : Real(0);
  }

  // 1 where a spike that resets comes in this step, else 0. forced: StepInput::forced.
  SW_HD static Real fires(const State& s, Real forced) {
    const Real ready = s.hold > Real(0) ? Real(0) : Real(1);
    return forced_or(forced, s.v > s.threshold ? ready : Real(0));
  }

  // After fires(). resets: what it gave; spike: 1 at any spike.
  SW_HD static void reset(const Derived& d, State& s, Real resets, Real spike) {
    s.v = resets > Real(0) ? d.e_leak : s.v;
    s.threshold = s.threshold + resets * d.threshold_jump;
    s.w = s.w + resets;
    s.hold = spike > Real(0) ? d.hold_steps : s.hold;
  }

  // f of the dendrite's voltage [mV].
  SW_HD static Real nonlinearity(const Derived& d, Real v_dendrite) {
    return Real(1) / (Real(1) + portable_exp((d.e_dendrite - v_dendrite) * d.per_width));
  }

 private:
  static void require_noise(double rate, double dt, const char* key) {
    if (rate * dt < 1000.0) return;
    throw InputError(std::string("/network/populations/neuron/") + key,
                     std::to_string(rate) + " Hz is an event or more in every step of " + std::to_string(dt) +
                         " ms; at most one in a step is allowed");
  }

  // One step of it, in leak conductances; arriving: of both signs, of which this kind takes the positive.
  SW_HD static Real conductance(Real g, Real decay, Real arriving, Real noise) {
    return flush(decay * g + (arriving > Real(0) ? arriving : Real(0))) + noise;
  }
  // One backward Euler step of a compartment [mV]; rate: of its leak [1/step]; push [mV/step].
  SW_HD static Real voltage(const Derived& d, Real v, Real rate, Real g_ex, Real g_in, Real push) {
    const Real pull = d.e_leak + (g_ex * d.e_excitatory + g_in * d.e_inhibitory);
    return (v + rate * pull + push) / (Real(1) + rate * (Real(1) + (g_ex + g_in)));
  }
};

}  // namespace spikeweave
