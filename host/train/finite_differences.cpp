#include "host/train/finite_differences.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/config/text.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "host/train/first_trials.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave {
namespace {

double middle(const Distribution& d) {
  switch (d.kind) {
    case DistributionKind::constant:
      return d.value;
    case DistributionKind::uniform:
      return 0.5 * (d.low + d.high);
    case DistributionKind::log_uniform:
      return std::sqrt(d.low * d.high);
    case DistributionKind::normal:
    case DistributionKind::truncated_normal:
      break;
  }
  return d.mean;
}

template <class Params>
SoftAlifParams<Distribution> softened(const Params& hard, double width) {
  SoftAlifParams<Distribution> soft;
  soft.tau_m = hard.tau_m;
  soft.v_threshold = hard.v_threshold;
  soft.input_gain = hard.input_gain;
  if constexpr (requires { hard.beta; }) {
    soft.tau_adaptation = hard.tau_adaptation;
    soft.beta = hard.beta;
  }
  soft.width = width * middle(hard.v_threshold);
  return soft;
}

void soften(PopulationSettings& population, double width) {
  auto& neuron = population.neuron;
  if (const auto* alif = neuron.get_if<AlifParams<Distribution>>()) {
    neuron.value = softened(*alif, width);
  } else if (const auto* lif = neuron.get_if<LifParams<Distribution>>()) {
    neuron.value = softened(*lif, width);
  } else if (neuron.get_if<SoftAlifParams<Distribution>>() == nullptr &&
             neuron.get_if<RateUnitParams<Distribution>>() == nullptr) {
    throw InputError("finite differences", fmt::format("population {} is of model {}, for which there is no smooth "
                                                       "relaxation; expected lif, alif, soft_alif or rate_unit",
                                                       in_quotes(population.name), neuron.name()));
  }
}

// One network with its trials: loss and gradient as functions of the parameters.
class SmoothNetwork {
 public:
  SmoothNetwork(const Experiment& experiment, const std::string& directory, const DifferenceSettings& settings)
      : experiment_(relaxed(experiment, settings.width)),
        backend_(make_cpu_backend<double>(settings.threads)),
        task_(make_task(experiment_, directory)),
        network_(build_network(experiment_.network, task_->shape(), experiment_.seed)),
        state_(*backend_, network_, experiment_.feedback, experiment_.seed),
        simulator_(state_, experiment_.learning, task_->shape().loss, Reduction::sum, task_->shape().frame_steps,
                   experiment_.seed) {
    const FirstTrials first(*task_, settings.trials);
    keys_ = first.keys;
    task_->fill(Split::train, first.ids, batch_);
  }

  double loss(const std::vector<double>& parameters) {
    state_.set_parameters(parameters);
    const TrialResult result = simulator_.run(batch_, keys_, {.training = true, .traces = {}});
    return std::accumulate(result.loss.begin(), result.loss.end(), 0.0) / static_cast<double>(batch_.batch);
  }
  std::vector<double> gradient(const std::vector<double>& parameters) {
    loss(parameters);
    simulator_.compute_gradient();
    return state_.arrays.gradient.download();
  }
  const Network& network() const { return network_; }

 private:
  static Experiment relaxed(const Experiment& experiment, double width) {
    Experiment smooth = experiment;
    for (PopulationSettings& population : smooth.network.populations) soften(population, width);
    smooth.learning.value = BpttParams{};
    smooth.feedback = {};
    return smooth;
  }

  const Experiment experiment_;
  std::unique_ptr<Backend<double>> backend_;
  std::unique_ptr<Task> task_;
  const Network network_;
  NetworkState<double> state_;
  Simulator<double> simulator_;
  TrialBatch batch_;
  std::vector<std::uint32_t> keys_;
};

// Weights of the block that are not held at 0, drawn without replacement.
std::vector<std::size_t> draw_weights(const Projection& p, std::size_t count, std::uint64_t seed,
                                      std::uint32_t stream) {
  const RandomStream random(seed, Purpose::gradient_check, stream);
  std::vector<std::size_t> drawn;
  for (std::uint64_t n = 0; n < 100 * count && drawn.size() < count; ++n) {
    const auto w = static_cast<std::size_t>(random.below(n, p.size()));
    const bool is_self = p.has_diagonal && p.pre.begin + p.pre_of(w) == p.post.begin + p.post_of(w);
    if (!is_self && std::find(drawn.begin(), drawn.end(), w) == drawn.end()) drawn.push_back(w);
  }
  return drawn;
}

}  // namespace

std::vector<DifferenceRow> compare_with_differences(const Experiment& experiment, const std::string& directory,
                                                    const std::vector<double>& parameters,
                                                    const DifferenceSettings& settings) {
  SmoothNetwork smooth(experiment, directory, settings);
  const std::vector<double> gradient = smooth.gradient(parameters);
  std::vector<DifferenceRow> rows;
  std::vector<double> moved = parameters;
  for (const Projection& projection : smooth.network().projections) {
    const auto stream = static_cast<std::uint32_t>(&projection - smooth.network().projections.data());
    if (!projection.settings.trainable || projection.size() == 0) continue;
    DifferenceRow row{projection.name};
    double worst = 0.0;
    for (const std::size_t w : draw_weights(projection, settings.weights, experiment.seed, stream)) {
      const std::size_t at = projection.offset + w;
      const auto loss_at = [&](double weight) {
        moved[at] = weight;
        const double loss = smooth.loss(moved);
        moved[at] = parameters[at];
        return loss;
      };
      const double above = parameters[at] + settings.step;
      const double below = parameters[at] - settings.step;
      const double quotient = (loss_at(above) - loss_at(below)) / (above - below);
      worst = std::max(worst, std::abs(quotient - gradient[at]));
      row.largest = std::max(row.largest, std::abs(gradient[at]));
      ++row.weights;
    }
    row.deviation = worst / row.largest;
    rows.push_back(row);
  }
  return rows;
}

}  // namespace spikeweave
