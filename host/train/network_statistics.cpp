#include "host/train/network_statistics.hpp"

#include <cmath>
#include <string>

#include "host/cpu/active_list.hpp"

namespace spikeweave {

void IntervalStatistics::add(const std::vector<std::uint8_t>& spikes, std::size_t steps) {
  const std::size_t neurons = cells_.size();
  for (std::size_t t = 0; t < steps; ++t) {
    cpu::for_each_active(spikes.data() + t * neurons, 0, neurons, [&](std::size_t j) {
      Cell& cell = cells_[j];
      const std::int64_t now = steps_ + static_cast<std::int64_t>(t);
      if (cell.last >= 0) {
        const auto interval = static_cast<double>(now - cell.last);
        ++cell.count;
        cell.sum += interval;
        cell.sum_of_squares += interval * interval;
      }
      cell.last = now;
    });
  }
  steps_ += static_cast<std::int64_t>(steps);
}

void IntervalStatistics::save(ByteWriter& writer) const {
  writer.put(cells_);
  writer.put(std::vector<std::int64_t>{steps_});
}

void IntervalStatistics::load(ByteReader& reader) {
  const auto cells = reader.get<Cell>();
  const auto steps = reader.get<std::int64_t>();
  if (cells.size() != cells_.size() || steps.size() != 1) {
    throw InputError("carried state", "has intervals of " + std::to_string(cells.size()) + " neurons; expected " +
                                          std::to_string(cells_.size()));
  }
  cells_ = cells;
  steps_ = steps.front();
}

void IntervalStatistics::report(const Network& network, Metrics& metrics) const {
  for (const Population& population : network.populations) {
    double sum = 0.0;
    double count = 0.0;
    for (std::size_t j = 0; j < population.neurons.count; ++j) {
      const Cell& cell = cells_[population.neurons.begin + j];
      if (cell.count < least) continue;
      const auto n = static_cast<double>(cell.count);
      const double mean = cell.sum / n;
      sum += std::sqrt(std::max(0.0, cell.sum_of_squares / n - mean * mean)) / mean;
      ++count;
    }
    if (count > 0.0) metrics["cv_" + population.name] = sum / count;
  }
}

void report_weights(const Network& network, const std::vector<double>& parameters, Metrics& metrics) {
  for (const Projection& projection : network.projections) {
    if (!projection.settings.trainable || projection.kind == ProjectionKind::readout || projection.size() == 0)
      continue;
    const double low = projection.settings.low;
    const double range = projection.settings.high - low;
    double sum = 0.0, squares = 0.0, lowest = 0.0, highest = 0.0;
    for (std::size_t w = 0; w < projection.size(); ++w) {
      const double weight = parameters[projection.offset + w];
      sum += weight;
      squares += weight * weight;
      lowest += weight < low + 0.1 * range ? 1.0 : 0.0;
      highest += weight > low + 0.9 * range ? 1.0 : 0.0;
    }
    const auto n = static_cast<double>(projection.size());
    const std::string name = projection.settings.from.front() + "_" + projection.settings.to.front();
    metrics["weight_mean_" + name] = sum / n;
    metrics["weight_sd_" + name] = std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)));
    metrics["weight_low_" + name] = lowest / n;
    metrics["weight_high_" + name] = highest / n;
  }
}

}  // namespace spikeweave
