// What a neuron model is made of. A model is one header plus one line in models/all.hpp.
//
//   struct LifParams<Value>   settings with fields(); Value = Distribution in an experiment, double for one neuron.
//   struct Lif<Real>          Derived (constants of one neuron) and State, both with columns(); derive(), step().
//
// initial_state() is the State of a neuron when a trial starts. eligibility() and a psi other than 0 are what a model
// with is_differentiable = true adds; without, e-prop cannot change the weights onto it.
//
// step() is called once per neuron and time step, in the order of the specification (0.2): refractory counter, voltage
// from the current and the previous spike, slow state, pseudo-derivative, spike. It uses + - * / and sqrt only, or
// core/exponential.hpp and core/gaussian.hpp.
//
// A rate model (is_rate = true) sends a real number in every step instead of a spike; it has no spikes.
//
// A model with a second compartment names what reaches it and what is sent from it beside the model's own output:
//   static constexpr std::string_view second_input = "feedback", second_output = "error";   either may be empty
// A population "layer" then has "layer/feedback" as an end and "layer/error" as a start of projections, and what
// learning knows of the second compartment is second_psi.
//
// A spiking model with a second compartment may keep some of its spikes to itself: StepOutput::unsent. A spiking model
// that a task can drive with a current has takes_current = true; the current is StepInput::clamp.
//
// A model whose psi is an error of its own, which rule local_error takes, has carries_error = true.
// A model that a teacher can pull towards a target, instead of putting the target in its place, has takes_nudge = true.
// A model that compares averages over phases says of how many, phase_averages = 2; its step gets `share`.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>

#include "spikeweave/core/columns.hpp"
#include "spikeweave/core/distribution.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/core/field.hpp"
#include "spikeweave/core/flush.hpp"
#include "spikeweave/models/pseudo_derivative.hpp"

namespace spikeweave {

// How a neuron filters its input and its own spikes: all that e-prop and bptt have to know of a model.
template <class Real>
struct EligibilityConstants {
  Real alpha;      // decay of the membrane per step
  Real zeta;       // gain of the input current
  Real rho;        // decay of the adaptation per step
  Real beta;       // strength of the adaptation; 0: none
  Real reset = 0;  // what a spike subtracts from the voltage in the next step

