// spikeweave bench: what a training iteration of an experiment costs on this machine.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "host/app/backends.hpp"
#include "host/app/commands.hpp"
#include "host/app/output_folder.hpp"
#include "host/config/benchmark_json.hpp"
#include "host/config/reader.hpp"
#include "spikeweave/version.hpp"

namespace spikeweave::app {
namespace {

struct BenchOptions {
  std::string file;
  std::vector<std::string> overrides;
  BackendChoice backend;
  BenchmarkSettings settings;
  std::string json;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void print_table(const BenchmarkResult& result) {
  fmt::print("{:<36}  {:>10}  {:>18}  {:>10}  {:>9}  {:>9}\n", "part", "wall [ms]", "min - max", "CPU [ms]", "MB",
             "of floor");
  for (const BenchmarkPart& part : result.parts) {
    const auto [low, high] = std::minmax_element(part.wall.begin(), part.wall.end());
    const double wall = median(part.wall);
    fmt::print("{:<36}  {:>10.3f}  {:>8.3f} - {:>7.3f}  {:>10.3f}", part.name, 1e3 * wall, 1e3 * *low, 1e3 * *high,
               1e3 * median(part.cpu));
    if (part.bytes > 0.0) {
      fmt::print("  {:>9.2f}  {:>7.1f} %", 1e-6 * part.bytes, 100.0 * part.bytes / result.memory_rate / wall);
    }
    fmt::print("\n");
  }
}

void bench(const BenchOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.overrides);
  const std::string directory = std::filesystem::path(options.file).parent_path().string();
  const auto backend = choose_backend(options.backend);
  const BenchmarkResult result = run_benchmark(*backend, experiment, directory, options.settings);
  const double seconds = median(result.parts.back().wall);
  const auto synapse_steps = static_cast<double>(result.synapses * result.batch * result.steps);
  fmt::print("{}\nbackend {}: {}\n", experiment.title.empty() ? options.file : experiment.title, backend->kind(),
             backend->device_name());
  fmt::print("batch {}, {} steps, {} synapses, {:.2f} % of the neurons fire in a step\n", result.batch, result.steps,
             result.synapses, 100.0 * result.spikes_per_step);
  if (result.gradient_difference) {
    fmt::print("gradient of {} trials: {:.1e} of its largest element from the textbook form\n",
               options.settings.check_trials, *result.gradient_difference);
  } else {
    fmt::print("gradient: not checked, {} has no textbook form (gradcheck compares)\n", experiment.learning.name());
  }
  print_table(result);
  fmt::print("{:.3g} synapse-steps/s; the floor is every array once at {:.1f} GB/s, as fast as memory is cleared\n",
             synapse_steps / seconds, 1e-9 * result.memory_rate);
  if (options.json.empty()) return;
  write_text_file(options.json, write_benchmark(result, experiment,
                                                {{"spikeweave", std::string(version)},
                                                 {"commit", std::string(git_commit)},
                                                 {"backend", backend->kind()},
                                                 {"device", backend->device_name()}}) +
                                    "\n");
}

}  // namespace

void add_bench_command(CLI::App& program, int&) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* command = program.add_subcommand(
      "bench", "Time a training iteration of an experiment, after checking its gradient against the textbook form.");
  command->add_option("experiment", options->file, "experiment file (JSON)")->required();
  command->add_option("--set", options->overrides, "change a setting: /json/pointer=value")->take_all();
  add_backend_options(*command, options->backend);
  command->add_option("--iterations", options->settings.iterations, "iterations that are timed")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command->add_option("--warm-up", options->settings.warm_up, "iterations before them")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command->add_option("--check-trials", options->settings.check_trials, "trials on which the gradient is checked")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  command->add_option("--json", options->json, "file for all figures");
  command->callback([options] { bench(*options); });
}

}  // namespace spikeweave::app
