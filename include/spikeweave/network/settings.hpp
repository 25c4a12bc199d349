// The network as the experiment file describes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "spikeweave/core/distribution.hpp"
#include "spikeweave/models/all.hpp"
#include "spikeweave/models/leaky_readout.hpp"
#include "spikeweave/network/connectivity.hpp"
#include "spikeweave/ops/encode.hpp"

namespace spikeweave {

// The population "input": as many cells as the task has input channels.
struct InputSettings {
  static constexpr std::string_view population = "input";

  Encoding encoding = Encoding::automatic;
  double dropout = 0.0;

  static constexpr auto fields() {
    using Self = InputSettings;
    return std::tuple{
        field("encoding", &Self::encoding,
              "How the task's intensities become input; automatic: what the task is made for."),
        field("dropout", &Self::dropout, "", below_one,
              "Probability that a channel is silent for a frame in training."),
    };
  }
};

// An end of a projection: a population, or the second compartment of one, written population/compartment.
struct EndName {
  std::string population;
  std::string compartment;  // empty: the first one
};
inline EndName end_name(const std::string& end) {
  const std::size_t slash = end.find('/');
  if (slash == std::string::npos) return {end, ""};
  return {end.substr(0, slash), end.substr(slash + 1)};
}

// The population "bias": one cell that sends 1 in every step, so that its weights are the biases of what it projects
// to.
inline constexpr std::string_view bias_population = "bias";

struct PopulationSettings {
  std::string name;
  int size = 0;
  NeuronModels::Settings neuron{};

  static constexpr auto fields() {
    using Self = PopulationSettings;
    return std::tuple{
        field("name", &Self::name, "Name of the population; unique; not input, bias or output; without a slash."),
        field("size", &Self::size, "neurons", closed(1, 1e8), "Number of neurons."),
        field("neuron", &Self::neuron, "Model and parameters of the neurons."),
    };
  }
};

// The initial weight of one synapse.
struct SingleWeight {
  int synapse = -1;
  double weight = 0.0;

  static constexpr auto fields() {
    return std::tuple{
        field("synapse", &SingleWeight::synapse, "", closed(0, 2147483647),
              "Index of the synapse: of a dense projection pre * size of the post side + post; of a sparse one its "
              "place in the order (delay, pre, post)."),
        field("weight", &SingleWeight::weight, "", any_value, "Its initial weight, as it stands."),
    };
  }
};

struct ProjectionSettings {
  std::vector<std::string> from;
  std::vector<std::string> to;
  ConnectivitySettings connectivity{};
  Distribution delay = 0.0;
  double dendritic_delay = 0.0;
  bool within_step = false;
  Distribution weights = Distribution::gaussian(0.0, 1.0);
  WeightScale scale = WeightScale::fan_in;
  std::string weights_file;
  std::vector<SingleWeight> single_weights;
  bool trainable = true;
  bool self_connections = false;
  bool symmetric = false;
  int transpose_of = -1;
  double transpose_factor = 1.0;
  double low = -100.0;
  double high = 100.0;
  double learning_rate_factor = 1.0;

  static constexpr auto fields() {
    using Self = ProjectionSettings;
    return std::tuple{
        field("from", &Self::from,
              "Presynaptic populations, a stretch of neighbours in the order of declaration; or input; or bias, a cell "
              "that sends 1 in every step; or what the second compartment of a population sends, such as layer/error."),
        field("to", &Self::to,
              "Postsynaptic populations, a stretch of neighbours; or output; or the second compartment of a "
              "population, such as layer/feedback."),
        field("connectivity", &Self::connectivity, "Which cells are connected."),
        field("delay", &Self::delay, "ms", non_negative,
              "From a spike to its effect, in whole time steps; 0: the shortest, one step between neurons, else none. "
              "Drawn for each synapse where it is a distribution."),
        field("dendritic_delay", &Self::dendritic_delay, "ms", non_negative,
              "Part of the delay that lies behind the synapse, for plasticity rules: an event arrives at the synapse "
              "delay - dendritic_delay after it was sent, and a post spike dendritic_delay after it was fired."),
        field(
            "within_step", &Self::within_step,
            "Whether what is sent arrives in the step in which it is sent; from populations to ones that are declared "
            "behind them all, such as the layers of a feed-forward network."),
        field("weights", &Self::weights, "Initial weights."),
        field("scale", &Self::scale,
              "fan_in divides the drawn weights by the root of the (mean) number of synapses onto a cell."),
        field("weights_file", &Self::weights_file,
              "Initial weights from a file instead: x.npy or x.h5:/data/set, shape [pre, post], or [synapses] where "
              "not every pair is connected with one delay."),
        field("single_weights", &Self::single_weights, "Initial weights of single synapses, in place of the above."),
        field("trainable", &Self::trainable, "Whether learning changes the weights."),
        field("self_connections", &Self::self_connections, "Whether a neuron may project to itself."),
        field("symmetric", &Self::symmetric,
              "Whether the initial weight from j to i is that from i to j; of all pairs of the same populations."),
        field("transpose_of", &Self::transpose_of, "", closed(-1, 1e6),
              "Index of a projection whose transposed weights these are, now and after every update; -1: of none."),
        field("transpose_factor", &Self::transpose_factor, "", any_value, "What they are multiplied by."),
        field("low", &Self::low, "Lower bound of the weights."),
        field("high", &Self::high, "Upper bound of the weights."),
        field("learning_rate_factor", &Self::learning_rate_factor, "", non_negative, "Multiplies the learning rate."),
    };
  }
};

struct NetworkSettings {
  double dt = 1.0;
  InputSettings input{};
  std::vector<PopulationSettings> populations;
  LeakyReadoutParams readout{};
  std::vector<ProjectionSettings> projections;

  static constexpr auto fields() {
    using Self = NetworkSettings;
    return std::tuple{
        field("dt", &Self::dt, "ms", positive, "Length of a time step."),
        field("input", &Self::input, "The population \"input\"; its size is the task's."),
        field("populations", &Self::populations, "Populations of spiking neurons, in order."),
        field("readout", &Self::readout, "The population \"output\" of leaky readouts; its size is the task's."),
        field("projections", &Self::projections, "Connections between populations, dense or sparse."),
    };
  }

  // Names unique and known, ranges contiguous, bounds ordered. place: JSON pointer. Whether input and output are
  // connected is checked with the task.
  void validate(const std::string& place) const;
};

}  // namespace spikeweave
