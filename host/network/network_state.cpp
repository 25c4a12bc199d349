#include "spikeweave/network/network_state.hpp"

#include <algorithm>
#include <cmath>

namespace spikeweave {
namespace {

// The columns of `elements`, laid out as place_columns does, in host memory.
template <class S>
std::vector<std::byte> pack_columns(const std::vector<S>& elements) {
  std::vector<std::byte> memory(columns_size<S>(elements.size()));
  const ColumnsOf<S> columns = place_columns<S>(memory.data(), elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) columns.store(i, elements[i]);
  return memory;
}

}  // namespace

template <class Real>
NetworkState<Real>::NetworkState(Backend<Real>& on, const Network& of, const FeedbackSettings& feedback,
                                 std::uint64_t seed)
    : backend(on),
      network(of),
      symmetric_feedback(feedback.template get_if<SymmetricFeedback>() != nullptr),
      feedback_decay(feedback.template get_if<AdaptiveFeedback>() != nullptr
                         ? feedback.template get_if<AdaptiveFeedback>()->decay
                         : 0.0),
      adaptive_feedback(feedback.template get_if<AdaptiveFeedback>() != nullptr),
      readout(derive<Real>(of.readout, of.dt)) {
  const std::size_t count = of.parameter_count;
  const std::string sized_by = " (/network/projections)";
  arrays.parameter = Buffer<Real, Real>(on, {count}, "parameters" + sized_by);
  arrays.gradient = Buffer<Real, Real>(on, {count}, "gradient" + sized_by);
  arrays.first_moment = Buffer<Real, Real>(on, {count}, "first moments" + sized_by);
  arrays.second_moment = Buffer<Real, Real>(on, {count}, "second moments" + sized_by);
  arrays.average = Buffer<Real, Real>(on, {count}, "parameter average" + sized_by);
  arrays.feedback = Buffer<Real, Real>(on, {of.outputs, of.neurons}, "feedback weights (/network/populations)");
  states_.resize(of.populations.size());
  derive_neurons(seed);
  draw_feedback(feedback, seed);
  upload_synapses();
}

template <class Real>
void NetworkState<Real>::upload_synapses() {
  for (std::size_t p = 0; p < network.projections.size(); ++p) {
    const Projection& projection = network.projections[p];
    sparse_.push_back(nullptr);
    if (!projection.is_sparse) continue;
    auto sparse = std::make_unique<SparseArrays>();
    const auto put = [&](Buffer<std::uint32_t, Real>& buffer, const std::vector<std::uint32_t>& values) {
      buffer = {backend, {values.size()}, "synapses (/network/projections/" + std::to_string(p) + "/connectivity)"};
      buffer.upload(values);
      return buffer.cview();
    };
    const Synapses& synapses = projection.synapses;
    sparse->view.delays = synapses.delay.data();
    sparse->view.class_count = synapses.delay.size();
    sparse->view.row_start = put(sparse->row_start, synapses.row_start);
    sparse->view.source = put(sparse->source, synapses.source);
    sparse->view.target = put(sparse->target, synapses.target);
    sparse->view.column_start = put(sparse->column_start, synapses.column_start);
    sparse->view.column_synapse = put(sparse->column_synapse, synapses.column_synapse);
    sparse->view.column_source = put(sparse->column_source, synapses.column_source);
    sparse->view.column_delay = put(sparse->column_delay, synapses.column_delay);
    sparse_.back() = std::move(sparse);
  }
}

template <class Real>
ProjectionView<Real> NetworkState<Real>::view(const Projection& projection) const {
  const auto& sparse = sparse_[static_cast<std::size_t>(&projection - network.projections.data())];
  return {projection.pre.begin,
          projection.pre.count,
          projection.post.begin,
          projection.post.count,
          arrays.parameter.data() + projection.offset,
          projection.delay,
          sparse != nullptr ? &sparse->view : nullptr};
}

template <class Real>
void NetworkState<Real>::derive_neurons(std::uint64_t seed) {
  std::vector<EligibilityConstants<Real>> all(network.neurons);  // 0 where a model has none: its psi is 0 too
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const Population& population = network.populations[p];
    NeuronModels::visit(population.neuron.value.index(), [&]<template <class> class Model>() {
      using M = Model<Real>;
      const auto& settings = std::get<typename M::Params>(population.neuron.value);
      std::vector<typename M::Derived> derived(population.neurons.count);
      for (std::size_t j = 0; j < derived.size(); ++j) {
        const auto one = draw_parameters<typename M::NeuronParams>(settings, seed, static_cast<std::uint32_t>(p), j);
        derived[j] = M::derive(one, network.dt);
        if constexpr (M::is_differentiable) all[population.neurons.begin + j] = M::eligibility(derived[j]);
      }
      const std::vector<std::byte> packed = pack_columns(derived);
      derived_.emplace_back(backend, std::initializer_list<std::size_t>{packed.size()},
                            "neuron constants (/network/populations/" + std::to_string(p) + "/size)");
      derived_.back().upload(packed);
    });
  }
  const std::vector<std::byte> packed = pack_columns(all);
  for (const Projection& projection : network.projections) {
    const bool is_hidden = projection.kind != ProjectionKind::readout;
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(is_hidden ? projection.post.begin : 0);
    const auto last = first + static_cast<std::ptrdiff_t>(is_hidden ? projection.post.count : 0);
    shares_decay_.push_back(
        std::all_of(first, last, [&](const auto& k) { return k.alpha == first->alpha && k.zeta == first->zeta; }));
  }
  constants_memory_ = Buffer<std::byte, Real>(backend, {packed.size()}, "eligibility constants (/network/populations)");
  constants_memory_.upload(packed);
  constants = place_columns<EligibilityConstants<Real>>(constants_memory_.data(), network.neurons);
}

