// The neuron models. Adding one: a header beside this file, its include, its name in NeuronModels.
#pragma once

#include <variant>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/models/alif.hpp"
#include "spikeweave/models/burst_neuron.hpp"
#include "spikeweave/models/burst_unit.hpp"
#include "spikeweave/models/dendritic_unit.hpp"
#include "spikeweave/models/energy_unit.hpp"
#include "spikeweave/models/escape_lif.hpp"
#include "spikeweave/models/iaf_cond_exp.hpp"
#include "spikeweave/models/iaf_delta.hpp"
#include "spikeweave/models/izhikevich.hpp"
#include "spikeweave/models/leaky_burst_unit.hpp"
#include "spikeweave/models/leaky_rate_unit.hpp"
#include "spikeweave/models/lif.hpp"
#include "spikeweave/models/naud_sprekeler.hpp"
#include "spikeweave/models/predictive_unit.hpp"
#include "spikeweave/models/rate_unit.hpp"
#include "spikeweave/models/rectified_linear.hpp"
#include "spikeweave/models/segregated_unit.hpp"
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

using NeuronModels = ModelList<Lif, Alif, EscapeLif, IafDelta, IafCondExp, Izhikevich, EnergyUnit, RectifiedLinear,
                               SoftAlif, RateUnit, LeakyRateUnit, PredictiveUnit, DendriticUnit, BurstUnit,
                               LeakyBurstUnit, SegregatedUnit, BurstNeuron, NaudSprekeler>;

// Whether the model sends rates instead of spikes.
inline bool is_rate_model(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(),
                             [&]<template <class> class Model>() { return Model<float>::is_rate; });
}

// Names of what reaches the second compartment and of what is sent from there; empty where there is none.
struct SecondCompartment {
  bool exists = false;
  std::string_view input, output;
};
inline SecondCompartment second_compartment(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(), [&]<template <class> class Model>() -> SecondCompartment {
    if constexpr (has_second<Model<float>>) return {true, Model<float>::second_input, Model<float>::second_output};
    return {};
  });
}

// Whether a teacher can pull neurons of the model towards a target.
inline bool takes_nudges(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(),
                             [&]<template <class> class Model>() { return takes_nudge<Model<float>>; });
}

// Whether a task can drive neurons of the model with a current.
inline bool takes_currents(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(),
                             [&]<template <class> class Model>() { return takes_current<Model<float>>; });
}

// Whether the neurons carry errors of their own.
inline bool carries_errors(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(),
                             [&]<template <class> class Model>() { return carries_error<Model<float>>; });
}

// Of how many phases the neurons compare averages; 0: of none.
inline int compared_averages(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(),
                             [&]<template <class> class Model>() { return phase_averages<Model<float>>(); });
}

// Whether the model has a firing probability, which a local learning signal may compare with the spikes.
inline bool predicts(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(),
                             [&]<template <class> class Model>() { return Model<float>::predicts; });
}

}  // namespace spikeweave
