#include "host/protocol/comparison_picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "host/protocol/gnuplot.hpp"

namespace spikeweave {
namespace {

// Told apart by people with red-green blindness too (Okabe & Ito).
constexpr std::array<const char*, 8> colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                             "#E69F00", "#56B4E9", "#000000", "#999999"};

double mean_of(const std::vector<double>& angles) {
  double sum = 0.0;
  int count = 0;
  for (const double angle : angles) {
    if (std::isfinite(angle)) sum += angle, ++count;
  }
  return sum / count;
}

// Rows "epoch metric angle"; NaN where there is none.
std::string block(const ComparedRun& run, std::size_t n, const std::string& metric) {
  std::string text = fmt::format("$run{} << EOD\n", n);
  const bool has_valid = std::all_of(run.epochs.begin() + 1, run.epochs.end(),
                                     [&metric](const ComparedEpoch& epoch) { return epoch.valid.contains(metric); });
  for (const ComparedEpoch& epoch : run.epochs) {
    const Metrics& metrics = has_valid ? epoch.valid : epoch.train;
    const double value = metrics.contains(metric) ? metrics.at(metric) : std::nan("");
    text += fmt::format("{} {} {}\n", epoch.epoch, value, mean_of(epoch.errors));
  }
  return text + "EOD\n";
}

}  // namespace

std::string comparison_script(const std::vector<ComparedRun>& runs, const std::string& metric,
                              const std::string& path) {
  std::string text = fmt::format(
      "set encoding utf8\nset terminal pngcairo font 'Sans,13' linewidth 1.5 size 1000,1000\nset output {}\n"
      "set datafile missing 'nan'\nset border 3\nset tics nomirror out\nset grid linecolor '#dddddd' linetype 1\n",
      quoted(path));
  for (std::size_t n = 0; n < runs.size(); ++n) text += block(runs[n], n, metric);
  text +=
      fmt::format("set multiplot layout 2,1\nset xlabel 'epoch'\nset xrange [0:{}]\nset key outside right noenhanced\n",
                  std::max<std::uint64_t>(runs.front().epochs.back().epoch, 1));
  const auto plot = [&](const std::string& label, int column) {
    text += fmt::format("set ylabel {} noenhanced\nplot ", quoted(label));
    for (std::size_t n = 0; n < runs.size(); ++n) {
      text += fmt::format("{}$run{} using 1:{} with linespoints linecolor '{}' pointtype 7 title {}",
                          n == 0 ? "" : ", ", n, column, colours[n % colours.size()], quoted(runs[n].name));
    }
    text += "\n";
  };
  plot(metric, 2);
  plot("angle of errors to the true ones [degrees]", 3);
  return text + "unset multiplot\nunset output\n";
}

}  // namespace spikeweave
