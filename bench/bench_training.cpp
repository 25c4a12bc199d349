// CPU time of one training iteration (forward, loss, gradient, update) of the two networks with published figures.
//
// Peers on the same kind of machine, per iteration: evidence accumulation, batch 32: NEST 4.5 s; pattern generation,
// batch 1: NEST 93 ms, mlGeNN (-O3, one CPU thread) 11 ms.
// Run it from the root of the checkout. Each benchmark first checks that the gradient of its first batch equals the
// textbook form's; else it is an error.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "host/app/backends.hpp"
#include "host/config/reader.hpp"
#include "spikeweave/train/simulator.hpp"
#include "spikeweave/train/updater.hpp"

namespace spikeweave {
namespace {

struct Iteration {
  Experiment experiment;
  std::string directory;
  std::unique_ptr<Backend<float>> backend;
  std::unique_ptr<Task> task;
  Network network;
  std::unique_ptr<NetworkState<float>> state;
  std::unique_ptr<Simulator<float>> simulator;
  std::unique_ptr<Updater<float>> updater;
  TrialBatch batch;
  std::uint64_t next = 0;

  Iteration(const std::string& file, const app::BackendChoice& choice)
      : experiment(load_experiment("tasks/" + file)),
        directory("tasks"),
        backend(app::choose_backend(choice)),
        task(make_task(experiment.task, experiment.seed, directory, experiment.network.dt)),
        network(build_network(experiment.network, task->shape())) {
    state = std::make_unique<NetworkState<float>>(*backend, network, experiment.feedback, experiment.seed);
    const std::vector<double> initial = initial_parameters(network, experiment.seed, directory);
    state->set_parameters({initial.begin(), initial.end()});
    simulator = make_simulator(experiment.learning);
    updater = std::make_unique<Updater<float>>(*state, experiment.optimizer, 0.0, 0.0);
  }

  std::unique_ptr<Simulator<float>> make_simulator(const LearningSettings& learning) const {
    return std::make_unique<Simulator<float>>(*state, learning, task->shape().loss, experiment.training.reduction,
                                              task->shape().frame_steps, experiment.seed);
  }

  void run_gradient(Simulator<float>& on) {
    const std::uint64_t count = task->trial_count(Split::train);
    std::vector<std::uint64_t> ids(static_cast<std::size_t>(experiment.training.batch_size));
    std::vector<std::uint32_t> keys;
    for (std::uint64_t& id : ids) {
      keys.push_back(static_cast<std::uint32_t>(next));
      id = count == 0 ? next : next % count;
      ++next;
    }
    task->fill(Split::train, ids, batch);
    on.run(batch, keys, {.training = true, .traces = {}});
    on.compute_gradient();
  }

  // Largest difference to the textbook form, relative to the largest element.
  double difference_to_textbook() {
    run_gradient(*simulator);
    const std::vector<float> fast = state->arrays.gradient.download();
    next = 0;
    LearningSettings textbook = experiment.learning;
    std::get<EpropParams>(textbook.value).form = EpropForm::step;
    run_gradient(*make_simulator(textbook));
    const std::vector<float> slow = state->arrays.gradient.download();
    double largest = 0.0;
    double difference = 0.0;
    for (std::size_t w = 0; w < fast.size(); ++w) {
      largest = std::max(largest, std::abs(static_cast<double>(slow[w])));
      difference = std::max(difference, std::abs(static_cast<double>(fast[w]) - static_cast<double>(slow[w])));
    }
    return largest > 0.0 ? difference / largest : 1.0;
  }
};

void training_iteration(benchmark::State& state, const std::string& file, const app::BackendChoice& choice) {
  Iteration iteration(file, choice);
  const double difference = iteration.difference_to_textbook();
  if (!(difference <= 1e-5)) {
    state.SkipWithError(("the gradient differs from the textbook form by " + std::to_string(difference)).c_str());
    return;
  }
  for (auto _ : state) {
    iteration.run_gradient(*iteration.simulator);
    iteration.updater->apply(1.0);
    iteration.backend->synchronize();
  }
  state.counters["gradient_difference"] = difference;
  const auto steps = static_cast<double>(iteration.batch.batch * iteration.batch.steps);
  const auto synapses = static_cast<double>(iteration.network.parameter_count);
  state.counters["synapse_steps/s"] =
      benchmark::Counter(synapses * steps, benchmark::Counter::kIsIterationInvariantRate);
}

// On the CPU one thread and CPU time; on a GPU wall time, the device waited for in every iteration.
void register_benchmarks() {
  for (const std::string name : {"evidence_accumulation", "pattern_generation", "jsb_chorales"}) {
    const auto add = [&name](const app::BackendChoice& choice) {
      return benchmark::RegisterBenchmark(
                 ("training/" + name + "/" + choice.name).c_str(),
                 [name, choice](benchmark::State& state) { training_iteration(state, name + ".json", choice); })
          ->Unit(benchmark::kMillisecond)
          ->Repetitions(10)
          ->ReportAggregatesOnly(true);
    };
    add({.name = "cpu", .threads = 1, .device = 0})->MeasureProcessCPUTime();
    if (!app::cuda_devices().empty()) add({.name = "cuda", .threads = 0, .device = 0})->UseRealTime();
  }
}

}  // namespace
}  // namespace spikeweave

int main(int argc, char** argv) {
  spikeweave::register_benchmarks();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
