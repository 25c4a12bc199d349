// Rules of networks whose own dynamics find the errors, in the phases of a trial (/phases).
//
// In the steps that a phase marks, the weight from cell i to cell j changes by the phase's weight times post[j] *
// pre[i], both of the same step. pre is what i sends; post is what the rule makes of what j sends and of what j's model
// calls its error. Adding one: a struct like those below, and its name in PhaseRules.
#pragma once

#include <string_view>
#include <tuple>

#include "spikeweave/core/field.hpp"
#include "spikeweave/core/host_device.hpp"
#include "spikeweave/core/type_list.hpp"

namespace spikeweave {

struct LocalErrorParams {
  static constexpr std::string_view name = "local_error";
  static constexpr std::string_view summary = "The error that the neuron itself carries, times what arrives.";
  static constexpr std::string_view source =
      "Whittington & Bogacz 2017, Neural Comput. 29:1229-1262, eq. 2.19; Sacramento et al. 2018, NeurIPS 31, eqs. 7-9; "
      "Payeur et al. 2021, Nat. Neurosci. 24:1010-1019";
  static constexpr bool needs_pseudo_derivative = false;
  static constexpr bool is_of_phases = true;
  static constexpr auto fields() { return std::tuple{}; }
};

// The change follows psi: what the model calls the error of the compartment.
struct LocalError {
  using Params = LocalErrorParams;
  template <class Real>
  SW_HD static Real post(Real psi, Real /*output*/) {
    return psi;
  }
};

struct ContrastiveParams {
  static constexpr std::string_view name = "contrastive";
  static constexpr std::string_view summary =
      "Hebb's product with the sign of the phase: contrastive Hebbian learning, equilibrium propagation.";
  static constexpr std::string_view source =
      "Xie & Seung 2003, Neural Comput. 15:441-454, eq. 2.4; Scellier & Bengio 2017, Front. Comput. Neurosci. 11:24";
  static constexpr bool needs_pseudo_derivative = false;
  static constexpr bool is_of_phases = true;
  static constexpr auto fields() { return std::tuple{}; }
};

struct Contrastive {
  using Params = ContrastiveParams;
  template <class Real>
  SW_HD static Real post(Real /*psi*/, Real output) {
    return output;
  }
};

using PhaseRules = TypeList<LocalError, Contrastive>;

}  // namespace spikeweave
