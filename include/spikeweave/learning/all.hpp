// The learning rules of an experiment: those that follow a gradient, those of phases, and the plasticity rules.
//
// Adding a rule that is a backward recursion over neuron vectors, driven by the learning signal: a header beside this
// file with its settings, its recursion (Adjoint) and, if there is one, the same rule forward in time with traces per
// synapse (Trace; its settings then have `form`); its include; its name in GradientRules. Its settings have
// `rate_regularization`. Adding a rule of phases: see learning/phase_rules.hpp; a plasticity rule: see
// learning/plasticity/all.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/core/type_list.hpp"
#include "spikeweave/learning/bptt.hpp"
#include "spikeweave/learning/eprop.hpp"
#include "spikeweave/learning/phase_rules.hpp"
#include "spikeweave/learning/plasticity/all.hpp"

namespace spikeweave {

using GradientRules = TypeList<Eprop, Bptt>;

// Whether a gradient rule has a form with traces per synapse, which goes forward in time. index: in GradientRules.
inline bool has_traces(std::size_t index) {
  return GradientRules::visit(index, [&]<class Rule>() {
    return requires {
      typename Rule::template Trace<float>;
    };
  });
}
// Bytes of the traces of so many synapses; 0 where the rule has none.
template <class Real>
std::size_t trace_bytes(std::size_t index, std::size_t synapses) {
  return GradientRules::visit(index, [synapses]<class Rule>() -> std::size_t {
    if constexpr (requires { typename Rule::template Trace<Real>; }) {
      return columns_size<typename Rule::template Trace<Real>>(synapses);
    } else {
      return 0;
    }
  });
}

// Bytes of the states of the backward recursion of so many neurons.
template <class Real>
std::size_t adjoint_bytes(std::size_t index, std::size_t neurons) {
  return GradientRules::visit(
      index, [neurons]<class Rule>() { return columns_size<typename Rule::template Adjoint<Real>>(neurons); });
}

// When the weights of a plasticity rule change.
enum class PlasticityForm { trial, step, event };
template <>
struct EnumNames<PlasticityForm> {
  static constexpr std::array<std::string_view, 3> names{"trial", "step", "event"};
};

// The settings of a plasticity rule in an experiment.
template <class Params>
struct Plastic : Params {
  using RuleParams = Params;
  static constexpr bool needs_pseudo_derivative = false;
  PlasticityForm form = PlasticityForm::event;

  static constexpr auto fields() {
    return std::tuple_cat(
        std::tuple{
            field(
                "form", &Plastic::form,
                "trial: all changes of a trial at its end, as outer products; event: when a spike is fired or arrives; "
                "step: the same, visiting every synapse in every step (slow)."),
        },
        Params::fields());
  }
};
template <class T>
concept PlasticSettings = requires {
  typename T::RuleParams;
};

namespace detail {
// The "learning" object of an experiment: {"rule": "eprop", "form": "trial"}.
template <class Gradient, class Phase, class Plasticity>
struct LearningChoice;
template <class... Gradient, class... Phase, template <class> class... Plasticity>
struct LearningChoice<TypeList<Gradient...>, TypeList<Phase...>, PlasticityList<Plasticity...>> {
  static constexpr std::size_t gradient_count = sizeof...(Gradient);
  using type = Choice<"rule", typename Gradient::Params..., typename Phase::Params...,
                      Plastic<typename Plasticity<double>::Params>...>;
};
}  // namespace detail
using LearningSettings = detail::LearningChoice<GradientRules, PhaseRules, PlasticityRules>::type;

// Whether errors travel back through the synapses between neurons.
inline bool follows_synapses(const LearningSettings& learning) {
  const auto* bptt = learning.get_if<BpttParams>();
  return bptt != nullptr && follows_synapses(bptt->recurrent_path);
}

// A rule of phases; its index in PhaseRules.
inline bool is_of_phases(const LearningSettings& learning) {
  return learning.visit([]<class S>(const S&) {
    return requires {
      S::is_of_phases;
    };
  });
}
inline std::size_t phase_rule(const LearningSettings& learning) {
  return learning.value.index() - detail::LearningChoice<GradientRules, PhaseRules, PlasticityRules>::gradient_count;
}

inline bool is_plasticity(const LearningSettings& learning) {
  return learning.visit([]<class S>(const S&) { return PlasticSettings<S>; });
}

// Calls visit.template operator()<Rule>(params), Rule a template over the number type, for the settings of a plasticity
// rule; does nothing for others.
template <class Visitor>
void visit_plasticity(const LearningSettings& learning, Visitor&& visitor) {
  learning.visit([&]<class S>(const S& settings) {
    if constexpr (PlasticSettings<S>) {
      PlasticityRules::visit(static_cast<const typename S::RuleParams&>(settings),
                             [&]<template <class> class Rule>() { visitor.template operator()<Rule>(settings); });
    }
  });
}

}  // namespace spikeweave
