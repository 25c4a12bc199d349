// Eligibility propagation (e-prop 1) for neurons with a membrane and a threshold adaptation.
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625, eqs. 13 and 22-25, in two forms that give the same sum:
// the textbook form with traces per synapse, and its adjoint, a recursion per neuron that runs backward in time, after
// which dW[i,j] = sum_t H[t,j] * pre[t,i]. Derivation of the adjoint: swap the sums over t in the textbook form.
// Exact for weights that do not change during the trial; drops the influence of a spike on other neurons' later spikes
// and the gradient through the reset, as the source does.
#pragma once

#include <array>
#include <string_view>

#include "spikeweave/learning/local_prediction.hpp"
#include "spikeweave/models/model.hpp"

namespace spikeweave {

enum class EpropForm { trial, step };
template <>
struct EnumNames<EpropForm> {
  static constexpr std::array<std::string_view, 2> names{"trial", "step"};
};

enum class RateAverage { trial, batch };
template <>
struct EnumNames<RateAverage> {
  static constexpr std::array<std::string_view, 2> names{"trial", "batch"};
};

// E_reg = coefficient/2 * sum_j (f_j - target)^2, f_j = spikes of neuron j per step.
struct RateRegularization {
  double coefficient = 0.0;
  double target_rate = 10.0;
  RateAverage average = RateAverage::trial;

  static constexpr auto fields() {
    using Self = RateRegularization;
    return std::tuple{
        field("coefficient", &Self::coefficient, "", non_negative, "Weight of the penalty; 0: none."),
        field("target_rate", &Self::target_rate, "Hz", non_negative, "Firing rate that is not penalised."),
        field("average", &Self::average, "Whether a neuron's rate is that of the trial or the mean over the batch."),
    };
  }
};

struct EpropParams {
  static constexpr std::string_view name = "eprop";
  static constexpr std::string_view summary = "Eligibility propagation with a broadcast or a local learning signal.";
  static constexpr std::string_view source = "Bellec et al. 2020, Nat. Commun. 11:3625, eqs. 13, 22-25";

  static constexpr bool needs_pseudo_derivative = true;  // of the populations whose incoming weights it changes

  EpropForm form = EpropForm::trial;
  LearningSignal signal = LearningSignal::global;
  Prediction prediction = Prediction::spike_trace;
  double tau_prediction = 20.0;
  PredictionTarget target = PredictionTarget::spike;
  RateRegularization rate_regularization{};

  static constexpr auto fields() {
    using Self = EpropParams;
    return std::tuple{
        field("form", &Self::form,
              "trial: backward recursion per neuron and an outer product; step: traces per synapse (textbook, slow)."),
        field("signal", &Self::signal,
              "global: the outputs' errors, through the feedback; local: each neuron's error in predicting its own "
              "spikes. The readout learns from the outputs' errors either way."),
        field("prediction", &Self::prediction,
              "local: spike_trace: low-passed earlier spikes of the neuron; membrane: its firing probability."),
        field("tau_prediction", &Self::tau_prediction, "ms", positive, "local, spike_trace: time constant."),
        field("target", &Self::target,
              "local: spike: the prediction is moved to the spike; prediction: the reverse, which flips the sign of "
              "every change (a control)."),
        field("rate_regularization", &Self::rate_regularization, "Penalty on firing rates away from a target."),
    };
  }
};

// The learning signal's part of one neuron and step, ready for the recursions.
template <class Real>
struct EpropSignal {
  Real filtered;    // readout gain * L[t,j]: passes the output filter kappa
  Real unfiltered;  // factor of the rate penalty, constant in a trial, plus the local signal of the step
  Real mask;        // what the readout sees of the neuron's spike: 1, or 0 or 1/(1-p) under dropout
};

// Backward in t, all zero at the end of the trial.
template <class Real>
struct EpropAdjoint {
  Real c = 0;    // output filter, run anti-causally over the learning signal
  Real lam = 0;  // influence of the adaptation
  Real h = 0;    // membrane filter; times zeta it is the post factor of dW

