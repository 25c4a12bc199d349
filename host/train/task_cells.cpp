// The neurons that are the task's: what its score reads of them.

#include <algorithm>
#include <string>
#include <vector>

#include "host/train/task_cells.hpp"

namespace spikeweave {
namespace {

// Index of a state variable of a population's model.
std::size_t column_of(const Population& population, const std::string& state) {
  return NeuronModels::visit(population.neuron.value.index(), [&]<template <class> class Model>() {
    std::size_t found = column_count<typename Model<float>::State>;
    std::size_t at = 0;
    std::apply([&](const auto&... column) { ((found = column.name == state ? at : found, ++at), ...); },
               Model<float>::State::columns());
    if (at == found) {
      throw InputError("/network/populations", "the task scores the state variable " + state + ", which the model of " +
                                                   population.name + " does not have");
    }
    return found;
  });
}

}  // namespace

std::vector<StateTrace> task_cell_traces(const Network& network) {
  std::vector<StateTrace> traces;
  if (network.task_state.empty()) return traces;
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const CellRange neurons = network.populations[p].neurons;
    if (neurons.begin >= network.task_cells) break;
    StateTrace trace{p, column_of(network.populations[p], network.task_state), {}};
    for (std::size_t j = 0; j < neurons.count && neurons.begin + j < network.task_cells; ++j)
      trace.neurons.push_back(j);
    traces.push_back(trace);
  }
  return traces;
}

template <class Real>
void Simulator<Real>::trace_task_cells(ForwardArgs<Real>& args) {
  cell_traces_.resize(cell_requests_.size());
  for (std::size_t n = 0; n < cell_traces_.size(); ++n) {
    const StateTrace& trace = cell_requests_[n];
    shape_steps(cell_traces_[n], trace.neurons.size(), "states of the task's cells (/training/evaluation_batch)");
    args.traces.push_back({trace.population, trace.column, trace.neurons, cell_traces_[n].view()});
  }
}

// Of the steps that are held.
template <class Real>
void Simulator<Real>::add_task_cells() {
  const std::size_t cells = network_.task_cells;
  if (cells == 0) return;
  const std::size_t count = held_.end - held_.begin;
  // Copies columns [0, width) of rows [batch, count, stride] to columns from `first` on of [batch, steps, cells].
  const auto put = [&](const auto& from, std::size_t stride, std::size_t width, auto& to, std::size_t first) {
    to.resize(batch_ * steps_ * cells);
    for (std::size_t row = 0; row < batch_ * count; ++row) {
      const std::size_t step = row / count * steps_ + held_.begin + row % count;
      std::copy_n(from.data() + row * stride, width, to.data() + step * cells + first);
    }
  };
  put(spikes_.download_rows(held_.begin, count), network_.neurons, cells, result_.spikes, 0);
  std::size_t first = 0;
  for (std::size_t n = 0; n < cell_traces_.size(); ++n) {
    const std::size_t width = cell_requests_[n].neurons.size();
    put(cell_traces_[n].download_rows(held_.begin, count), width, width, result_.state, first);
    first += width;
  }
}

template class Simulator<float>;
template class Simulator<double>;

}  // namespace spikeweave
