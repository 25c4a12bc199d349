// spikeweave gradcheck: how far an experiment's learning rule follows the true gradient, on its own network and data.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "host/app/backends.hpp"
#include "host/app/commands.hpp"
#include "host/app/output_folder.hpp"
#include "host/app/progress.hpp"
#include "host/config/gradient_json.hpp"
#include "host/config/reader.hpp"
#include "host/record/atomic_file.hpp"
#include "host/record/gradient_file.hpp"
#include "spikeweave/version.hpp"

namespace spikeweave::app {
namespace {

namespace fs = std::filesystem;

constexpr double most_deviation = 1e-4;  // of finite differences; 1e-7 to 3e-5 is typical

struct GradcheckOptions {
  std::string file;
  std::vector<std::string> overrides;
  BackendChoice backend;
  int epochs = 0;
  int trials = 0;  // 0: a batch
  int differences = 0;
  double width = DifferenceSettings{}.width;
  std::string out;
  bool export_arrays = false;
  bool quiet = false;
};

void print_head(std::size_t width) {
  fmt::print("{:>6}  {:>10}  {:>9}  {:<{}}  {:>8}  {:>10}  {:>10}  {:>10}\n", "epoch", "loss", "rate [Hz]", "weights",
             width, "cosine", "norm ratio", "|update|", "|true|");
}

void print_rows(const GradientAgreement& check, std::size_t width) {
  for (const MatrixAgreement& m : check.matrices) {
    fmt::print("{:>6}  {:>10.4g}  {:>9.3g}  {:<{}}  {:>8.5f}  {:>10.4g}  {:>10.4g}  {:>10.4g}\n", check.epoch,
               check.loss, check.rate, m.name, width, m.cosine, m.norm_ratio, m.update_norm, m.true_norm);
  }
}

void print_angles(const GradientAgreement& check, std::size_t width) {
  for (const LayerAngle& layer : check.layers) {
    fmt::print("{:>6}  {:>10}  {:>9}  {:<{}}  errors at {:.1f} degrees to the true ones\n", check.epoch, "", "",
               layer.name, width, layer.degrees);
  }
}

std::size_t name_width(const GradientAgreement& check) {
  std::size_t width = 7;
  for (const MatrixAgreement& m : check.matrices) width = std::max(width, m.name.size());
  for (const LayerAngle& layer : check.layers) width = std::max(width, layer.name.size());
  return width;
}

void warn_of_silence(const GradientAgreement& check) {
  if (check.rate > 0.0) return;
  fmt::print(stderr, "spikeweave: warning: epoch {}: no neuron fired; the gradients say nothing\n", check.epoch);
}

// Returns whether the differences agree.
bool print_differences(const std::vector<DifferenceRow>& rows, std::size_t width) {
  bool agree = true;
  fmt::print("\nfinite differences of the smooth relaxation, double precision\n{:<{}}  {:>7}  {:>17}  {:>9}\n",
             "weights", width, "sampled", "largest |gradient|", "deviation");
  for (const DifferenceRow& row : rows) {
    const bool holds = row.deviation <= most_deviation;
    fmt::print("{:<{}}  {:>7}  {:>18.4g}  {:>9.1e}{}\n", row.name, width, row.weights, row.largest, row.deviation,
               holds ? "" : "  DOES NOT AGREE");
    agree &= holds;
  }
  return agree;
}

void gradcheck(const GradcheckOptions& options, int& status) {
  std::vector<std::string> overrides = options.overrides;
  overrides.push_back(fmt::format("/training/epochs={}", options.epochs));
  const Experiment experiment = load_experiment(options.file, overrides);
  const std::string directory = fs::path(options.file).parent_path().string();
  if (options.export_arrays && options.out.empty()) throw InputError("--export", "needs a folder: --out");
  const auto backend = choose_backend(options.backend);
  ProgressDisplay display("", true);
  Trainer<float> trainer(*backend, experiment, directory, display);
  const auto trials = static_cast<std::size_t>(options.trials > 0 ? options.trials : experiment.training.batch_size);
  GradientCheck<float> check(trainer, experiment, trials);
  if (!options.out.empty()) make_output_folder(options.out);

  GradientCheckResult result{backend->kind(), backend->device_name(), {}, trials, {}, {}};
  result.versions = {{"spikeweave", std::string(version)}, {"commit", std::string(git_commit)}};
  result.checks.push_back(check.run());
  const std::size_t width = name_width(result.checks[0]);
  if (!options.quiet) print_head(width);
  for (;;) {
    if (!options.quiet) print_rows(result.checks.back(), width), print_angles(result.checks.back(), width);
    warn_of_silence(result.checks.back());
    if (trainer.finished()) break;
    trainer.run_epoch();
    result.checks.push_back(check.run());
  }
  if (options.differences > 0) {
    DifferenceSettings settings;
    settings.weights = static_cast<std::size_t>(options.differences);
    settings.width = options.width;
    settings.threads = options.backend.threads;
    const std::vector<float> parameters = trainer.state().parameters();
    result.differences =
        compare_with_differences(experiment, directory, {parameters.begin(), parameters.end()}, settings);
    status = print_differences(result.differences, width) ? 0 : 1;
  }
  if (options.out.empty()) return;
  const auto path = [&](const char* name) { return (fs::path(options.out) / name).string(); };
  write_text_file(path("result.json"), write_gradient_check(result, experiment) + "\n");
  if (options.export_arrays) {
    replace_file(path("gradcheck.h5"), [&](const std::string& temporary) {
      write_gradient_file(temporary, check.record(), trainer.state(), experiment, trainer.task().shape());
    });
  }
  if (!options.quiet) fmt::print("files in {}\n", options.out);
}

}  // namespace

void add_gradcheck_command(CLI::App& program, int& status) {
  const auto options = std::make_shared<GradcheckOptions>();
  CLI::App* command = program.add_subcommand(
      "gradcheck", "Compare an experiment's learning rule with the true gradient, matrix by matrix.");
  command->add_option("experiment", options->file, "experiment file (JSON)")->required();
  command->add_option("--set", options->overrides, "change a setting: /json/pointer=value")->take_all();
  command->add_option("--epochs", options->epochs, "train so many epochs, and compare before and after each")
      ->check(CLI::Range(0, 1'000'000));
  command->add_option("--trials", options->trials, "trials of the training split to compare on; default: a batch")
      ->check(CLI::Range(1, 10'000'000));
  command
      ->add_option("--differences", options->differences,
                   "also hold the true gradient to finite differences of so many weights of every matrix, on a "
                   "smooth relaxation of the network; exit status 1 if they disagree")
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--width", options->width, "softness of that relaxation, in thresholds")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_backend_options(*command, options->backend);
  command->add_option("--out", options->out, "folder for result.json");
  command->add_flag("--export", options->export_arrays, "also write gradcheck.h5: all that goes into both gradients");
  command->add_flag("--quiet", options->quiet, "print no table of agreement");
  command->callback([options, &status] { gradcheck(*options, status); });
}

}  // namespace spikeweave::app
