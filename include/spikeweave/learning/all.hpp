// The learning rules. Adding one: a header beside this file, its include, its name in LearningRules.
//
// A rule of this list is a backward recursion over neuron vectors that is driven by the learning signal (Adjoint), and
// the same rule forward in time with traces per synapse (Trace); the engine forms the outer products. Its settings have
// `form` and `rate_regularization`.
#pragma once

#include <cstddef>
#include <utility>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/learning/eprop.hpp"

namespace spikeweave {

template <class... Rules>
struct RuleList {
  // The "learning" object of an experiment: {"rule": "eprop", "form": "trial"}.
  using Settings = Choice<"rule", typename Rules::Params...>;

  // Calls visit.template operator()<Rule>() with the rule at `index` of the list.
  template <class Visitor>
  static decltype(auto) visit(std::size_t index, Visitor&& visitor) {
    return dispatch<Visitor, Rules...>(index, std::forward<Visitor>(visitor));
  }

 private:
  template <class Visitor, class Head, class... Tail>
  static decltype(auto) dispatch([[maybe_unused]] std::size_t index, Visitor&& visitor) {
    if constexpr (sizeof...(Tail) > 0) {
      if (index > 0) return dispatch<Visitor, Tail...>(index - 1, std::forward<Visitor>(visitor));
    }
    return visitor.template operator()<Head>();
  }
};

using LearningRules = RuleList<Eprop>;
using LearningSettings = LearningRules::Settings;

}  // namespace spikeweave
