// The network, checked and laid out: index ranges of populations, blocks of weights in one parameter vector.
//
// Three index spaces: inputs, cells, outputs. The first `neurons` cells are the neurons of all populations in the order
// of declaration; behind them come the second compartments of the populations whose model has one. All learned numbers
// stand in one vector [parameter_count]: the projections' blocks in order, each [pre, post] with row = presynaptic cell
// or, of a sparse projection, [synapses]; then the biases of the outputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spikeweave/network/settings.hpp"
#include "spikeweave/ops/projection.hpp"
#include "spikeweave/task/task.hpp"

namespace spikeweave {

struct CellRange {
  std::size_t begin = 0;
  std::size_t count = 0;
};

struct Population {
  std::string name;
  CellRange neurons;
  NeuronModels::Settings neuron;
  std::size_t second = 0;  // first cell of its second compartments; 0: none
};

struct Projection {
  ProjectionKind kind = ProjectionKind::input;
  std::string name;  // "input -> regular+adaptive"
  CellRange pre;
  CellRange post;
  std::size_t offset = 0;     // of the block in the parameter vector
  bool has_diagonal = false;  // recurrent, without self-connections: weights from a cell to itself stay 0
  ProjectionSettings settings;

  std::size_t delay = 0;            // [steps]  of a dense projection; of a sparse one the longest
  std::size_t dendritic_delay = 0;  // [steps]  the part of it that lies behind the synapse
  bool is_sparse = false;
  Synapses synapses;  // of a sparse projection

  std::size_t size() const { return is_sparse ? synapses.count() : pre.count * post.count; }
  // Of weight w of the block.
  std::size_t pre_of(std::size_t w) const { return is_sparse ? synapses.source[w] : w / post.count; }
  std::size_t post_of(std::size_t w) const { return is_sparse ? synapses.target[w] : w % post.count; }
};

struct Network {
  double dt = 1.0;  // [ms]
  std::size_t inputs = 0;
  std::size_t neurons = 0;
  std::size_t cells = 0;  // neurons and second compartments
  std::size_t outputs = 0;
  std::size_t task_cells = 0;  // TaskShape::cells, state
  std::string task_state;
  CellRange taught;  // the population that a teacher drives
  Encoding encoding = Encoding::bernoulli;
  double input_dropout = 0.0;
  LeakyReadoutParams readout;
  std::vector<Population> populations;
  std::vector<Projection> projections;
  std::size_t bias_offset = 0;
  std::size_t parameter_count = 0;
};

// settings: validated. seed: of the connections of sparse projections. Throws InputError where the settings do not fit
// the task or each other's sizes.
Network build_network(const NetworkSettings& settings, const TaskShape& task, std::uint64_t seed);

// For plasticity rules, which keep weights inside their bounds but do not bring them there: throws InputError where a
// weight of a trainable projection between cells starts outside.
void require_weights_inside_bounds(const Network& network, const std::vector<double>& parameters);
// Whether it only says which neurons stand for which output: a readout that is not of all pairs. Errors go back along
// its weights, whatever the feedback.
bool reads_population(const Projection& projection);
// Whether a population is of a rate model.
bool has_rate_models(const Network& network);
// Whether what its cells send is more than the spikes of its neurons.
bool sends_numbers(const Network& network);

// Weights as the settings say, drawn from `seed` or read from files relative to `directory`; biases 0. Shape
// [parameter_count].
std::vector<double> initial_parameters(const Network& network, std::uint64_t seed, const std::string& directory);

}  // namespace spikeweave
