// The forward pass: T steps of propagation and neuron dynamics for all populations of the network.
#pragma once

#include <cstdint>
#include <vector>

#include "spikeweave/models/all.hpp"
#include "spikeweave/ops/encode.hpp"
#include "spikeweave/ops/plasticity.hpp"
#include "spikeweave/ops/projection.hpp"
#include "spikeweave/ops/step_window.hpp"

namespace spikeweave {

// One population inside the network's single index space of neurons.
// The memory of states and constants is laid out by place_columns<Model::State>, place_columns<Model::Derived>.
struct PopulationView {
  std::size_t model = 0;  // index in NeuronModels
  PseudoDerivative pseudo_derivative = PseudoDerivative::piecewise_linear;
  std::size_t begin = 0;  // first neuron
  std::size_t count = 0;
  std::size_t second = 0;        // first cell of its second compartments; 0: the model has none
  std::byte* state = nullptr;    // columns of Model::State over [batch, count], index b * count + j
  std::byte* derived = nullptr;  // columns of Model::Derived over [count]
};

// One state column of one population, to be copied at every step.
struct TraceView {
  std::size_t population = 0;
  std::size_t column = 0;            // index in Model::State::columns()
  std::vector<std::size_t> neurons;  // within the population
  View<float> values;                // [batch, steps, neurons]
};

// What a teacher does to the neurons of one population, all of them rate models.
template <class Real>
struct TeacherView {
  std::size_t begin = 0, count = 0;  // neurons
  View<const Real> target;           // [batch, count]
  View<const Real> strength;         // [batch, steps]  0: nothing; infinity: the neurons are clamped to the target;
                                     // else how strongly it pulls them there
};

// Input current of step t: sum over input projections of x[t-d,i] W[i,j], plus the sum over recurrent projections of
// z[t-d,i] W[i,j], d the delay, and over those within the step of z[t,i] W[i,j]; z the spikes or, where `outputs` is
// given, the outputs. Of second compartments too, which the model's step gets beside the neuron's own. The first sum is
// multiplied by input_scale, and the biases are added to it in order. Each sum starts at 0 and runs over projections in
// order (those within the step by the first population they lead to), over delays in ascending order and over i in
// ascending order, so that every backend and every launch shape gives the same bits. Populations run in order.
template <class Real>
struct ForwardArgs {
  std::size_t batch = 0;
  std::size_t steps = 0;        // T of the batch: the longest trial
  StepWindow window;            // of the steps that run; neurons go on where an earlier window ended
  std::size_t frame_steps = 1;  // steps per frame of input values and masks
  std::size_t neuron_count = 0;
  std::size_t cell_count = 0;       // neurons and, behind them, second compartments: what projections lead to and from
  View<const std::int32_t> length;  // [batch]  steps of each trial; spikes and psi beyond are not written

  // Exactly one of the two is given.
  View<const std::uint8_t> events;      // [batch, steps, inputs]  events per step
  View<const Real> values;              // [batch, frames, inputs]  currents, constant within a frame
  View<const std::uint8_t> input_mask;  // [batch, frames, inputs]  or empty: no dropout
  Real input_scale = 1;                 // multiplies the input sum: 1/(1-p) under dropout, else 1

  // Where given, the pass draws `events` itself, those of its window, as encode() would; they stay there.
  const EncodeArgs* draw = nullptr;

  ProjectionList<Real> input;
  ProjectionList<Real> bias;  // of one pre cell each, which sends 1
  ProjectionList<Real> recurrent;
  ProjectionList<Real> within_step;  // their post cells lie behind their pre cells
  std::vector<PopulationView> populations;
  RandomKeys keys;                  // of stochastic neurons
  View<const std::uint8_t> forced;  // [batch, steps, first so many neurons]  1 fires, 2 does not, 0 free; or empty

  View<const Real> clamp;  // [batch, frames, first so many neurons]  for rate models; NaN: free; or empty
  TeacherView<Real> teacher;
  // [steps]  share of each step in the average over its phase, negative in the first one; 0: none is taken. Or empty.
  View<const Real> average;

  View<std::uint8_t> spikes;  // [batch, steps, neurons]  0 of rate models
  // What cells send: 1, 0 or a rate; given where a model is a rate model or has a second compartment.
  View<Real> outputs;               // [batch, steps, cells]
  View<Real> psi;                   // [batch, steps, cells]; empty: not wanted
  View<Real> prediction;            // [batch, steps, neurons]  of models that predict; empty: not wanted
  View<std::uint32_t> spike_count;  // [batch, neurons]  of the trial so far
  std::vector<TraceView> traces;    // recorded states

  // Projections whose weights change while the pass runs; the batch is then 1.
  std::vector<OnlinePlasticity<Real>> plasticity;

  // Where a pass goes on from the last one, nothing is cleared at the start, and spikes of the last one still arrive.
  bool continues = false;
  std::uint64_t first_step = 0;  // steps that ran before this pass
  View<std::uint8_t> history;  // [batch, depth, neurons]  spikes of the last steps before this pass, the latest in the
                               // last row; updated at its end. Empty, or at least as deep as the longest delay
  View<Real> output_history;   // the same of the outputs, where they are given
};

}  // namespace spikeweave
