// Leaky integrator that goes down the energy of the network, and sends a rate.
//
// Source: Bengio, Mesnard, Fischer, Zhang & Wu (2015), arXiv:1509.05936, eqs. 6, 14, 16 and 18. With symmetric weights
// W
//   E(s) = sum_i s_i^2/2 - sum_{i<j} W_ij rho(s_i) rho(s_j) - sum_i b_i rho(s_i),   rho(s) = clip(s - beta1, 0, 1)
//   s[t+1] = s[t] + epsilon (R(s~[t]) - s[t]),   R_i(s~) = rho'(s~_i) (b_i + sum_j W_ij rho(s~_j))
// Differs from the source: its eq. 17 takes the leak twice and so settles where eq. 26 does not hold; that form is
// dynamics `literal`. rho' is 1 on the closed interval [beta1, beta1 + 1].
// noise `paper`: s~ = s + sigma n, eq. 7; `langevin`: s~ = s, and sqrt(2 epsilon temperature) n is added to s, so that
// the states are drawn from exp(-E/temperature). n: a standard normal number of each unit and step.
// A clamped unit has the clamp in the place of R; a nudged one adds nudge (target - s~) to it. rho(s~) is what is sent;
// the first step sends rho of the initial state and changes nothing, so that the second one already has the input of
// all units.
#pragma once

#include <cmath>

#include "spikeweave/core/exponential.hpp"
#include "spikeweave/core/gaussian.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

enum class EnergyDynamics { corrected, literal };
template <>
struct EnumNames<EnergyDynamics> {
  static constexpr std::array<std::string_view, 2> names{"corrected", "literal"};
};

enum class RateFunction { hard, smooth };
template <>
struct EnumNames<RateFunction> {
  static constexpr std::array<std::string_view, 2> names{"hard", "smooth"};
};

enum class EnergyNoise { none, paper, langevin };
template <>
struct EnumNames<EnergyNoise> {
  static constexpr std::array<std::string_view, 3> names{"none", "paper", "langevin"};
};

template <class Value>
struct EnergyUnitParams {
  static constexpr std::string_view name = "energy_unit";
  static constexpr std::string_view summary = "Leaky integrator that goes down the network's energy, and sends a rate.";
  static constexpr std::string_view source = "Bengio et al. 2015, arXiv:1509.05936, eqs. 6, 14, 16, 18";

  EnergyDynamics dynamics = EnergyDynamics::corrected;
  RateFunction rate = RateFunction::hard;
  Value beta1 = -0.5;
  Value bias = 0.0;
  Value epsilon = 0.1;
  Value initial = 0.0;
  bool clip = false;
  EnergyNoise noise = EnergyNoise::none;
  Value sigma = 0.1;
  Value temperature = 0.01;

  static constexpr auto fields() {
    using Self = EnergyUnitParams;
    return std::tuple{
        field("dynamics", &Self::dynamics, "corrected: s += epsilon (R - s); literal: eq. 17, the leak counted twice."),
        field("rate", &Self::rate, "rho(s). hard: clip(s - beta1, 0, 1); smooth: 1/(1 + exp(-4 (s - beta1 - 1/2)))."),
        field("beta1", &Self::beta1, "", Range{-1.0, 0.0, true, false}, "Where the rate starts to rise; it ends at 1."),
        field("bias", &Self::bias, "", any_value, "b, added to what arrives."),
        field("epsilon", &Self::epsilon, "1/step", Range{0.0, 1.0, true, false}, "Share of the way to R in a step."),
        field("initial", &Self::initial, "", any_value, "State at the start of a trial."),
        field("clip", &Self::clip, "Whether s is cut to [beta1, beta1 + 1], where rho is straight."),
        field("noise", &Self::noise, "none; paper: s~ = s + sigma n; langevin: s += sqrt(2 epsilon temperature) n."),
        field("sigma", &Self::sigma, "", non_negative, "paper: standard deviation of s~ - s."),
        field("temperature", &Self::temperature, "", non_negative, "langevin: temperature."),
    };
  }
};

template <class Real>
struct EnergyUnitDerived {
  Real epsilon, beta1, bias, initial;
  Real sigma, kick;
  Real is_literal, is_smooth, is_clipped;  // 1 or 0

