#include <cstddef>
#include <cstdint>
#include <vector>

#include "spikeweave/task/task.hpp"

namespace spikeweave {
namespace {

// The largest output, the first of equal ones; never where NaN takes part.
bool is_largest(const float* output, std::size_t outputs, std::size_t wanted) {
  for (std::size_t k = 0; k < outputs; ++k) {
    const bool beaten = output[wanted] > output[k] || (output[wanted] == output[k] && wanted <= k);
    if (!beaten) return false;
  }
  return true;
}

}  // namespace

void Task::score(const TrialBatch&, const TrialResult&, Score&) const {}

std::map<std::string, std::map<std::string, double>> Task::baselines(Split) const {
  return {};
}

void score_classes(const TrialBatch& batch, const TrialResult& result, std::size_t outputs, Score& score) {
  double correct = 0.0;
  double scored = 0.0;
  std::vector<std::uint8_t> has_steps;
  for (std::size_t b = 0; b < batch.batch; ++b) {
    has_steps.assign(batch.segments, 0);
    for (std::size_t t = 0; t < batch.steps; ++t) {
      const std::int32_t segment = batch.segment[b * batch.steps + t];
      if (segment >= 0) has_steps[static_cast<std::size_t>(segment)] = 1;
    }
    for (std::size_t s = 0; s < batch.segments; ++s) {
      if (has_steps[s] == 0) continue;
      const std::size_t row = b * batch.segments + s;
      const auto wanted = static_cast<std::size_t>(batch.target_class[row]);
      scored += 1.0;
      if (is_largest(&result.segment_output[row * outputs], outputs, wanted)) correct += 1.0;
    }
  }
  score.add("accuracy", correct, scored);
}

}  // namespace spikeweave
