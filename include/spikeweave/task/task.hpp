// A task: inputs, targets and scores of trials. Pure: trial `id` of a split is always the same, whoever asks, unless
// the task closes a loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "spikeweave/ops/encode.hpp"
#include "spikeweave/ops/readout.hpp"
#include "spikeweave/task/closed_loop.hpp"

namespace spikeweave {

enum class Split { train, valid, test };
template <>
struct EnumNames<Split> {
  static constexpr std::array<std::string_view, 3> names{"train", "valid", "test"};
};

// What the network has to know of a task before it is built.
struct TaskShape {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  std::size_t frame_steps = 1;  // steps per frame: intensities are constant within a frame
  std::size_t max_steps = 0;    // of the longest trial of any split
  LossKind loss = LossKind::squared_error;
  Encoding encoding = Encoding::bernoulli;  // what `automatic` stands for; never automatic
  std::size_t cells = 0;  // the network's first so many neurons are the task's: it forces their spikes and scores them
  std::string state;      // state variable of these cells that score() reads, e.g. v
  std::string taught{};   // population that a teacher drives; empty: none
};

// A batch of trials on the host, padded to the longest of them. Outermost dimension first.
struct TrialBatch {
  std::size_t batch = 0;
  std::size_t steps = 0;                   // a multiple of frame_steps
  std::size_t frames = 0;                  // steps / frame_steps
  std::size_t segments = 0;                // per trial, padded
  std::vector<float> intensity;            // [batch, frames, inputs]; empty where events are given
  std::vector<std::uint8_t> events;        // [batch, steps, inputs]; empty where intensities are given
  std::vector<float> reward;               // [batch, steps]  for rules with a modulator; empty: none
  std::vector<std::int32_t> length;        // [batch]  steps
  std::vector<std::int32_t> segment;       // [batch, steps]  index of the segment in 0..segments-1, or -1: not scored
  std::vector<double> target;              // [batch, segments, outputs]  squared_error, bernoulli
  std::vector<std::int32_t> target_class;  // [batch, segments]  softmax
  std::vector<std::uint8_t> forced;        // [batch, steps, cells]  1 fires, 2 does not, 0 free; empty: all are free
  std::vector<float> clamp;  // [batch, frames, cells]  drives rate units in place of the network; NaN: free
  // Of trials in phases, else empty.
  std::vector<float> teacher_target;    // [batch, outputs]
  std::vector<float> teacher_strength;  // [steps]  see TeacherView
  std::vector<float> step_weight;       // [steps]  what a rule's products of the step count for
  std::vector<std::int32_t> average;    // [steps]  the phase's length where averages are taken over it, negative in its
                                        // first step; else 0
  bool random_sign = false;             // of strength and weight, drawn for each trial
  std::vector<std::uint32_t> kind;      // [batch]  the task's own mark of a trial, for score(); or empty
};

// What came out of a batch.
struct TrialResult {
  std::vector<double> loss;           // [batch]  sum over the scored steps
  std::vector<float> segment_output;  // [batch, segments, outputs]  mean output over a segment's steps
  std::vector<float> state;           // [batch, steps, cells]  TaskShape::state of the task's cells
  std::vector<std::uint8_t> spikes;   // [batch, steps, cells]
};

// Sums from which metrics are made: metric = sum / weight.
struct Score {
  struct Sum {
    double sum = 0.0;
    double weight = 0.0;
    double value() const { return weight > 0.0 ? sum / weight : 0.0; }
  };
  std::map<std::string, Sum> metrics;

  void add(const std::string& metric, double sum, double weight) {
    Sum& entry = metrics[metric];
    entry.sum += sum;
    entry.weight += weight;
  }
  std::map<std::string, double> values() const {
    std::map<std::string, double> all;
    for (const auto& [name, sum] : metrics) all[name] = sum.value();
    return all;
  }
};

class Task {
 public:
  virtual ~Task() = default;

  virtual TaskShape shape() const = 0;

  // Trials of a split; 0 for a training split whose trials are made without end.
  virtual std::size_t trial_count(Split split) const = 0;

  // Fills the batch with the trials of these ids. ids are below trial_count(split), or any where that is 0.
  virtual void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const = 0;

  // Adds the batch's metrics beside "loss": accuracy, nll, ... The default adds nothing.
  virtual void score(const TrialBatch& batch, const TrialResult& result, Score& score) const;

  // The metric on which the best epoch is chosen and a user looks first, and whether larger is better.
  virtual std::string main_metric() const { return "loss"; }
  virtual bool larger_is_better() const { return false; }

  // Figures that need no network, such as {"marginal", {{"nll", 11.09}}}: baseline name -> metric -> value on `split`.
  virtual std::map<std::string, std::map<std::string, double>> baselines(Split split) const;

  // Of a task that closes a loop; else nullptr.
  virtual ClosedLoop* closed_loop() { return nullptr; }
};

// Adds "accuracy": the share of scored segments whose largest mean output is the target class.
void score_classes(const TrialBatch& batch, const TrialResult& result, std::size_t outputs, Score& score);

}  // namespace spikeweave