  static constexpr auto columns() {
    using Self = EnergyUnitDerived;
    return std::tuple{
        column("epsilon", &Self::epsilon, "1/step", "Share of the way to R in a step."),
        column("beta1", &Self::beta1, "", "Where the rate starts to rise."),
        column("bias", &Self::bias, "", "Added to what arrives."),
        column("initial", &Self::initial, "", "State at the start of a trial."),
        column("sigma", &Self::sigma, "", "Standard deviation of s~ - s."),
        column("kick", &Self::kick, "", "Standard deviation of what is added to s."),
        column("is_literal", &Self::is_literal, "", "1: the leak is counted twice."),
        column("is_smooth", &Self::is_smooth, "", "1: the rate is a sigmoid."),
        column("is_clipped", &Self::is_clipped, "", "1: the state is cut to where rho is straight."),
    };
  }
};

template <class Real>
struct EnergyUnitState {
  Real s = 0;
  Real noisy = 0;
  Real has_started = 0;

  static constexpr auto columns() {
    using Self = EnergyUnitState;
    return std::tuple{
        column("s", &Self::s, "", "State."),
        column("s_noisy", &Self::noisy, "", "State with the noise of the step, s~."),
        column("has_started", &Self::has_started, "", "0 before the first step of a trial, then 1."),
    };
  }
};

template <class Real>
struct EnergyUnit {
  using Value = Real;
  using Params = EnergyUnitParams<Distribution>;
  using NeuronParams = EnergyUnitParams<double>;
  using Derived = EnergyUnitDerived<Real>;
  using State = EnergyUnitState<Real>;
  static constexpr bool uses_random = true;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;
  static constexpr bool takes_nudge = true;

  // epsilon is per step, whatever dt.
  static Derived derive(const NeuronParams& p, double) {
    return {Real(p.epsilon),
            Real(p.beta1),
            Real(p.bias),
            Real(p.initial),
            Real(p.noise == EnergyNoise::paper ? p.sigma : 0.0),
            Real(p.noise == EnergyNoise::langevin ? std::sqrt(2.0 * p.epsilon * p.temperature) : 0.0),
            Real(p.dynamics == EnergyDynamics::literal ? 1.0 : 0.0),
            Real(p.rate == RateFunction::smooth ? 1.0 : 0.0),
            Real(p.clip ? 1.0 : 0.0)};
  }

  SW_HD static State initial_state(const Derived& d) { return {d.initial, d.initial, Real(0)}; }

  // rho(s) and its derivative.
  SW_HD static void rate(const Derived& d, Real s, Real& rho, Real& slope) {
    if (d.is_smooth > Real(0)) {
      rho = Real(1) / (Real(1) + portable_exp(Real(-4) * (s - d.beta1 - Real(0.5))));
      slope = Real(4) * rho * (Real(1) - rho);
    } else {
      const Real above = s - d.beta1;
      rho = above < Real(0) ? Real(0) : above > Real(1) ? Real(1) : above;
      slope = above < Real(0) || above > Real(1) ? Real(0) : Real(1);
    }
  }

  // in.current: sum_j W_ij rho(s~_j)
  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real n = d.sigma > Real(0) || d.kick > Real(0) ? standard_normal<Real>(in.word) : Real(0);
    Real rho, slope;
    if (s.has_started > Real(0)) {
      rate(d, s.noisy, rho, slope);
      const Real pull = in.nudge * (in.target - s.noisy);
      const Real target = in.is_clamped ? in.clamp : slope * (d.bias + in.current) + pull;
      const Real leaking = d.is_literal > Real(0) ? s.s + s.noisy : s.s;
      s.s = flush(s.s + d.epsilon * (target - leaking)) + d.kick * n;
      if (d.is_clipped > Real(0)) s.s = s.s < d.beta1 ? d.beta1 : s.s > d.beta1 + Real(1) ? d.beta1 + Real(1) : s.s;
    }
    s.has_started = Real(1);
    s.noisy = s.s + d.sigma * n;
    rate(d, s.noisy, rho, slope);
    return {rho, Real(0)};
  }
};

}  // namespace spikeweave
