#include "host/train/benchmark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "host/train/stopwatch.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave {
namespace {

constexpr double allowed_difference = 1e-5;

class Iteration {
 public:
  Iteration(Backend<float>& backend, const Experiment& experiment, const std::string& directory)
      : backend_(backend),
        experiment_(experiment),
        task_(make_task(experiment, directory)),
        network_(build_network(experiment.network, task_->shape(), experiment.seed)),
        state_(backend, network_, experiment.feedback, experiment.seed, follows_synapses(experiment.learning)),
        updater_(state_, experiment.learning, experiment.optimizer, experiment.training.clip_norm,
                 experiment.training.parameter_average),
        simulator_(simulator(experiment.learning)) {
    const std::vector<double> initial = initial_parameters(network_, experiment.seed, directory);
    state_.set_parameters({initial.begin(), initial.end()});
  }

  // Of the first so many trials, to the textbook form.
  double difference_to_textbook(std::size_t trials) {
    fill(trials);
    const std::vector<float> fast = gradient(*simulator_);
    next_ = 0;
    fill(trials);
    LearningSettings textbook = experiment_.learning;
    std::get<EpropParams>(textbook.value).form = EpropForm::step;
    const std::vector<float> slow = gradient(*simulator(textbook));
    next_ = 0;
    double largest = 0.0;
    double difference = 0.0;
    for (std::size_t w = 0; w < fast.size(); ++w) {
      largest = std::max(largest, std::abs(static_cast<double>(slow[w])));
      difference = std::max(difference, std::abs(static_cast<double>(fast[w]) - static_cast<double>(slow[w])));
    }
    return difference / largest;
  }

  void run(std::vector<BenchmarkPart>* parts) {
    const double cpu = process_seconds();
    const Stopwatch watch;
    const auto timed = [&](std::size_t part, auto&& work) {
      const double cpu_before = process_seconds();
      const Stopwatch own;
      work();
      backend_.synchronize();
      if (parts == nullptr) return;
      (*parts)[part].wall.push_back(own.seconds());
      (*parts)[part].cpu.push_back(process_seconds() - cpu_before);
    };
    timed(0, [&] { fill(static_cast<std::size_t>(experiment_.training.batch_size)); });
    timed(1, [&] { simulator_->run(batch_, keys_, {.training = true, .traces = {}}); });
    timed(2, [&] { simulator_->compute_gradient(); });
    timed(3, [&] { updater_.apply(1.0); });
    if (parts == nullptr) return;
    (*parts)[4].wall.push_back(watch.seconds());
    (*parts)[4].cpu.push_back(process_seconds() - cpu);
  }

  // Every array once: events, spikes, psi, outputs, errors, weights.
  std::vector<BenchmarkPart> parts() const {
    const auto rows = static_cast<double>(batch_.batch) * static_cast<double>(batch_.steps);
    const auto inputs = rows * static_cast<double>(network_.inputs);
    const auto neurons = rows * static_cast<double>(network_.neurons);
    const auto outputs = rows * static_cast<double>(network_.outputs);
    const auto parameters = static_cast<double>(network_.parameter_count);
    double products = 0.0;
    for (const Projection& p : network_.projections) {
      const double pre = p.kind == ProjectionKind::input ? inputs : p.kind == ProjectionKind::bias ? 0.0 : neurons;
      if (p.settings.trainable) products += pre + 4.0 * (p.kind == ProjectionKind::readout ? outputs : neurons);
    }
    const double forward = inputs + 6.0 * neurons + 8.0 * outputs + 4.0 * parameters;
    const double gradient = 8.0 * neurons + 4.0 * outputs + products + 4.0 * parameters;
    const double update = (experiment_.optimizer.get_if<SgdParams>() != nullptr ? 12.0 : 28.0) * parameters;
    return {{"trials", {}, {}, 0.0},
            {"input, forward pass, readout, loss", {}, {}, forward},
            {"gradient", {}, {}, gradient},
            {"update", {}, {}, update},
            {"iteration", {}, {}, forward + gradient + update}};
  }

