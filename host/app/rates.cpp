// spikeweave rates: the two rules of Bengio et al. (2015), section 5, on spikes drawn from random rates, beside what
// the paper says of them.

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "host/app/commands.hpp"
#include "host/app/output_folder.hpp"
#include "host/config/rates_reader.hpp"
#include "host/protocol/rates_file.hpp"
#include "host/record/atomic_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::app {
namespace {

namespace fs = std::filesystem;

struct RatesOptions {
  std::vector<std::string> overrides;
  std::string out;
  bool quiet = false;
};

void print_table(const RateSequencesResult& result) {
  fmt::print("{:>8}  {:>10}  {:>22}  {:>23}\n", "D [step]", "pre spikes", "state rule (fig. 1 mid)",
             "window rule (fig. 1 right)");
  for (std::size_t i = 0; i < result.distance.size(); ++i) {
    fmt::print("{:>8}  {:>10}  {:>23.5f}  {:>26.5f}\n", result.distance[i], result.count[i], result.state_rule[i],
               result.window_rule[i]);
  }
  fmt::print("\n{:>22}  {:>27}\n", "ds/dt (fig. 2 right)", "mean window rule (fig. 2)");
  for (std::size_t i = 0; i < result.bin_change.size(); ++i) {
    fmt::print("{:>22.6f}  {:>27.6f}\n", result.bin_change[i], result.bin_window[i]);
  }
  fmt::print("\n");
}

// Returns whether it holds.
bool print_claim(const char* claim, const std::string& measured, bool holds) {
  fmt::print("{:<58}  {:<34}  {}\n", claim, measured, holds ? "holds" : "DOES NOT HOLD");
  return holds;
}

void rates(const RatesOptions& options, int& status) {
  const RateSequencesSettings settings = read_rates(options.overrides);
  const RateSequencesResult result = run_rate_sequences(settings);
  if (!options.out.empty()) {
    make_output_folder(options.out);
    replace_file((fs::path(options.out) / "rates.h5").string(),
                 [&](const std::string& temporary) { write_rates_file(temporary, result, write_rates(settings)); });
  }
  if (!options.quiet) print_table(result);
  fmt::print("{} pre spikes, {} with post spikes on one side of the window\n", result.pre_spikes, result.judged_spikes);
  fmt::print("{:<58}  {:<34}\n", "published (Bengio et al. 2015, figs. 1 and 2)", "measured");
  bool all = print_claim("fig. 1: weights rise for D > 0 and fall for D < 0",
                         fmt::format("{} of {} signs wrong", result.wrong_signs, result.distance.size()),
                         result.wrong_signs == 0);
  all &= print_claim("fig. 1: both rules give the same shape over D",
                     fmt::format("correlation {:.3f} (>= 0.93)", result.curve_correlation),
                     result.curve_correlation >= 0.93);
  all &= print_claim("fig. 2: on average the rules are proportional",
                     fmt::format("correlation of bins {:.3f} (>= 0.97)", result.bin_correlation),
                     result.bin_correlation >= 0.97);
  fmt::print("correlation at single steps {:.3f}, at single pre spikes {:.3f}; antisymmetry error {:.3f}\n",
             result.step_correlation, result.spike_correlation, result.antisymmetry_error);
  if (!options.out.empty()) fmt::print("files in {}\n", options.out);
  status = all ? 0 : 1;
}

}  // namespace

void add_rates_command(CLI::App& program, int& status) {
  const auto options = std::make_shared<RatesOptions>();
  CLI::App* command = program.add_subcommand(
      "rates", "Two rules on spikes from random rates (Bengio et al. 2015, section 5); exit status 1 if they differ.");
  command->add_option("--set", options->overrides, "change a setting: /sequences=120, /window/tau_window=10")
      ->take_all();
  command->add_option("--out", options->out, "folder for rates.h5: curves, bins, and one train (fig. 3)");
  command->add_flag("--quiet", options->quiet, "print no tables");
  command->callback([options, &status] { rates(*options, status); });
}

}  // namespace spikeweave::app
