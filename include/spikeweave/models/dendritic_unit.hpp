// Rate neuron with two dendrites, or with a dendrite and a driven soma: the cells of the dendritic error model.
//
// Source: Sacramento, Costa, Bengio & Senn (2018), NeurIPS 31, eqs. 1-6; constants of its reproductions. v: what
// arrives at the first compartment, w: at the second ("top_down").
//   pyramidal:    du/dt = -leak u + basal (v - u) + apical (w - u),       prediction basal/(leak + basal + apical) v
//   interneuron:  du/dt = -leak u + basal (v - u) + apical (w - u),       prediction basal/(leak + basal) v
// An interneuron's second compartment is its soma, to which the cells above send their potential. A nudge of strength g
// adds g (target - u). u is sent as "potential", r = phi(u) to everyone else,
//   phi(u) = gamma log(1 + exp(slope (u - theta))).
// Errors: phi(u) - phi(prediction) at the first compartment; -w at a pyramidal cell's second one, which drives it to 0.
// By Euler steps; noise adds sigma sqrt(dt) n.
#pragma once

#include <cmath>

#include "spikeweave/core/flush.hpp"
#include "spikeweave/core/gaussian.hpp"
#include "spikeweave/core/softplus.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

enum class DendriticCell { pyramidal, interneuron };
template <>
struct EnumNames<DendriticCell> {
  static constexpr std::array<std::string_view, 2> names{"pyramidal", "interneuron"};
};

template <class Value>
struct DendriticUnitParams {
  static constexpr std::string_view name = "dendritic_unit";
  static constexpr std::string_view summary = "Pyramidal cell or interneuron whose dendrite carries its error.";
  static constexpr std::string_view source = "Sacramento et al. 2018, NeurIPS 31, eqs. 1-6";

  DendriticCell cell = DendriticCell::pyramidal;
  Value leak = 0.1;
  Value basal = 1.0;
  Value apical = 0.8;
  Value gamma = 0.1;
  Value slope = 1.0;
  Value theta = 3.0;
  Value sigma = 0.0;

  static constexpr auto fields() {
    using Self = DendriticUnitParams;
    return std::tuple{
        field("cell", &Self::cell, "pyramidal: the second compartment is a dendrite; interneuron: it is the soma."),
        field("leak", &Self::leak, "1/ms", positive, "Conductance of the leak."),
        field("basal", &Self::basal, "1/ms", positive, "Conductance to the first compartment."),
        field("apical", &Self::apical, "1/ms", non_negative, "Conductance to the second; 0 for outputs."),
        field("gamma", &Self::gamma, "", positive, "Scale of the rate."),
        field("slope", &Self::slope, "", positive, "Steepness of the rate."),
        field("theta", &Self::theta, "", any_value, "Potential at which the rate rises."),
        field("sigma", &Self::sigma, "1/sqrt(ms)", non_negative, "Noise on the potential."),
    };
  }
};

template <class Real>
struct DendriticUnitDerived {
  Real dt, leak, basal, apical, attenuation, apical_error, gamma, slope, theta, kick;

  static constexpr auto columns() {
    using Self = DendriticUnitDerived;
    return std::tuple{column("dt", &Self::dt, "ms", "Step."),
                      column("leak", &Self::leak, "1/ms", "Conductance of the leak."),
                      column("basal", &Self::basal, "1/ms", "Conductance to the first compartment."),
                      column("apical", &Self::apical, "1/ms", "Conductance to the second."),
                      column("attenuation", &Self::attenuation, "", "Potential predicted per basal potential."),
                      column("apical_error", &Self::apical_error, "", "1: the second compartment carries an error."),
                      column("gamma", &Self::gamma, "", "Scale of the rate."),
                      column("slope", &Self::slope, "", "Steepness of the rate."),
                      column("theta", &Self::theta, "", "Where the rate rises."),
                      column("kick", &Self::kick, "", "Noise of a step.")};
  }
};

template <class Real>
struct DendriticUnitState {
  Real u = 0;
  Real top_down = 0;

  static constexpr auto columns() {
    using Self = DendriticUnitState;
    return std::tuple{column("u", &Self::u, "", "Potential of the soma."),
                      column("top_down", &Self::top_down, "", "Potential of the second compartment.")};
  }
};

template <class Real>
struct DendriticUnit {
  using Value = Real;
  using Params = DendriticUnitParams<Distribution>;
  using NeuronParams = DendriticUnitParams<double>;
  using Derived = DendriticUnitDerived<Real>;
  using State = DendriticUnitState<Real>;
  static constexpr bool uses_random = true;
  static constexpr bool is_differentiable = false;
  static constexpr bool is_rate = true;
  static constexpr bool predicts = false;
  static constexpr bool takes_nudge = true;
  static constexpr bool carries_error = true;
  static constexpr std::string_view second_input = "top_down";
  static constexpr std::string_view second_output = "potential";

  // dt [ms]
  static Derived derive(const NeuronParams& p, double dt) {
    const bool is_pyramidal = p.cell == DendriticCell::pyramidal;
    return {Real(dt),
            Real(p.leak),
            Real(p.basal),
            Real(p.apical),
            Real(p.basal / (p.leak + p.basal + (is_pyramidal ? p.apical : 0.0))),
            Real(is_pyramidal ? 1.0 : 0.0),
            Real(p.gamma),
            Real(p.slope),
            Real(p.theta),
            Real(p.sigma * std::sqrt(dt))};
  }

  SW_HD static State initial_state(const Derived&) { return {}; }

  SW_HD static Real rate(const Derived& d, Real u) { return d.gamma * softplus(d.slope * (u - d.theta)); }

  template <class Shape>
  SW_HD static StepOutput<Real> step(const Derived& d, State& s, const StepInput<Real>& in) {
    const Real drive = d.basal * (in.current - s.u) + d.apical * (in.second - s.u) + in.nudge * (in.target - s.u);
    const Real noise = d.kick > Real(0) ? d.kick * standard_normal<Real>(in.word) : Real(0);
    s.u = in.is_clamped ? in.clamp : flush(s.u + d.dt * (drive - d.leak * s.u)) + noise;
    s.top_down = in.second;
    const Real r = rate(d, s.u);
    return {.spike = r,
            .psi = r - rate(d, d.attenuation * in.current),
            .second = s.u,
            .second_psi = -d.apical_error * in.second};
  }
};

}  // namespace spikeweave
