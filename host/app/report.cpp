#include "host/app/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "host/train/published.hpp"

namespace spikeweave::app {
namespace {

// "valid 8.2900  test 8.3100", of the splits that have the metric.
std::string row(const std::string& label, const SplitMetrics& splits, const std::string& metric) {
  std::string line = fmt::format("  {:<22}", label);
  for (const char* split : {"train", "valid", "test"}) {
    const auto found = splits.find(split);
    if (found == splits.end() || !found->second.contains(metric)) continue;
    line += fmt::format("  {} {:.4f}", split, found->second.at(metric));
  }
  return line + "\n";
}

// One line per figure: "  train/share_above  0.0100  0.0003  source".
std::string published_table(const RunResult& result, const std::vector<PublishedFigure>& published) {
  if (published.empty()) return "";
  std::size_t width = std::string_view("published figures").size();
  for (const PublishedFigure& figure : published) width = std::max(width, figure.metric.size() + 2);
  std::string text =
      fmt::format("{:<{}}  {:>11}  {:>11}  source\n", "published figures", width, "published", "this run");
  for (const PublishedFigure& figure : published) {
    const std::optional<double> own = measured(figure, result);
    text += fmt::format("  {:<{}}  {:>11.5g}  {:>11}  {}\n", figure.metric, width - 2, figure.value,
                        own ? fmt::format("{:.5g}", *own) : "none", figure.source);
  }
  return text;
}

}  // namespace

std::string final_report(const RunResult& result, const Task& task, const std::vector<PublishedFigure>& published) {
  const std::string metric = task.main_metric();
  std::string text = fmt::format("{} ({} is better)\n", metric, task.larger_is_better() ? "larger" : "smaller");
  for (const auto& [name, splits] : result.baselines) text += row("without: " + name, splits, metric);
  text += row("this run", result.final, metric);
  for (const auto& [name, digest] : result.digest) text += fmt::format("  spikes of {:<12}  {}\n", name, digest);
  return text + published_table(result, published);
}

}  // namespace spikeweave::app