  static constexpr auto columns() {
    using Self = EpropAdjoint;
    return std::tuple{
        column("c", &Self::c, "", "Filtered learning signal."),
        column("lambda", &Self::lam, "", "Adjoint of the adaptation."),
        column("h", &Self::h, "", "Adjoint of the membrane."),
    };
  }

  // Returns the post factor H[t,j].
  SW_HD static Real step(const EligibilityConstants<Real>& k, Real kappa, EpropAdjoint& s, Real psi,
                         const EpropSignal<Real>& signal) {
    s.c = flush(kappa * s.c + signal.filtered);
    const Real g = psi * (signal.mask * s.c + signal.unfiltered + s.lam);
    s.lam = flush(k.rho * s.lam - k.beta * g);
    s.h = flush(g + k.alpha * s.h);
    return k.zeta * s.h;
  }
};

// A learning signal that comes from the outputs alone, none of whose neurons is hidden from the readout.
template <class Real>
struct FilteredSignal {
  Real filtered;
};

// How traces are computed where a backend may fuse: a * b + c, and a decaying number.
struct PlainArithmetic {
  template <class Real>
  SW_HD static Real madd(Real a, Real b, Real c) {
    return a * b + c;
  }
  template <class Real>
  SW_HD static Real settle(Real x) {
    return flush(x);
  }
};

// Forward in t, one per synapse: the textbook form, kept as the reference.
template <class Real>
struct EpropTrace {
  Real zbar = 0;  // low-passed presynaptic activity (of the pre cell, with the post cell's membrane constant)
  Real ea = 0;    // eligibility of the adaptation
  Real ebar = 0;  // eligibility after the output filter
  Real gradient = 0;

  static constexpr auto columns() {  // what is kept from window to window
    using Self = EpropTrace;
    return std::tuple{
        column("zbar", &Self::zbar, "", "Low-passed presynaptic activity."),
        column("ea", &Self::ea, "", "Eligibility of the adaptation."),
        column("ebar", &Self::ebar, "", "Eligibility after the output filter."),
    };
  }

  SW_HD static void step(const EligibilityConstants<Real>& k, Real kappa, EpropTrace& s, Real psi, Real pre,
                         const EpropSignal<Real>& signal) {
    filter_pre(k, s, pre);
    step_synapse<PlainArithmetic>(k, kappa, s, psi, s.zbar, signal);
  }

  // The part that the synapses of a pre cell share where their neurons have one membrane constant and input gain.
  SW_HD static void filter_pre(const EligibilityConstants<Real>& k, EpropTrace& s, Real pre) {
    s.zbar = flush(k.alpha * s.zbar + k.zeta * pre);
  }

  // The synapse's own part, for the present zbar. Signal: an EpropSignal, or FilteredSignal where nothing else is
  // there.
  template <class Arithmetic, class Signal>
  SW_HD static void step_synapse(const EligibilityConstants<Real>& k, Real kappa, EpropTrace& s, Real psi, Real zbar,
                                 const Signal& signal) {
    const Real e = psi * Arithmetic::madd(-k.beta, s.ea, zbar);
    s.ea = Arithmetic::settle(Arithmetic::madd(k.rho, s.ea, e));
    if constexpr (requires { signal.unfiltered; }) {
      s.ebar = Arithmetic::settle(Arithmetic::madd(kappa, s.ebar, signal.mask * e));
      s.gradient = Arithmetic::madd(signal.unfiltered, e, s.gradient);
    } else {
      s.ebar = Arithmetic::settle(Arithmetic::madd(kappa, s.ebar, e));
    }
    s.gradient = Arithmetic::madd(signal.filtered, s.ebar, s.gradient);
  }
};

// The rule as the engine sees it: its settings, its recursion per neuron, and the same rule with traces per synapse.
struct Eprop {
  using Params = EpropParams;
  template <class Real>
  using Signal = EpropSignal<Real>;
  template <class Real>
  using Adjoint = EpropAdjoint<Real>;
  template <class Real>
  using Trace = EpropTrace<Real>;
};

}  // namespace spikeweave
