// Back-propagation through time with the surrogate derivative: the gradient that e-prop approximates.
//
// Source: Bellec et al. (2018), arXiv:1803.09574; Bellec et al. (2020), Nat. Commun. 11:3625, Methods. Backward in t,
//   dz[t] = (outputs, rate penalty) + a's term + sum_k W[j,k] H[t+delay,k] - reset dv[t+1]
// e-prop's adjoint (learning/eprop.hpp) with the two terms that e-prop drops: a spike's effect through the recurrent
// weights, and through the reset that follows it. Refractoriness is not differentiated. Errors travel back through the
// readout's own weights.
#pragma once

#include <array>
#include <string_view>

#include "spikeweave/learning/eprop.hpp"

namespace spikeweave {

// Which of a spike's effects on later steps are followed.
enum class SpikePath { full, synapses, reset, cut };
template <>
struct EnumNames<SpikePath> {
  static constexpr std::array<std::string_view, 4> names{"full", "synapses", "reset", "cut"};
};
constexpr bool follows_synapses(SpikePath path) {
  return path == SpikePath::full || path == SpikePath::synapses;
}
constexpr bool follows_reset(SpikePath path) {
  return path == SpikePath::full || path == SpikePath::reset;
}

struct BpttParams {
  static constexpr std::string_view name = "bptt";
  static constexpr std::string_view summary = "Back-propagation through time: the exact surrogate gradient.";
  static constexpr std::string_view source = "Bellec et al. 2018, arXiv:1803.09574; 2020, Nat. Commun. 11:3625";

  static constexpr bool needs_pseudo_derivative = true;

  SpikePath recurrent_path = SpikePath::full;
  RateRegularization rate_regularization{};

  static constexpr auto fields() {
    using Self = BpttParams;
    return std::tuple{
        field("recurrent_path", &Self::recurrent_path,
              "Which effects of a spike on later steps are followed: full; synapses: on other neurons only; reset: on "
              "the own voltage only; cut: none, which is e-prop."),
        field("rate_regularization", &Self::rate_regularization, "Penalty on firing rates away from a target."),
    };
  }
};

// The signal of one neuron and step with what its spike does later.
template <class Real>
struct BpttSignal : EpropSignal<Real> {
  Real later = 0;  // sum over its recurrent synapses of weight * post factor at arrival
  Real reset = 0;  // 1: the reset is followed, 0: not
};

// Whether a rule whose recursion reads this signal follows what spikes do later.
template <class Signal>
inline constexpr bool follows_spikes = requires(Signal signal) {
  signal.later;
};

template <class Real>
struct BpttAdjoint : EpropAdjoint<Real> {
  // The columns are those of EpropAdjoint.
  SW_HD static Real step(const EligibilityConstants<Real>& k, Real kappa, BpttAdjoint& s, Real psi,
                         const BpttSignal<Real>& signal) {
    EpropSignal<Real> all = signal;
    all.unfiltered += signal.later - signal.reset * (k.reset * s.h);
    return EpropAdjoint<Real>::step(k, kappa, s, psi, all);
  }
};

// As Eprop, but there is no form with traces per synapse.
struct Bptt {
  using Params = BpttParams;
  template <class Real>
  using Signal = BpttSignal<Real>;
  template <class Real>
  using Adjoint = BpttAdjoint<Real>;
};

}  // namespace spikeweave
