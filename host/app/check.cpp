// spikeweave check: reads an experiment as `run` would, its data files included, and says what it would do.

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "host/app/commands.hpp"
#include "host/config/reader.hpp"
#include "host/config/writer.hpp"
#include "host/record/recorder.hpp"
#include "spikeweave/network/network.hpp"

namespace spikeweave::app {

void add_check_command(CLI::App& program, int&) {
  struct Options {
    std::string file;
    std::vector<std::string> overrides;
    bool print = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = program.add_subcommand("check", "Check an experiment file and its data without running it.");
  command->add_option("experiment", options->file, "experiment file (JSON)")->required();
  command->add_option("--set", options->overrides, "change a setting: /json/pointer=value")->take_all();
  command->add_flag("--print", options->print, "print every effective setting as JSON");
  command->callback([options] {
    const Experiment experiment = load_experiment(options->file, options->overrides);
    const std::string directory = std::filesystem::path(options->file).parent_path().string();
    const auto task = make_task(experiment, directory);
    const Network network = build_network(experiment.network, task->shape(), experiment.seed);
    const std::vector<double> parameters = initial_parameters(network, experiment.seed, directory);
    if (is_plasticity(experiment.learning)) require_weights_inside_bounds(network, parameters);
    state_traces(network, experiment.recording);
    if (options->print) {
      fmt::print("{}\n", write_experiment(experiment));
      return;
    }
    fmt::print("{}: ok\n", options->file);
    fmt::print("  {} inputs, {} neurons, {} outputs, {} parameters; trials of up to {} steps\n", network.inputs,
               network.neurons, network.outputs, network.parameter_count, task->shape().max_steps);
    const auto trials = [&](Split split) {
      const std::size_t count = task->trial_count(split);
      return count == 0 && split == Split::train ? std::string("made without end") : std::to_string(count);
    };
    fmt::print("  trials: train {}, valid {}, test {}\n", trials(Split::train), trials(Split::valid),
               trials(Split::test));
  });
}

}  // namespace spikeweave::app
