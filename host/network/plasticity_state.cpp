#include "spikeweave/network/plasticity_state.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

struct PlasticitySizes {
  std::size_t factor_count = 0;  // per cell; the larger of the two sides
  std::size_t pre_bytes = 0, post_bytes = 0, memory_bytes = 0;
};

template <class Real>
PlasticitySizes sizes_of(const LearningSettings& learning, const Projection& projection) {
  PlasticitySizes sizes;
  visit_plasticity(learning, [&]<template <class> class RuleOf>(const auto&) {
    using Rule = RuleOf<Real>;
    sizes.factor_count = std::max(pre_factor_count<Rule>, post_factor_count<Rule>);
    sizes.pre_bytes = columns_size<typename Rule::Pre>(projection.pre.count);
    sizes.post_bytes = columns_size<typename Rule::Post>(projection.post.count);
    // The first column is the weight, which stands among the parameters.
    sizes.memory_bytes =
        columns_size<typename Rule::Synapse>(projection.size()) - columns_size<PlainSynapse<Real>>(projection.size());
  });
  return sizes;
}

}  // namespace

template <class Real>
PlasticityState<Real>::PlasticityState(NetworkState<Real>& state, const LearningSettings& learning)
    : state_(state), learning_(learning) {
  visit_plasticity(learning, [this]<template <class> class Rule>(const auto& settings) { form_ = settings.form; });
  if (!is_plasticity(learning) || form_ == PlasticityForm::trial) return;
  std::array<std::size_t, 5> of_kind{};
  for (std::size_t p = 0; p < state.network.projections.size(); ++p) {
    const Projection& projection = state.network.projections[p];
    const std::size_t index = of_kind[static_cast<std::size_t>(projection.kind)]++;
    if (projection.kind == ProjectionKind::readout || !projection.settings.trainable) continue;
    const PlasticitySizes sizes = sizes_of<Real>(learning, projection);
    Arrays arrays;
    arrays.projection = p;
    arrays.index = index;
    arrays.ring_steps = projection.delay + 1;
    const std::string sized_by = " (/network/projections/" + std::to_string(p) + ")";
    const std::size_t ring_bytes = arrays.ring_steps * sizes.factor_count * sizeof(Real);
    Backend<Real>& on = state.backend;
    arrays.pre_states = {on, {sizes.pre_bytes}, "presynaptic traces" + sized_by};
    arrays.post_states = {on, {sizes.post_bytes}, "postsynaptic traces" + sized_by};
    arrays.memory = {on, {sizes.memory_bytes}, "memory of the synapses" + sized_by};
    arrays.pre_factors = {on, {ring_bytes * projection.pre.count}, "presynaptic factors" + sized_by};
    arrays.post_factors = {on, {ring_bytes * projection.post.count}, "postsynaptic factors" + sized_by};
    arrays_.push_back(std::move(arrays));
  }
}

template <class Real>
std::vector<OnlinePlasticity<Real>> PlasticityState<Real>::views(std::size_t steps, const std::vector<Real>& modulator,
                                                                 const std::vector<float>& step_weight) {
  std::vector<OnlinePlasticity<Real>> views;
  for (Arrays& arrays : arrays_) {
    const Projection& projection = state_.network.projections[arrays.projection];
    OnlinePlasticity<Real> view;
    view.learning = &learning_;
    view.dt = state_.network.dt;
    view.kind = projection.kind;
    view.index = arrays.index;
    view.form = form_;
    view.low = projection.settings.low;
    view.high = projection.settings.high;
    view.dendritic_delay = projection.dendritic_delay;
    view.has_diagonal = projection.has_diagonal;
    view.weights = state_.arrays.parameter.data() + projection.offset;
    view.pre_states = arrays.pre_states.data();
    view.post_states = arrays.post_states.data();
    view.memory = arrays.memory.data();
    view.pre_factors = reinterpret_cast<Real*>(arrays.pre_factors.data());
    view.post_factors = reinterpret_cast<Real*>(arrays.post_factors.data());
    view.ring_steps = arrays.ring_steps;
    view.modulator = modulator;
    view.weight.assign(steps, static_cast<Real>(projection.settings.learning_rate_factor));
    for (std::size_t t = 0; t < step_weight.size(); ++t) view.weight[t] *= static_cast<Real>(step_weight[t]);
    views.push_back(view);
  }
  return views;
}

template <class Real>
template <class Visitor>
void PlasticityState<Real>::for_each_buffer(Visitor&& visit) {
  for (Arrays& a : arrays_) {
    for (auto* buffer : {&a.pre_states, &a.post_states, &a.memory, &a.pre_factors, &a.post_factors}) visit(*buffer);
  }
}

template <class Real>
std::vector<std::byte> PlasticityState<Real>::save() const {
  std::vector<std::byte> all;
  const_cast<PlasticityState*>(this)->for_each_buffer([&](const auto& buffer) {
    const std::vector<std::byte> bytes = buffer.download();
    all.insert(all.end(), bytes.begin(), bytes.end());
  });
  return all;
}

template <class Real>
void PlasticityState<Real>::load(const std::vector<std::byte>& bytes) {
  std::size_t at = 0;
  for_each_buffer([&](const auto& buffer) { at += buffer.size(); });
  if (at != bytes.size()) {
    throw InputError("plasticity state", std::to_string(bytes.size()) + " bytes; expected " + std::to_string(at));
  }
  at = 0;
  for_each_buffer([&](auto& buffer) {
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    buffer.upload({first, first + static_cast<std::ptrdiff_t>(buffer.size())});
    at += buffer.size();
  });
}

template class PlasticityState<float>;
template class PlasticityState<double>;

}  // namespace spikeweave
