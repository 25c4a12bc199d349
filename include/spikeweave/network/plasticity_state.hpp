// What plasticity rules keep between the steps of a trial, for every projection that learns by one.
#pragma once

#include <cstdint>
#include <vector>

#include "spikeweave/backend/buffer.hpp"
#include "spikeweave/network/network_state.hpp"

namespace spikeweave {

template <class Real>
class PlasticityState {
 public:
  // state and learning must outlive this. Empty unless learning is a plasticity rule in a form that changes weights
  // while a trial runs.
  PlasticityState(NetworkState<Real>& state, const LearningSettings& learning);

  // For ForwardArgs::plasticity, of a trial of so many steps. modulator, step_weight: [steps], or empty: none, 1.
  std::vector<OnlinePlasticity<Real>> views(std::size_t steps, const std::vector<Real>& modulator,
                                            const std::vector<float>& step_weight);

  // All bytes, to go on later.
  std::vector<std::byte> save() const;
  // Throws InputError where the size does not fit.
  void load(const std::vector<std::byte>& bytes);

 private:
  struct Arrays {
    std::size_t projection = 0;  // index in the network
    std::size_t index = 0;       // in the list of its kind
    std::size_t ring_steps = 1;
    Buffer<std::byte, Real> pre_states, post_states, memory, pre_factors, post_factors;
  };
  template <class Visitor>
  void for_each_buffer(Visitor&& visit);

  NetworkState<Real>& state_;
  const LearningSettings& learning_;
  PlasticityForm form_ = PlasticityForm::trial;
  std::vector<Arrays> arrays_;
};

}  // namespace spikeweave