  static constexpr auto columns() {
    using Self = EligibilityConstants;
    return std::tuple{
        column("alpha", &Self::alpha, "", "Membrane decay per step."),
        column("zeta", &Self::zeta, "", "Gain of the input current."),
        column("rho", &Self::rho, "", "Adaptation decay per step."),
        column("beta", &Self::beta, "", "Adaptation strength."),
        column("reset", &Self::reset, "", "What a spike subtracts from the voltage."),
    };
  }
};

// What one step receives.
template <class Real>
struct StepInput {
  Real current;             // sum of the weights of what arrives
  std::uint32_t word = 0;   // random word, for models that use one
  Real forced = 0;          // whatever the neuron's state, refractory or not: 1 it fires, 2 it does not; else 0
  bool is_clamped = false;  // rate models: `clamp` stands in the place of what drives the unit; see also takes_current
  Real clamp = 0;
  Real second = 0;  // sum of the weights of what arrives at the second compartment
  Real nudge = 0;   // how strongly a teacher pulls towards `target`; 0: not at all
  Real target = 0;
  Real share = 0;               // of the step in the average over its phase; 0: none is taken
  bool starts_average = false;  // the first step of such a phase
};

// A teacher clamps the neuron to the target where it is infinitely strong, and pulls it there otherwise.
template <class Real>
SW_HD void teach(StepInput<Real>& in, Real target, Real strength) {
  if (strength > Real(1e30)) {
    in.is_clamped = true;
    in.clamp = target;
  } else {
    in.nudge = strength;
    in.target = target;
  }
}

// What a step counts in the average over its phase; `share` is negative in the first step of one.
template <class Real>
SW_HD void average(StepInput<Real>& in, Real share) {
  in.starts_average = share < Real(0);
  in.share = in.starts_average ? -share : share;
}

// The spike that is given from outside where one is, else the neuron's own.
template <class Real>
SW_HD Real forced_or(Real forced, Real own) {
  return forced == Real(0) ? own : forced == Real(1) ? Real(1) : Real(0);
}

// What one step gives to the rest of the network.
template <class Real>
struct StepOutput {
  Real spike;           // 1 or 0; of a rate model what it sends
  Real psi;             // what learning knows of the step: pseudo-derivative dz/dv, or a local error; else 0
  Real prediction = 0;  // probability of the spike given the voltage, of models that have one (predicts)
  Real second = 0;      // what is sent from the second compartment
  Real second_psi = 0;  // psi of the second compartment
  Real unsent = 0;      // what is missing from the spike where it is sent
};

// Whether the model has a second compartment.
template <class M>
inline constexpr bool has_second = requires {
  M::second_input;
};
template <class M>
inline constexpr bool takes_nudge = requires {
  requires M::takes_nudge;
};
template <class M>
inline constexpr bool takes_current = requires {
  requires M::takes_current;
};
template <class M>
inline constexpr bool carries_error = requires {
  requires M::carries_error;
};
// Of how many phases the model takes averages.
template <class M>
constexpr int phase_averages() {
  if constexpr (requires { M::phase_averages; }) return M::phase_averages;
  return 0;
}

template <class M, class Real = typename M::Value>
concept NeuronModel = requires(const typename M::Derived& d, typename M::State& s, const StepInput<Real>& in) {
  { M::template step<PiecewiseLinear>(d, s, in) } -> std::same_as<StepOutput<Real>>;
  { M::initial_state(d) } -> std::same_as<typename M::State>;
  { M::uses_random } -> std::convertible_to<bool>;
  { M::is_differentiable } -> std::convertible_to<bool>;
  { M::predicts } -> std::convertible_to<bool>;
  { M::is_rate } -> std::convertible_to<bool>;
  typename M::Params;
  M::State::columns();
  M::Derived::columns();
}
&&(!M::is_differentiable || requires(const typename M::Derived& d) {
  { M::eligibility(d) } -> std::same_as<EligibilityConstants<Real>>;
});

// The settings of one neuron: every Distribution drawn, one stream per field.
// Throws InputError where a drawn value is outside of the field's range or does not go with the neuron's others.
// One: Params<double>; Settings: Params<Distribution> of the same model.
template <class One, class Settings>
One draw_parameters(const Settings& settings, std::uint64_t seed, std::uint32_t population, std::uint64_t neuron) {
  One one;
  std::uint32_t stream = population << 8;
  std::apply(
      [&](const auto&... from) {
        std::apply(
            [&](const auto&... to) {
              const auto copy = [&](const auto& source, const auto& target) {
                if constexpr (std::is_same_v<std::decay_t<decltype(settings.*(source.member))>, Distribution>) {
                  const RandomStream draws(seed, Purpose::neuron_parameters, stream);
                  const double value = (settings.*(source.member)).draw(draws, neuron);
                  if (!source.range.contains(value)) {
                    throw InputError(
                        "/network/populations/" + std::to_string(population) + "/neuron/" + std::string(source.key),
                        "the distribution gives neuron " + std::to_string(neuron) + " the value " +
                            std::to_string(value) + ", which is not allowed; see `spikeweave describe model`");
                  }
                  one.*(target.member) = value;
                } else {
                  one.*(target.member) = settings.*(source.member);
                }
                ++stream;
              };
              (copy(from, to), ...);
            },
            One::fields());
      },
      Settings::fields());
  if constexpr (requires { one.validate(std::string()); }) {
    one.validate("/network/populations/" + std::to_string(population) + "/neuron");
  }
  return one;
}

}  // namespace spikeweave
