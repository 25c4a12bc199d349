#include "host/train/published.hpp"

namespace spikeweave {

std::optional<double> measured(const PublishedFigure& figure, const RunResult& result) {
  const std::size_t slash = figure.metric.find('/');
  const auto split = result.final.find(figure.metric.substr(0, slash));
  if (split == result.final.end()) return std::nullopt;
  const auto metric = split->second.find(figure.metric.substr(slash + 1));
  if (metric == split->second.end()) return std::nullopt;
  return metric->second;
}

}  // namespace spikeweave
