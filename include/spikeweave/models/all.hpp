// The neuron models. Adding one: a header beside this file, its include, its name in NeuronModels.
#pragma once

#include <variant>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/models/alif.hpp"
#include "spikeweave/models/energy_unit.hpp"
#include "spikeweave/models/escape_lif.hpp"
#include "spikeweave/models/iaf_cond_exp.hpp"
#include "spikeweave/models/iaf_delta.hpp"
#include "spikeweave/models/izhikevich.hpp"
#include "spikeweave/models/lif.hpp"
#include "spikeweave/models/rate_unit.hpp"
#include "spikeweave/models/rectified_linear.hpp"
#include "spikeweave/models/soft_alif.hpp"

namespace spikeweave {

template <template <class> class... Models>
struct ModelList {
  // The "neuron" object of a population: {"model": "lif", "tau_m": 20}.
  using Settings = Choice<"model", typename Models<float>::Params...>;

  // Calls visit.template operator()<Model>() with the model at `index` of the list.
  template <class Visitor>
  static decltype(auto) visit(std::size_t index, Visitor&& visitor) {
    return dispatch<Visitor, Models...>(index, std::forward<Visitor>(visitor));
  }
  template <class Visitor>
  static void for_each(Visitor&& visitor) {
    (visitor.template operator()<Models>(), ...);
  }

 private:
  template <class Visitor, template <class> class Head, template <class> class... Tail>
  static decltype(auto) dispatch(std::size_t index, Visitor&& visitor) {
    if constexpr (sizeof...(Tail) > 0) {
      if (index > 0) return dispatch<Visitor, Tail...>(index - 1, std::forward<Visitor>(visitor));
    }
    return visitor.template operator()<Head>();
  }
};

using NeuronModels =
    ModelList<Lif, Alif, EscapeLif, IafDelta, IafCondExp, Izhikevich, EnergyUnit, RectifiedLinear, SoftAlif, RateUnit>;

// Whether the model sends rates instead of spikes.
inline bool is_rate_model(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(),
                             [&]<template <class> class Model>() { return Model<float>::is_rate; });
}

// Whether the model has a firing probability, which a local learning signal may compare with the spikes.
inline bool predicts(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(),
                             [&]<template <class> class Model>() { return Model<float>::predicts; });
}

}  // namespace spikeweave
