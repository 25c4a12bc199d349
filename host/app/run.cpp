// spikeweave run: trains and tests an experiment.

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "host/app/backends.hpp"
#include "host/app/commands.hpp"
#include "host/app/output_folder.hpp"
#include "host/app/progress.hpp"
#include "host/app/report.hpp"
#include "host/config/reader.hpp"
#include "host/config/result_json.hpp"
#include "host/record/atomic_file.hpp"
#include "host/record/checkpoint.hpp"
#include "host/record/recorder.hpp"
#include "spikeweave/train/trainer.hpp"
#include "spikeweave/version.hpp"

namespace spikeweave::app {
namespace {

namespace fs = std::filesystem;

struct RunOptions {
  std::string file;
  std::vector<std::string> overrides;
  BackendChoice backend;
  std::string out;
  bool resume = false;
  bool quiet = false;
};

struct OutputFolder {
  fs::path folder;
  std::string result() const { return (folder / "result.json").string(); }
  std::string checkpoint() const { return (folder / "checkpoint.h5").string(); }
  std::string recording(std::uint64_t epoch) const {
    return (folder / fmt::format("recording_epoch_{}.h5", epoch)).string();
  }
};

// Of an earlier run: also what a killed one was writing.
bool is_leftover(const std::string& name, bool resume) {
  if (name == "result.json" || name.find(".h5.tmp") != std::string::npos) return true;
  return !resume && (name == "checkpoint.h5" || name.starts_with("recording_epoch_"));
}

// An earlier result is removed, so that a run that stops half-way leaves none behind.
void prepare_output(const OutputFolder& out, const RunOptions& options) {
  try {
    fs::create_directories(out.folder);
    for (const auto& entry : fs::directory_iterator(out.folder)) {
      if (is_leftover(entry.path().filename().string(), options.resume)) fs::remove(entry.path());
    }
    const std::string probe = (out.folder / ".writable").string();
    replace_file(probe, [](const std::string& path) { std::ofstream{path} << ""; });
    fs::remove(probe);
  } catch (const std::exception& error) {
    throw InputError("--out " + out.folder.string(), std::string("cannot be written to: ") + error.what());
  }
}

bool due(int every, std::uint64_t epoch) {
  return every > 0 && epoch % static_cast<std::uint64_t>(every) == 0;
}

// The same network from the same seed, of which only the readout learns.
SplitMetrics readout_only(const Experiment& experiment, Backend<float>& backend, const std::string& directory,
                          bool quiet) {
  Experiment other = experiment;
  other.health.silent = other.health.saturated = OnUnhealthy::ignore;  // the run that counts is done
  other.published.clear();
  for (ProjectionSettings& projection : other.network.projections) {
    if (projection.to.front() != "output") projection.trainable = false;
  }
  ProgressDisplay display("[readout only]", quiet);
  Trainer<float> trainer(backend, other, directory, display);
  display.set_metric(trainer.task().main_metric());
  while (!trainer.finished()) trainer.run_epoch();
  trainer.finish();
  return trainer.result().final;
}

void record(Trainer<float>& trainer, const Experiment& experiment, const OutputFolder& out) {
  if (experiment.recording.trials == 0) return;
  replace_file(out.recording(trainer.epoch()), [&](const std::string& path) {
    Hdf5File file = create_recording(path, trainer, experiment);
    record_trials(file, trainer, experiment, trainer.epoch());
    file.close();
  });
}

void train(Trainer<float>& trainer, const Experiment& experiment, const OutputFolder& out) {
  while (!trainer.finished()) {
    trainer.run_epoch();
    if (due(experiment.checkpoint.every, trainer.epoch()) || (trainer.finished() && experiment.checkpoint.every > 0)) {
      save_checkpoint(out.checkpoint(), trainer.snapshot(), experiment);
    }
    if (!trainer.finished() && due(experiment.recording.every, trainer.epoch())) record(trainer, experiment, out);
  }
  trainer.finish();
  record(trainer, experiment, out);
}

void run(const RunOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.overrides);
  const std::string directory = fs::path(options.file).parent_path().string();
  const auto backend = choose_backend(options.backend);
  ProgressDisplay display("", options.quiet);
  Trainer<float> trainer(*backend, experiment, directory, display);
  display.set_metric(trainer.task().main_metric());
  state_traces(trainer.network(), experiment.recording);
  const OutputFolder out{options.out.empty() ? fs::path("runs") / fs::path(options.file).stem()
                                             : fs::path(options.out)};
  if (options.resume) {
    if (!fs::exists(out.checkpoint())) {
      throw InputError("--resume", "no checkpoint at " + out.checkpoint() + "; start without --resume");
    }
    trainer.restore(load_checkpoint<float>(out.checkpoint(), experiment));
  }
  prepare_output(out, options);  // from here on an earlier result is gone
  if (!options.quiet) {
    fmt::print("{}\nbackend {}: {}\n{} inputs, {} neurons, {} outputs, {} parameters\n",
               experiment.title.empty() ? options.file : experiment.title, backend->kind(), backend->device_name(),
               trainer.network().inputs, trainer.network().neurons, trainer.network().outputs,
               trainer.network().parameter_count);
    if (options.resume) fmt::print("resuming after epoch {}\n", trainer.epoch());
  }
  train(trainer, experiment, out);

  RunResult& result = trainer.result();
  result.versions = {{"spikeweave", std::string(version)}, {"commit", std::string(git_commit)}};
  if (experiment.training.compare_readout_only) {
    result.baselines["readout_only"] = readout_only(experiment, *backend, directory, options.quiet);
  }
  write_text_file(out.result(), write_result(result, experiment) + "\n");
  if (!options.quiet)
    fmt::print("{}\nresults in {}\n", final_report(result, trainer.task(), experiment.published), out.folder.string());
}

}  // namespace

void add_run_command(CLI::App& program, int&) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App* command = program.add_subcommand("run", "Train and test an experiment.");
  command->add_option("experiment", options->file, "experiment file (JSON)")->required();
  command->add_option("--set", options->overrides, "change a setting: /json/pointer=value")->take_all();
  add_backend_options(*command, options->backend);
  command->add_option("--out", options->out, "output folder; default: runs/<experiment's name>");
  command->add_flag("--resume", options->resume, "go on from the checkpoint in the output folder");
  command->add_flag("--quiet", options->quiet, "print nothing but errors and warnings");
  command->callback([options] { run(*options); });
}

}  // namespace spikeweave::app
