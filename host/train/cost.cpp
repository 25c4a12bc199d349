#include "host/train/cost.hpp"

namespace spikeweave {
namespace {

// `spikeweave bench bench/experiments/512-512-20.json --threads 1` with inputs at 10 and at 300 Hz: 0.25 and 1.0 s of
// CPU time on a machine shared with others; a quiet one takes half.
constexpr double neuron_step_seconds = 1e-8;
constexpr double addition_seconds = 1.3e-10;

}  // namespace

double Cost::cpu_seconds() const {
  return neuron_steps * neuron_step_seconds + additions * addition_seconds;
}

Cost iteration_cost(const Experiment& experiment, const Network& network, std::size_t batch, std::size_t steps,
                    double rate) {
  const double rows = static_cast<double>(batch) * static_cast<double>(steps);
  Cost cost;
  cost.neuron_steps = rows * static_cast<double>(network.neurons);
  for (const Projection& projection : network.projections) {
    const double once = rows * rate * static_cast<double>(projection.size());
    cost.additions += projection.settings.trainable && !is_plasticity(experiment.learning) ? 2.0 * once : once;
  }
  return cost;
}

}  // namespace spikeweave