template <class Real>
void NetworkState<Real>::draw_feedback(const FeedbackSettings& feedback, std::uint64_t seed) {
  double std = 0.0;
  FeedbackScale scale = FeedbackScale::unit;
  if (const auto* random = feedback.template get_if<RandomFeedback>()) std = random->std, scale = random->scale;
  if (const auto* adaptive = feedback.template get_if<AdaptiveFeedback>()) std = adaptive->std, scale = adaptive->scale;
  if (scale == FeedbackScale::neuron_count) std /= std::sqrt(static_cast<double>(network.neurons));
  const RandomStream stream(seed, Purpose::feedback);
  std::vector<Real> weights(network.outputs * network.neurons);
  for (std::size_t w = 0; w < weights.size(); ++w) weights[w] = static_cast<Real>(std * stream.normal(w));
  arrays.feedback.upload(weights);
}

template <class Real>
void NetworkState<Real>::set_parameters(const std::vector<Real>& values) {
  arrays.parameter.upload(values);
  if (!symmetric_feedback) return;
  std::vector<Real> transposed(network.outputs * network.neurons, Real(0));
  for (const Projection& projection : network.projections) {
    if (projection.kind != ProjectionKind::readout) continue;
    for (std::size_t w = 0; w < projection.size(); ++w) {
      const std::size_t j = projection.pre.begin + w / projection.post.count;
      const std::size_t k = projection.post.begin + w % projection.post.count;
      transposed[k * network.neurons + j] += values[projection.offset + w];
    }
  }
  arrays.feedback.upload(transposed);
}

template <class Real>
ProjectionList<Real> NetworkState<Real>::projections(ProjectionKind kind) const {
  ProjectionList<Real> list;
  for (const Projection& projection : network.projections) {
    if (projection.kind != kind) continue;
    SW_EXPECTS(list.count < ProjectionList<Real>::capacity, "too many projections of one kind");
    list.at[list.count++] = view(projection);
  }
  return list;
}

template <class Real>
View<Real> NetworkState<Real>::gradient(const Projection& projection) const {
  Real* const block = arrays.gradient.data() + projection.offset;
  return projection.is_sparse ? View<Real>(block, {projection.size()})
                              : View<Real>(block, {projection.pre.count, projection.post.count});
}

template <class Real>
View<const Real> NetworkState<Real>::bias() const {
  return network.readout.bias ? View<const Real>(arrays.parameter.data() + network.bias_offset, {network.outputs})
                              : View<const Real>();
}

template <class Real>
std::vector<PopulationView> NetworkState<Real>::populations(std::size_t batch) {
  std::vector<PopulationView> views;
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const Population& population = network.populations[p];
    PopulationView view;
    view.model = population.neuron.value.index();
    view.begin = population.neurons.begin;
    view.count = population.neurons.count;
    view.derived = derived_[p].data();
    NeuronModels::visit(view.model, [&]<template <class> class Model>() {
      using M = Model<Real>;
      const auto& settings = std::get<typename M::Params>(population.neuron.value);
      if constexpr (requires { view.pseudo_derivative = settings.pseudo_derivative; }) {
        view.pseudo_derivative = settings.pseudo_derivative;
      }
      states_[p].reshape(backend, {columns_size<typename M::State>(batch * view.count)},
                         "neuron states (/network/populations/" + std::to_string(p) + "/size, /training/batch_size)");
    });
    view.state = states_[p].data();
    views.push_back(view);
  }
  return views;
}

template <class Real>
std::vector<EligibilityConstants<Real>> NetworkState<Real>::eligibility() const {
  std::vector<std::byte> memory = constants_memory_.download();
  const auto columns = place_columns<EligibilityConstants<Real>>(memory.data(), network.neurons);
  std::vector<EligibilityConstants<Real>> all;
  for (std::size_t j = 0; j < network.neurons; ++j) all.push_back(columns.load(j));
  return all;
}

template <class Real>
std::vector<std::byte> NetworkState<Real>::neuron_states() const {
  std::vector<std::byte> all;
  for (const auto& states : states_) {
    const std::vector<std::byte> bytes = states.download();
    all.insert(all.end(), bytes.begin(), bytes.end());
  }
  return all;
}

template <class Real>
void NetworkState<Real>::set_neuron_states(const std::vector<std::byte>& bytes, std::size_t batch) {
  populations(batch);  // gives the arrays their sizes
  std::size_t size = 0;
  for (const auto& states : states_) size += states.size();
  if (size != bytes.size()) {
    throw InputError("neuron states", std::to_string(bytes.size()) + " bytes; expected " + std::to_string(size));
  }
  auto first = bytes.begin();
  for (auto& states : states_) {
    const auto last = first + static_cast<std::ptrdiff_t>(states.size());
    states.upload({first, last});
    first = last;
  }
}

template class NetworkState<float>;
template class NetworkState<double>;

}  // namespace spikeweave
