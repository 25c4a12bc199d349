// spikeweave plan: what an experiment would need, before anything is allocated.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "host/app/backends.hpp"
#include "host/app/commands.hpp"
#include "host/config/reader.hpp"
#include "host/train/cost.hpp"
#include "spikeweave/train/plan.hpp"

namespace spikeweave::app {
namespace {

struct PlanOptions {
  std::string file;
  std::vector<std::string> overrides;
  BackendChoice backend;
  double rate = 0.02;
};

std::string megabytes(std::size_t bytes) {
  return fmt::format("{:.3f}", 1e-6 * static_cast<double>(bytes));
}

void print_arrays(const Plan& plan, std::size_t batch) {
  std::vector<PlannedArray> arrays = plan.arrays;
  const auto total = [batch](const PlannedArray& a) { return a.fixed + batch * a.per_trial; };
  std::stable_sort(arrays.begin(), arrays.end(), [&](const auto& a, const auto& b) { return total(a) > total(b); });
  std::size_t width = 5;
  for (const PlannedArray& array : arrays) width = std::max(width, array.name.size());
  fmt::print("{:<{}}  {:>12}  {:>12}  {:>12}\n", "array", width, "fixed [MB]", "a trial [MB]", "batch [MB]");
  for (const PlannedArray& array : arrays) {
    if (total(array) == 0) continue;
    fmt::print("{:<{}}  {:>12}  {:>12}  {:>12}\n", array.name, width, megabytes(array.fixed),
               megabytes(array.per_trial), megabytes(total(array)));
  }
  fmt::print("{:<{}}  {:>12}  {:>12}  {:>12}\n", "total", width, megabytes(plan.bytes(0)),
             megabytes(plan.bytes(1) - plan.bytes(0)), megabytes(plan.bytes(batch)));
}

std::string what_happens(const Slices& slices, std::size_t batch) {
  const std::string name = fmt::format("a batch of {}", batch);
  if (!slices.fits) return name + " does not fit, and cannot be taken apart so that it would";
  if (slices.trials == batch && slices.steps == 0) return name + " fits";
  std::string text = name + " is taken";
  if (slices.trials < batch) text += fmt::format(" in parts of {}", slices.trials);
  if (slices.steps > 0) text += fmt::format(" in slices of {} steps, which the gradient runs twice", slices.steps);
  return text + "; the gradient is the same";
}

void plan(const PlanOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.overrides);
  const std::string directory = std::filesystem::path(options.file).parent_path().string();
  const auto backend = choose_backend(options.backend);
  const auto task = make_task(experiment, directory);
  const Network network = build_network(experiment.network, task->shape(), experiment.seed);
  const Plan found = make_plan(experiment, *task, network, *backend);
  const auto batch = static_cast<std::size_t>(experiment.training.batch_size);
  fmt::print("{}\nbackend {}: {}\n", experiment.title.empty() ? options.file : experiment.title, backend->kind(),
             backend->device_name());
  print_arrays(found, batch);
  const std::size_t free = backend->free_memory();
  const std::size_t largest = found.largest_batch(free);
  fmt::print("free {} MB: ", megabytes(free));
  if (largest >= batch && found.bytes(1) == found.bytes(0)) {
    fmt::print("it fits\n");
  } else {
    const Slices slices = choose_slices(experiment, *task, network, *backend, free);
    fmt::print("at most {} trials at once; {}\n", largest, what_happens(slices, batch));
  }
  for (const std::string& method : found.methods) fmt::print("{}\n", method);
  const Cost cost = iteration_cost(experiment, network, batch, task->shape().max_steps, options.rate);
  fmt::print("an iteration at {:.3g} % firing: {:.3g} neuron-steps, {:.3g} additions of weights\n",
             100.0 * options.rate, cost.neuron_steps, cost.additions);
  if (backend->kind() == "cpu") {
    fmt::print("about {:.3g} ms of CPU time, from constants measured on {}\n", 1e3 * cost.cpu_seconds(),
               measured_processor);
  } else {
    fmt::print("no time estimate: no GPU has been measured; run `spikeweave bench`\n");
  }
}

}  // namespace

void add_plan_command(CLI::App& program, int&) {
  const auto options = std::make_shared<PlanOptions>();
  CLI::App* command = program.add_subcommand(
      "plan", "Memory, array by array, the largest batch that fits, the kernels, and the time, before anything runs.");
  command->add_option("experiment", options->file, "experiment file (JSON)")->required();
  command->add_option("--set", options->overrides, "change a setting: /json/pointer=value")->take_all();
  command->add_option("--rate", options->rate, "spikes of a neuron or input channel per step, for the time estimate")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  add_backend_options(*command, options->backend);
  command->callback([options] { plan(*options); });
}

}  // namespace spikeweave::app
