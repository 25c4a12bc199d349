#include "host/app/report.hpp"

#include <fmt/format.h>

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

}  // namespace

std::string final_report(const RunResult& result, const Task& task) {
  const std::string metric = task.main_metric();
  std::string text = fmt::format("{} ({} is better)\n", metric, task.larger_is_better() ? "larger" : "smaller");
  for (const auto& [name, splits] : result.baselines) text += row("without: " + name, splits, metric);
  text += row("this run", result.final, metric);
  for (const auto& [name, digest] : result.digest) text += fmt::format("  spikes of {:<12}  {}\n", name, digest);
  return text;
}

}  // namespace spikeweave::app
