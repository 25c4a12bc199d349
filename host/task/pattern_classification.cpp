// Patterns from the experiment file, such as a truth table: each is shown, unchanged, for a trial, and has one class.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"

namespace spikeweave {
namespace {

class PatternClassification final : public Task {
 public:
  explicit PatternClassification(const PatternClassificationSettings& settings) : settings_(settings) {
    for (const LabelledPattern& pattern : settings.patterns) {
      classes_ = std::max(classes_, static_cast<std::size_t>(pattern.label) + 1);
    }
  }

  TaskShape shape() const override {
    const auto steps = static_cast<std::size_t>(settings_.steps);
    return {.inputs = settings_.patterns.front().input.size(),
            .outputs = classes_,
            .frame_steps = steps,
            .max_steps = steps,
            .loss = LossKind::softmax,
            .encoding = Encoding::current};
  }

  std::size_t trial_count(Split split) const override {
    const bool has_trials = split == Split::train || (split == Split::test && settings_.tested);
    return has_trials ? settings_.patterns.size() : 0;
  }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    expect_ids_below(ids, trial_count(split));
    const TaskShape form = shape();
    reset_batch(batch, form, ids.size(), form.max_steps, 1);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      const LabelledPattern& pattern = settings_.patterns[ids[b]];
      std::transform(pattern.input.begin(), pattern.input.end(),
                     batch.intensity.begin() + static_cast<std::ptrdiff_t>(b * form.inputs),
                     [](double value) { return static_cast<float>(value); });
      write_class(batch, b, form.max_steps, 0, pattern.label);
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    score_classes(batch, result, classes_, score);
  }
  std::string main_metric() const override { return "accuracy"; }
  bool larger_is_better() const override { return true; }

 private:
  PatternClassificationSettings settings_;
  std::size_t classes_ = 0;
};

}  // namespace

std::unique_ptr<Task> make_pattern_classification(const PatternClassificationSettings& settings) {
  return std::make_unique<PatternClassification>(settings);
}

}  // namespace spikeweave
