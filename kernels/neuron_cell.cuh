// Neuron models inside kernels: which population a neuron belongs to, and one step of its model, chosen at run time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "kernels/cuda_api.cuh"
#include "kernels/device_random.cuh"
#include "kernels/unroll.cuh"
#include "spikeweave/models/all.hpp"
#include "spikeweave/ops/forward.hpp"

namespace spikeweave::SW_DEVICE {

// ModelList for device code: its own visit() is a host function.
template <class List>
struct DeviceModels;
template <template <class> class... Models>
struct DeviceModels<ModelList<Models...>> {
  // Of models without a second compartment.
  static constexpr std::size_t state_bytes =
      std::max({has_second<Models<float>> ? 0 : sizeof(typename Models<float>::State)...});
  static constexpr std::size_t derived_bytes =
      std::max({has_second<Models<float>> ? 0 : sizeof(typename Models<float>::Derived)...});
  static constexpr std::size_t state_columns_bytes = std::max({sizeof(ColumnsOf<typename Models<float>::State>)...});
  static constexpr std::size_t derived_columns_bytes =
      std::max({sizeof(ColumnsOf<typename Models<float>::Derived>)...});

  // Where a model is in the list.
  template <class Model>
  static constexpr unsigned index_of() {
    constexpr std::size_t count = sizeof...(Models);
    constexpr bool is_it[count] = {std::is_same_v<Model, Models<float>>...};
    unsigned index = 0;
    while (!is_it[index]) ++index;
    return index;
  }

  // Calls visit.template operator()<Model>() with the model at `index` of the list.
  template <class Visitor>
  __device__ __forceinline__ static void visit(unsigned index, Visitor&& visitor) {
    unsigned at = 0;
    ((at++ == index ? visitor.template operator()<Models<float>>() : void()), ...);
  }
  // Likewise, for a model without a second compartment.
  template <class Visitor>
  __device__ __forceinline__ static void visit_single(unsigned index, Visitor&& visitor) {
    visit(index, [&]<class Model>() {
      if constexpr (!has_second<Model>) visitor.template operator()<Model>();
    });
  }
};
using CellModels = DeviceModels<NeuronModels>;

// PopulationView with the pointers of its columns, which differ in number from model to model.
struct PopulationEntry {
  unsigned model;
  unsigned pseudo_derivative;
  unsigned begin;
  unsigned count;
  unsigned second;                                                  // first cell of its second compartments; 0: none
  alignas(8) unsigned char state[CellModels::state_columns_bytes];  // ColumnsOf<Model::State>
  alignas(8) unsigned char derived[CellModels::derived_columns_bytes];  // ColumnsOf<Model::Derived>
};

// Passed to kernels by value, with the projections: some 8 KiB, which CUDA 12.1 and newer allow.
struct PopulationTable {
  static constexpr std::size_t capacity = 20;
  unsigned count = 0;
  PopulationEntry at[capacity];

