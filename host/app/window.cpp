// spikeweave window: the weight change of one synapse under a plasticity rule, against the timing of its spikes.

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "host/app/commands.hpp"
#include "host/app/output_folder.hpp"
#include "host/config/text.hpp"
#include "host/config/window_reader.hpp"
#include "host/protocol/gnuplot.hpp"
#include "host/protocol/picture.hpp"
#include "host/protocol/window_file.hpp"
#include "host/protocol/window_text.hpp"
#include "host/record/atomic_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::app {
namespace {

namespace fs = std::filesystem;

struct WindowOptions {
  std::string file, rule;
  std::string protocol = std::string(PairProtocol::name);
  std::vector<std::string> overrides;
  std::string data;
  std::string data_unit = "percent";
  std::optional<double> data_scale;
  std::string out;
  bool no_picture = false;
  bool quiet = false;
};

// The result without fits and measured points.
WindowResult run_plain(const WindowOptions& options) {
  if (options.file.empty() == options.rule.empty()) {
    throw InputError("window", "expected either an experiment file or --rule NAME, one of " +
                                   join(words_of(PlasticitySettings::names)));
  }
  const auto run = [&](const auto& settings, const auto& run_settings) {
    return WindowResult{
        std::string(settings.rule.name()), options.protocol, write_window(settings), run_settings(settings), {}, {}};
  };
  if (options.protocol == ForcedProtocol::name) {
    return run(options.file.empty() ? read_forced_window(options.rule, options.overrides)
                                    : load_forced_window(options.file, options.overrides),
               run_forced_window);
  }
  return run(options.file.empty() ? read_window(options.rule, options.protocol, options.overrides)
                                  : load_window(options.file, options.protocol, options.overrides),
             run_protocol);
}

WindowResult run_window(const WindowOptions& options) {
  const bool has_fit = options.protocol == PairProtocol::name || options.protocol == ForcedProtocol::name;
  if (!options.data.empty() && !has_fit) {
    throw InputError("--data", fmt::format("measured points go with --protocol pair or forced, not with {}",
                                           in_quotes(options.protocol)));
  }
  WindowResult result = run_plain(options);
  if (has_fit) result.fit = fit_window(points_of(result.curves));
  if (!options.data.empty()) {
    const ChangeUnit unit = options.data_unit == "percent" ? ChangeUnit::percent : ChangeUnit::fraction;
    result.measurement = measure(options.data, unit, options.data_scale, result.curves);
  }
  return result;
}

void write_output(const WindowOptions& options, const WindowResult& result) {
  const auto path = [&](const char* name) { return (fs::path(options.out) / name).string(); };
  make_output_folder(options.out);
  replace_file(path("window.h5"), [&](const std::string& temporary) { write_window_file(temporary, result); });
  write_text_file(path("window.csv"), window_csv(result));
  if (options.no_picture) return;
  replace_file(path("window.png"), [&](const std::string& temporary) {
    run_gnuplot(picture_script(result, PictureFormat::png, temporary));
  });
  replace_file(path("window.svg"), [&](const std::string& temporary) {
    run_gnuplot(picture_script(result, PictureFormat::svg, temporary));
  });
}

void window(const WindowOptions& options) {
  const WindowResult result = run_window(options);
  if (!options.out.empty()) write_output(options, result);
  if (!options.quiet) fmt::print("{}", window_table(result));
  fmt::print("{}", window_summary(result));
  if (!options.out.empty()) fmt::print("files in {}\n", options.out);
}

}  // namespace

void add_window_command(CLI::App& program, int&) {
  const auto options = std::make_shared<WindowOptions>();
  CLI::App* command =
      program.add_subcommand("window", "Weight change of one synapse against the timing of its spikes (STDP window).");
  const auto names = [](const auto& list) { return join(words_of(list)); };
  command->add_option("experiment", options->file, "experiment file (JSON) whose rule, time step and bounds are taken");
  command->add_option("--rule", options->rule,
                      "a rule by itself: " + names(PlasticitySettings::names) + "; forced: eprop too");
  command->add_option("--protocol", options->protocol, join(protocol_names()))->capture_default_str();
  command
      ->add_option("--set", options->overrides,
                   "change a setting: /a_plus=0.01 of the rule (with an experiment: /learning/a_plus), "
                   "/protocol/step=0.5, /synapse/dt=0.5, of forced /neuron/model=escape_lif")
      ->take_all();
  command->add_option("--data", options->data, "CSV file of measured points: D [ms], change, error if known");
  command->add_option("--data-unit", options->data_unit, "unit of their change")
      ->check(CLI::IsMember({"percent", "fraction"}))
      ->capture_default_str();
  command->add_option("--data-scale", options->data_scale,
                      "weight that stands for a change by the fraction 1; default: fitted to the curve");
  command->add_option("--out", options->out, "folder for window.h5, window.csv, window.png, window.svg");
  command->add_flag("--no-picture", options->no_picture, "draw none; gnuplot is not needed then");
  command->add_flag("--quiet", options->quiet, "print no table");
  command->callback([options] { window(*options); });
}

}  // namespace spikeweave::app
