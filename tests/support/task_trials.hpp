// Single trials out of batches, to compare and to count over.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "spikeweave/core/error.hpp"
#include "spikeweave/task/settings.hpp"

namespace spikeweave {

// One trial of a batch without its padding.
struct Trial {
  std::vector<float> intensity;            // [frames, inputs]
  std::vector<std::uint8_t> events;        // [steps, inputs]
  std::vector<std::int32_t> segment;       // [steps]
  std::vector<double> target;              // [segments, outputs]
  std::vector<std::int32_t> target_class;  // [segments]
  std::vector<std::uint8_t> forced;        // [steps, cells]

  bool operator==(const Trial&) const = default;
};

inline Trial trial_of(const TaskShape& shape, const TrialBatch& batch, std::size_t b) {
  const auto cut = [b](const auto& from, std::size_t stride, std::size_t count) {
    if (from.empty()) return std::decay_t<decltype(from)>{};
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(b * stride);
    return std::decay_t<decltype(from)>(first, first + static_cast<std::ptrdiff_t>(count));
  };
  const auto steps = static_cast<std::size_t>(batch.length[b]);
  Trial trial;
  trial.intensity = cut(batch.intensity, batch.frames * shape.inputs, steps / shape.frame_steps * shape.inputs);
  trial.events = cut(batch.events, batch.steps * shape.inputs, steps * shape.inputs);
  trial.segment = cut(batch.segment, batch.steps, steps);
  std::size_t segments = 0;
  for (const std::int32_t s : trial.segment) segments = std::max(segments, static_cast<std::size_t>(s + 1));
  trial.target = cut(batch.target, batch.segments * shape.outputs, segments * shape.outputs);
  trial.target_class = cut(batch.target_class, batch.segments, segments);
  trial.forced = cut(batch.forced, batch.steps * shape.cells, steps * shape.cells);
  return trial;
}

inline TrialBatch batch_of(const Task& task, Split split, const std::vector<std::uint64_t>& ids) {
  TrialBatch batch;
  task.fill(split, ids, batch);
  return batch;
}

inline Trial one_trial(const Task& task, Split split, std::uint64_t id) {
  return trial_of(task.shape(), batch_of(task, split, {id}), 0);
}

// The trials of a batch in another order, in a batch that held others before, are those that each id gives alone.
inline void expect_pure(const Task& task, Split split, const std::vector<std::uint64_t>& ids) {
  TrialBatch batch = batch_of(task, split, {ids.back()});
  task.fill(split, ids, batch);
  for (std::size_t b = ids.size(); b-- > 0;) {
    EXPECT_TRUE(trial_of(task.shape(), batch, b) == one_trial(task, split, ids[b])) << "trial " << ids[b];
  }
}

// Behind a trial's length nothing is given and nothing scored.
inline void expect_padding_is_empty(const Task& task, const TrialBatch& batch) {
  const TaskShape shape = task.shape();
  ASSERT_EQ(batch.steps, batch.frames * shape.frame_steps);
  for (std::size_t b = 0; b < batch.batch; ++b) {
    for (auto t = static_cast<std::size_t>(batch.length[b]); t < batch.steps; ++t) {
      EXPECT_EQ(batch.segment[b * batch.steps + t], -1) << "trial " << b << ", step " << t;
      for (std::size_t i = 0; i < shape.inputs; ++i) {
        if (batch.events.empty()) {
          EXPECT_EQ(batch.intensity[(b * batch.frames + t / shape.frame_steps) * shape.inputs + i], 0.0f);
        } else {
          EXPECT_EQ(batch.events[(b * batch.steps + t) * shape.inputs + i], 0);
        }
      }
    }
  }
}

template <class Call>
void expect_input_error(const Call& call, const std::string& text) {
  try {
    call();
    ADD_FAILURE() << "no error; expected: " << text;
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what() << "\nexpected: " << text;
  }
}

}  // namespace spikeweave