  // Index of the population that neuron belongs to; count where it belongs to none.
  __device__ __forceinline__ unsigned find(std::size_t neuron) const {
    unsigned p = 0;
    while (p < count && (neuron < at[p].begin || neuron >= at[p].begin + at[p].count)) ++p;
    return p;
  }
  // The neuron of a cell, which may be a second compartment.
  std::size_t neuron_of(std::size_t cell) const {
    for (const PopulationEntry& population : at) {
      const std::size_t local = cell - population.second;  // wraps below
      if (population.second > 0 && local < population.count) return population.begin + local;
    }
    return cell;
  }
};

template <class T>
__host__ __device__ __forceinline__ T unpack(const void* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// The random word of a neuron and step; only models that use it pay for it.
struct NeuronNoise {
  RandomKeys keys;

  template <class Model>
  __device__ __forceinline__ std::uint32_t word(std::size_t trial, unsigned step, std::size_t neuron) const {
    if constexpr (Model::uses_random) {
      const auto n = static_cast<std::uint32_t>(neuron);
      return word_of(
          random_words(random_counter(Purpose::neuron_noise, 0, n / 4, keys.trial[trial], step), random_key(keys.seed)),
          n % 4);
    } else {
      return 0;
    }
  }
};

template <class Model>
__device__ __forceinline__ StepOutput<float> step_model(unsigned pseudo_derivative,
                                                        const typename Model::Derived& derived,
                                                        typename Model::State& state, const StepInput<float>& in) {
  if constexpr (!Model::is_differentiable) return Model::template step<PiecewiseLinear>(derived, state, in);
  switch (static_cast<PseudoDerivative>(pseudo_derivative)) {
    case PseudoDerivative::exponential:
      return Model::template step<Exponential>(derived, state, in);
    case PseudoDerivative::fast_sigmoid:
      return Model::template step<FastSigmoid>(derived, state, in);
    case PseudoDerivative::arctan:
      return Model::template step<Arctan>(derived, state, in);
    case PseudoDerivative::constant:
      return Model::template step<Constant>(derived, state, in);
    case PseudoDerivative::piecewise_linear:
      break;
  }
  return Model::template step<PiecewiseLinear>(derived, state, in);
}

// A neuron of any model without a second compartment in `count` trials, whose states and constants stay in registers
// for many steps.
template <unsigned count>
struct Cells {
  unsigned model = 0;
  unsigned pseudo_derivative = 0;
  alignas(8) unsigned char state[count][CellModels::state_bytes];
  alignas(8) unsigned char derived[CellModels::derived_bytes];

  // At the start of the trials. local: index within the population.
  __device__ __forceinline__ void load(const PopulationEntry& population, std::size_t local) {
    model = population.model;
    pseudo_derivative = population.pseudo_derivative;
    CellModels::visit_single(model, [&]<class Model>() {
      const auto constants = unpack<ColumnsOf<typename Model::Derived>>(population.derived).load(local);
      const typename Model::State start = Model::initial_state(constants);
      std::memcpy(derived, &constants, sizeof(constants));
      SW_UNROLL(8)
      for (unsigned k = 0; k < count; ++k) std::memcpy(state[k], &start, sizeof(start));
    });
  }

  // Trial k goes on where an earlier window ended. index: trial * population's count + local.
  __device__ __forceinline__ void resume(unsigned k, const PopulationEntry& population, std::size_t index) {
    CellModels::visit_single(model, [&]<class Model>() {
      const auto own = unpack<ColumnsOf<typename Model::State>>(population.state).load(index);
      std::memcpy(state[k], &own, sizeof(own));
    });
  }

  // The word of `in` is drawn here.
  __device__ __forceinline__ StepOutput<float> step(unsigned k, StepInput<float> in, const NeuronNoise& noise,
                                                    std::size_t trial, unsigned t, std::size_t neuron) {
    StepOutput<float> output{};
    CellModels::visit_single(model, [&]<class Model>() {
      auto own = unpack<typename Model::State>(state[k]);
      in.word = noise.template word<Model>(trial, t, neuron);
      output = step_model<Model>(pseudo_derivative, unpack<typename Model::Derived>(derived), own, in);
      std::memcpy(state[k], &own, sizeof(own));
    });
    return output;
  }

  // index: trial * population's count + local.
  __device__ __forceinline__ void store(unsigned k, const PopulationEntry& population, std::size_t index) const {
    CellModels::visit_single(model, [&]<class Model>() {
      unpack<ColumnsOf<typename Model::State>>(population.state).store(index, unpack<typename Model::State>(state[k]));
    });
  }
};

// A lif or alif neuron with the usual pseudo-derivative, in `count` trials: one step for both without any choice at run
// time, since alif without adaptation is lif bit for bit.
template <unsigned count>
struct AdaptiveCells {
  using Regular = Lif<float>;
  using Model = Alif<float>;
  bool adapts = false;
  Model::Derived derived{};
  Model::State state[count]{};

  // Whether all neurons are such.
  static bool covers(const PopulationTable& populations) {
    return std::all_of(populations.at, populations.at + populations.count, [](const PopulationEntry& population) {
      const bool is_model =
          population.model == CellModels::index_of<Regular>() || population.model == CellModels::index_of<Model>();
      return is_model && population.pseudo_derivative == static_cast<unsigned>(PseudoDerivative::piecewise_linear);
    });
  }

  // As those of Cells.
  __device__ __forceinline__ void load(const PopulationEntry& population, std::size_t local) {
    adapts = population.model == CellModels::index_of<Model>();
    if (adapts) {
      derived = unpack<ColumnsOf<Model::Derived>>(population.derived).load(local);
    } else {
      derived = {unpack<ColumnsOf<Regular::Derived>>(population.derived).load(local), 0.0f, 0.0f};
    }
    SW_UNROLL(8)
    for (unsigned k = 0; k < count; ++k) state[k] = Model::initial_state(derived);
  }
  __device__ __forceinline__ void resume(unsigned k, const PopulationEntry& population, std::size_t index) {
    if (adapts) {
      state[k] = unpack<ColumnsOf<Model::State>>(population.state).load(index);
    } else {
      state[k] = {unpack<ColumnsOf<Regular::State>>(population.state).load(index), 0.0f};
    }
  }
  __device__ __forceinline__ StepOutput<float> step(unsigned k, const StepInput<float>& in, const NeuronNoise&,
                                                    std::size_t, unsigned, std::size_t) {
    return Model::step<PiecewiseLinear>(derived, state[k], in);
  }
  __device__ __forceinline__ void store(unsigned k, const PopulationEntry& population, std::size_t index) const {
    if (adapts) {
      unpack<ColumnsOf<Model::State>>(population.state).store(index, state[k]);
    } else {
      unpack<ColumnsOf<Regular::State>>(population.state).store(index, state[k]);
    }
  }
};

}  // namespace spikeweave::SW_DEVICE
