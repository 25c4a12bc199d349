// Leaky integrate-and-fire neuron with escape noise: fires with a probability that depends on the voltage.
//
// Source: Gerstner, Kistler, Naud & Paninski (2014), Neuronal Dynamics, ch. 9; Pfister et al. (2006), Neural
// Comput. 18. p[t] = f(v[t]), z[t] ~ Bernoulli(p[t]); the expected spike's derivative f'(v) plays the part of the
// pseudo-derivative. With logistic f the log-likelihood of the spikes has the constant 1/width in its place.
#pragma once

#include "spikeweave/core/exponential.hpp"
#include "spikeweave/models/membrane.hpp"

namespace spikeweave {

enum class EscapeFunction { logistic, exponential, linear };
template <>
struct EnumNames<EscapeFunction> {
  static constexpr std::array<std::string_view, 3> names{"logistic", "exponential", "linear"};
};

enum class EscapeDerivative { escape, constant };
template <>
struct EnumNames<EscapeDerivative> {
  static constexpr std::array<std::string_view, 2> names{"escape", "constant"};
};

template <class Value>
struct EscapeLifParams : MembraneParams<Value> {
  static constexpr std::string_view name = "escape_lif";
  static constexpr std::string_view summary = "Leaky membrane that fires at random, more often the higher its voltage.";
  static constexpr std::string_view source = "Gerstner et al. 2014, Neuronal Dynamics, ch. 9; Pfister et al. 2006";

  EscapeFunction escape = EscapeFunction::logistic;
  Value width = 0.1;
  Value rate_at_threshold = 1000.0;
  Value base_probability = 0.0;
  Value slope = 1.0;
  Value largest_probability = 1.0;
  EscapeDerivative pseudo_derivative = EscapeDerivative::escape;
  Value gamma = 1.0;
  bool reset = true;

  static constexpr auto fields() {
    using Self = EscapeLifParams;
    return std::tuple_cat(
        MembraneParams<Value>::fields(),
        std::tuple{
            field("escape", &Self::escape,
                  "logistic: 1/(1+exp(-(v-v_threshold)/width)); exponential: 1-exp(-dt*rate_at_threshold*"
                  "exp((v-v_threshold)/width)); linear: base_probability + slope*v, cut to [0, largest_probability]."),
            field("width", &Self::width, "threshold units", positive, "Softness of the threshold."),
            field("rate_at_threshold", &Self::rate_at_threshold, "Hz", non_negative, "exponential: rate at threshold."),
            field("base_probability", &Self::base_probability, "1/step", probability, "linear: probability at v = 0."),
            field("slope", &Self::slope, "1/step", non_negative, "linear: rise of the probability with v."),
            field("largest_probability", &Self::largest_probability, "1/step", probability, "linear: upper bound."),
            field("pseudo_derivative", &Self::pseudo_derivative,
                  "dz/dv that learning uses, 0 while refractory. escape: the derivative of the probability; constant: "
                  "gamma."),
            field("gamma", &Self::gamma, "", non_negative, "Value of the constant pseudo-derivative."),
            field("reset", &Self::reset, "Whether a spike subtracts v_threshold from the voltage."),
        });
  }
};

template <class Real>
struct EscapeLifDerived : MembraneDerived<Real> {
  Real kind;  // 0 logistic, 1 exponential, 2 linear
  Real scale, hazard, base, slope, cap;
  Real constant_psi;  // below 0: psi is the derivative of the probability
  Real reset;

  static constexpr auto columns() {
    using Self = EscapeLifDerived;
    return std::tuple_cat(MembraneDerived<Real>::columns(),
                          std::tuple{
                              column("escape", &Self::kind, "", "0 logistic, 1 exponential, 2 linear"),
                              column("scale", &Self::scale, "", "1/width"),
                              column("hazard", &Self::hazard, "1/step", "Hazard at threshold per step."),
                              column("base", &Self::base, "1/step", "Probability at v = 0."),
                              column("slope", &Self::slope, "1/step", "Rise of the probability with v."),
                              column("cap", &Self::cap, "1/step", "Largest probability."),
                              column("constant_psi", &Self::constant_psi, "", "Pseudo-derivative; below 0: f'(v)."),
                              column("reset", &Self::reset, "threshold units", "What a spike subtracts."),
                          });
  }
};

template <class Real>
struct EscapeLif {
  using Value = Real;
  using Params = EscapeLifParams<Distribution>;
  using NeuronParams = EscapeLifParams<double>;
  using Derived = EscapeLifDerived<Real>;
  using State = MembraneState<Real>;
  static constexpr bool uses_random = true;
  static constexpr bool is_differentiable = true;
  static constexpr bool is_rate = false;
  static constexpr bool predicts = true;

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    return {derive_membrane<Real>(p, dt),
            Real(static_cast<int>(p.escape)),
            Real(1.0 / p.width),
            Real(dt * p.rate_at_threshold / 1000.0),
            Real(p.base_probability),
            Real(p.slope),
            Real(p.largest_probability),
            Real(p.pseudo_derivative == EscapeDerivative::constant ? p.gamma : -1.0),
            Real(p.reset ? p.v_threshold : 0.0)};
  }

  SW_HD static State initial_state(const Derived&) { return {}; }

  SW_HD static EligibilityConstants<Real> eligibility(const Derived& d) {
    return {d.alpha, d.zeta, Real(0), Real(0), d.reset};
  }

  // Firing probability of the step and its derivative with respect to v.
  SW_HD static void escape(const Derived& d, Real v, Real& p, Real& slope) {
    if (d.kind == Real(2)) {
      const Real raw = d.base + d.slope * v;
      const bool inside = raw > Real(0) && raw < d.cap;
      p = raw <= Real(0) ? Real(0) : raw < d.cap ? raw : d.cap;
      slope = inside ? d.slope : Real(0);
    } else if (d.kind == Real(1)) {
      const Real hazard = d.hazard * portable_exp((v - d.v_threshold) * d.scale);
      const Real survive = portable_exp(-hazard);
      p = Real(1) - survive;
      slope = survive * hazard * d.scale;
    } else {
      p = Real(1) / (Real(1) + portable_exp((d.v_threshold - v) * d.scale));
      slope = p * (Real(1) - p) * d.scale;
    }
  }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real ready = integrate(d, s, in.current, d.reset);
    Real p = 0, slope = 0;
    escape(d, s.v, p, slope);
    // The upper 24 bits of the word against p * 2^24: exact in single precision, p = 1 always fires.
    const bool drawn = static_cast<Real>(in.word >> 8) < p * Real(16777216);
    set_spike(d, s, forced_or(in.forced, drawn ? ready : Real(0)));
    return {s.z, ready * (d.constant_psi < Real(0) ? slope : d.constant_psi), ready * p};
  }
};

}  // namespace spikeweave
