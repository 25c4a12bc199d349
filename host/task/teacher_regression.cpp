// Regression on a teacher: the target is what a feed-forward network of random weights makes of a random input.
//
// Source: Lillicrap et al. (2016), Nat. Commun. 7:13276, Figs. 1-2 (a linear teacher, one with a tanh layer);
// Sacramento et al. (2018), NeurIPS 31, Fig. 3. normalized_mse: the squared error over that of the best constant, the
// mean of the targets, which is taken from 1000 inputs of their own. Frozen streams: 0 weights, layer after layer
// [below, above]; 1 the 1000 inputs. Trial stream: 0 inputs.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "host/task/trial_random.hpp"

namespace spikeweave {
namespace {

class Teacher {
 public:
  explicit Teacher(const TeacherRegressionSettings& settings) : activation_(settings.activation) {
    sizes_.push_back(static_cast<std::size_t>(settings.inputs));
    for (const int size : settings.hidden) sizes_.push_back(static_cast<std::size_t>(size));
    sizes_.push_back(static_cast<std::size_t>(settings.outputs));
    const RandomStream stream = frozen_random(settings.teacher_seed, 0);
    for (std::size_t l = 0; l + 1 < sizes_.size(); ++l) {
      const double factor =
          settings.scale == WeightScale::fan_in ? 1.0 / std::sqrt(static_cast<double>(sizes_[l])) : 1.0;
      const std::size_t end = weights_.size() + sizes_[l] * sizes_[l + 1];
      while (weights_.size() < end) weights_.push_back(factor * settings.weights.draw(stream, weights_.size()));
    }
  }

  // input: [inputs]. Returns [outputs].
  std::vector<double> operator()(std::span<const float> input) const {
    std::vector<double> below(input.begin(), input.end());
    const double* weight = weights_.data();
    for (std::size_t l = 0; l + 1 < sizes_.size(); ++l) {
      std::vector<double> above(sizes_[l + 1], 0.0);
      for (const double value : below) {
        for (double& sum : above) sum += *weight++ * value;
      }
      if (l + 2 < sizes_.size()) {
        for (double& u : above) u = activate(static_cast<std::uint32_t>(activation_), u).value;
      }
      below = std::move(above);
    }
    return below;
  }

 private:
  Activation activation_;
  std::vector<std::size_t> sizes_;
  std::vector<double> weights_;
};

class TeacherRegression final : public Task {
 public:
  TeacherRegression(const TeacherRegressionSettings& settings, std::uint64_t seed)
      : settings_(settings), seed_(seed), teacher_(settings), mean_(static_cast<std::size_t>(settings.outputs), 0.0) {
    constexpr std::size_t samples = 1000;
    const RandomStream stream = frozen_random(settings.teacher_seed, 1);
    std::vector<float> input(static_cast<std::size_t>(settings.inputs));
    for (std::size_t n = 0; n < samples; ++n) {
      for (std::size_t i = 0; i < input.size(); ++i) {
        input[i] = static_cast<float>(settings.input.draw(stream, n * input.size() + i));
      }
      const std::vector<double> target = teacher_(input);
      for (std::size_t k = 0; k < mean_.size(); ++k) mean_[k] += target[k] / static_cast<double>(samples);
    }
  }

  TaskShape shape() const override {
    const auto steps = static_cast<std::size_t>(settings_.steps);
    return {.inputs = static_cast<std::size_t>(settings_.inputs),
            .outputs = mean_.size(),
            .frame_steps = steps,
            .max_steps = steps,
            .loss = LossKind::squared_error,
            .encoding = Encoding::current};
  }

  std::size_t trial_count(Split split) const override {
    if (split == Split::train) return static_cast<std::size_t>(settings_.examples);
    return generated_trial_count(settings_.evaluation, split);
  }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    if (trial_count(split) > 0) expect_ids_below(ids, trial_count(split));
    const TaskShape form = shape();
    reset_batch(batch, form, ids.size(), form.max_steps, 1);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      const TrialRandom random(seed_, split, ids[b], 0);
      const std::span<float> input(batch.intensity.data() + b * form.inputs, form.inputs);
      for (std::size_t i = 0; i < form.inputs; ++i) input[i] = static_cast<float>(random.draw(settings_.input, i));
      const std::vector<double> target = teacher_(input);
      std::copy(target.begin(), target.end(), batch.target.begin() + static_cast<std::ptrdiff_t>(b * form.outputs));
      write_window(batch, b, form.max_steps, static_cast<std::size_t>(settings_.window_steps));
    }
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    double error = 0.0, variation = 0.0;
    for (std::size_t n = 0; n < batch.target.size(); ++n) {
      error += std::pow(static_cast<double>(result.segment_output[n]) - batch.target[n], 2);
      variation += std::pow(batch.target[n] - mean_[n % mean_.size()], 2);
    }
    score.add("normalized_mse", error, variation);
  }
  std::string main_metric() const override { return "normalized_mse"; }

 private:
  TeacherRegressionSettings settings_;
  std::uint64_t seed_;
  Teacher teacher_;
  std::vector<double> mean_;  // [outputs]  of the targets
};

}  // namespace

std::unique_ptr<Task> make_teacher_regression(const TeacherRegressionSettings& settings, std::uint64_t seed) {
  return std::make_unique<TeacherRegression>(settings, seed);
}

}  // namespace spikeweave