  double mean_rate() const {
    const std::vector<std::uint32_t> counts = simulator_->spike_counts();
    const double steps = std::accumulate(batch_.length.begin(), batch_.length.end(), 0.0);
    return std::accumulate(counts.begin(), counts.end(), 0.0) / steps / static_cast<double>(network_.neurons);
  }
  const TrialBatch& batch() const { return batch_; }
  std::size_t synapses() const {
    return std::accumulate(network_.projections.begin(), network_.projections.end(), std::size_t{0},
                           [](std::size_t sum, const Projection& p) { return sum + p.size(); });
  }

 private:
  std::unique_ptr<Simulator<float>> simulator(const LearningSettings& learning) {
    return std::make_unique<Simulator<float>>(state_, learning, task_->shape().loss, experiment_.training.reduction,
                                              task_->shape().frame_steps, experiment_.seed);
  }
  void fill(std::size_t trials) {
    const std::uint64_t count = task_->trial_count(Split::train);
    std::vector<std::uint64_t> ids;
    keys_.clear();
    for (std::size_t n = 0; n < trials; ++n, ++next_) {
      ids.push_back(count == 0 ? next_ : next_ % count);
      keys_.push_back(Trainer<float>::trial_key(Split::train, next_));
    }
    task_->fill(Split::train, ids, batch_);
  }
  std::vector<float> gradient(Simulator<float>& on) {
    on.run(batch_, keys_, {.training = true, .traces = {}});
    on.compute_gradient();
    return state_.arrays.gradient.download();
  }

  Backend<float>& backend_;
  const Experiment& experiment_;
  std::unique_ptr<Task> task_;
  Network network_;
  NetworkState<float> state_;
  Updater<float> updater_;
  std::unique_ptr<Simulator<float>> simulator_;
  TrialBatch batch_;
  std::vector<std::uint32_t> keys_;
  std::uint64_t next_ = 0;
};

// Bytes per second of the fastest of some passes over 256 MiB.
double measure_memory(Backend<float>& backend) {
  constexpr std::size_t bytes = std::size_t{256} << 20;
  void* const memory = backend.allocate(bytes, "array for measuring memory");
  double best = 0.0;
  for (int pass = 0; pass < 5; ++pass) {
    const Stopwatch watch;
    backend.zero(memory, bytes);
    backend.synchronize();
    best = std::max(best, static_cast<double>(bytes) / watch.seconds());
  }
  backend.free(memory);
  return best;
}

}  // namespace

BenchmarkResult run_benchmark(Backend<float>& backend, const Experiment& experiment, const std::string& directory,
                              const BenchmarkSettings& settings) {
  const bool has_textbook_form = experiment.learning.get_if<EpropParams>() != nullptr;
  if (!has_textbook_form && experiment.learning.get_if<BpttParams>() == nullptr) {
    throw InputError("/learning/rule",
                     fmt::format("\"{}\" has no gradient to time; expected eprop or bptt", experiment.learning.name()));
  }
  BenchmarkResult result;
  Iteration iteration(backend, experiment, directory);
  if (has_textbook_form) {
    result.gradient_difference = iteration.difference_to_textbook(static_cast<std::size_t>(settings.check_trials));
    if (!(*result.gradient_difference <= allowed_difference)) {
      throw Error(
          fmt::format("the gradient differs from the textbook form by {:.2g} of its largest element; allowed is "
                      "{:.0e}",
                      *result.gradient_difference, allowed_difference));
    }
  }
  for (int n = 0; n < settings.warm_up; ++n) iteration.run(nullptr);
  result.parts = iteration.parts();
  for (int n = 0; n < settings.iterations; ++n) iteration.run(&result.parts);
  result.batch = iteration.batch().batch;
  result.steps = iteration.batch().steps;
  result.spikes_per_step = iteration.mean_rate();
  result.synapses = iteration.synapses();
  result.memory_rate = measure_memory(backend);
  return result;
}

}  // namespace spikeweave
