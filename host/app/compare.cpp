// spikeweave compare: one experiment under several learning rules.

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "host/app/backends.hpp"
#include "host/app/commands.hpp"
#include "host/app/compared_rules.hpp"
#include "host/app/output_folder.hpp"
#include "host/app/progress.hpp"
#include "host/config/comparison_json.hpp"
#include "host/config/reader.hpp"
#include "host/protocol/comparison_picture.hpp"
#include "host/protocol/gnuplot.hpp"
#include "host/record/atomic_file.hpp"
#include "host/record/comparison_file.hpp"
#include "spikeweave/version.hpp"

namespace spikeweave::app {
namespace {

namespace fs = std::filesystem;

struct CompareOptions {
  std::string file;
  std::vector<std::string> learning;
  std::vector<std::string> overrides;
  BackendChoice backend;
  std::string out;
  int trials = 0;
  bool no_picture = false;
  bool quiet = false;
};

std::string degrees(double angle) {
  return std::isfinite(angle) ? fmt::format("{:.1f}", angle) : "-";
}

// "51.2 -> 30.1" of the first and the last epoch.
std::string course(const ComparedRun& run, std::vector<double> ComparedEpoch::*angles, std::size_t n) {
  const std::string first = degrees((run.epochs.front().*angles)[n]), last = degrees((run.epochs.back().*angles)[n]);
  return first == "-" && last == "-" ? "-" : first + " -> " + last;
}

void print_table(const std::vector<ComparedRun>& runs, const std::string& metric) {
  std::size_t width = 8;
  for (const ComparedRun& run : runs) width = std::max(width, run.name.size());
  const auto final = [&metric](const ComparedRun& run, const std::string& split) {
    const auto found = run.result.final.find(split);
    return found != run.result.final.end() && found->second.contains(metric)
               ? fmt::format("{:.4f}", found->second.at(metric))
               : "-";
  };
  fmt::print("\n{:<{}}  {:>14}  {:>14}  {:>9}  {:>9}\n", "learning", width, "valid " + metric, "test " + metric,
             "time [s]", "CPU [s]");
  for (const ComparedRun& run : runs) {
    fmt::print("{:<{}}  {:>14}  {:>14}  {:>9.1f}  {:>9.1f}\n", run.name, width, final(run, "valid"), final(run, "test"),
               run.epochs.back().seconds, run.epochs.back().cpu_seconds);
  }
  fmt::print("\nangles in degrees, before -> after\n{:<{}}  {:<24}  {:>16}  {:>16}\n", "learning", width,
             "errors at / weights", "update to true", "feedback to W^T");
  for (const ComparedRun& run : runs) {
    for (std::size_t p = 0; p < run.populations.size(); ++p) {
      fmt::print("{:<{}}  {:<24}  {:>16}  {:>16}\n", run.name, width, run.populations[p],
                 course(run, &ComparedEpoch::errors, p), "");
    }
    for (std::size_t p = 0; p < run.projections.size(); ++p) {
      fmt::print("{:<{}}  {:<24}  {:>16}  {:>16}\n", run.name, width, run.projections[p],
                 course(run, &ComparedEpoch::updates, p), course(run, &ComparedEpoch::feedback, p));
    }
    if (!run.no_angles.empty()) fmt::print("{}: no angles of updates: {}\n", run.name, run.no_angles);
  }
}

void compare(const CompareOptions& options) {
  const Experiment experiment = load_experiment(options.file, options.overrides);
  const std::string directory = fs::path(options.file).parent_path().string();
  // Every rule is read first, so that a wrong one stops before hours of work.
  std::vector<Experiment> experiments;
  for (const std::string& name : options.learning) {
    std::vector<std::string> overrides = options.overrides;
    for (const std::string& one : rule_overrides(name, experiment)) overrides.push_back(one);
    experiments.push_back(load_experiment(options.file, overrides));
  }
  const auto backend = choose_backend(options.backend);
  const fs::path out = options.out.empty() ? fs::path("runs") / (fs::path(options.file).stem().string() + "_compared")
                                           : fs::path(options.out);
  make_output_folder(out.string());
  const auto path = [&out](const char* name) { return (out / name).string(); };
  std::vector<ComparedRun> runs;
  const std::string metric = make_task(experiments.front(), directory)->main_metric();
  for (std::size_t n = 0; n < experiments.size(); ++n) {
    ProgressDisplay display("[" + options.learning[n] + "]", options.quiet);
    display.set_metric(metric);
    runs.push_back(compare_rule(*backend, experiments[n], directory, options.learning[n],
                                static_cast<std::size_t>(options.trials), display));
    runs.back().result.versions = {{"spikeweave", std::string(version)}, {"commit", std::string(git_commit)}};
    // What is there is kept if a later rule fails.
    write_text_file(path("result.json"), write_comparison(runs, experiments) + "\n");
    replace_file(path("compare.h5"), [&](const std::string& temporary) { write_comparison_file(temporary, runs); });
  }
  if (!options.no_picture) {
    replace_file(path("compare.png"),
                 [&](const std::string& temporary) { run_gnuplot(comparison_script(runs, metric, temporary)); });
  }
  if (options.quiet) return;
  print_table(runs, metric);
  fmt::print("\nfiles in {}\n", out.string());
}

}  // namespace

void add_compare_command(CLI::App& program, int&) {
  const auto options = std::make_shared<CompareOptions>();
  CLI::App* command = program.add_subcommand(
      "compare", "Train one experiment under several learning rules; accuracies, times, angles to back-propagation.");
  command->add_option("experiment", options->file, "experiment file (JSON)")->required();
  command
      ->add_option("--learning", options->learning,
                   "rules, separated by commas: " + known_rules() + "; or RULE/FEEDBACK")
      ->required()
      ->delimiter(',');
  command->add_option("--set", options->overrides, "change a setting: /json/pointer=value")->take_all();
  command->add_option("--trials", options->trials, "trials of the training split for the angles; default: a batch")
      ->check(CLI::Range(1, 10'000'000));
  add_backend_options(*command, options->backend);
  command->add_option("--out", options->out, "output folder; default: runs/<experiment's name>_compared");
  command->add_flag("--no-picture", options->no_picture, "draw none; gnuplot is not needed then");
  command->add_flag("--quiet", options->quiet, "print nothing but errors and warnings");
  command->callback([options] { compare(*options); });
}

}  // namespace spikeweave::app
