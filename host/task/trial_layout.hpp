// The form of a batch before trials are written into it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "spikeweave/core/error.hpp"
#include "spikeweave/task/settings.hpp"

namespace spikeweave {

// Sizes the batch and fills all of it with padding: input and target 0, length 0, segment and class -1.
// steps: a multiple of shape.frame_steps. Memory of an earlier batch is used again.
inline void reset_batch(TrialBatch& batch, const TaskShape& shape, std::size_t batch_size, std::size_t steps,
                        std::size_t segments) {
  const bool gives_events = shape.encoding == Encoding::events;
  const bool gives_classes = shape.loss == LossKind::softmax;
  batch.batch = batch_size;
  batch.steps = steps;
  batch.frames = steps / shape.frame_steps;
  batch.segments = segments;
  batch.intensity.assign(gives_events ? 0 : batch_size * batch.frames * shape.inputs, 0.0f);
  batch.events.assign(gives_events ? batch_size * steps * shape.inputs : 0, std::uint8_t{0});
  batch.length.assign(batch_size, 0);
  batch.segment.assign(batch_size * steps, -1);
  batch.target.assign(gives_classes ? 0 : batch_size * segments * shape.outputs, 0.0);
  batch.target_class.assign(gives_classes ? batch_size * segments : 0, -1);
  batch.forced.assign(batch_size * steps * shape.cells, std::uint8_t{0});
}

// Trial b has so many steps, scored in the last `window` of them: all where that is 0.
inline void write_window(TrialBatch& batch, std::size_t b, std::size_t steps, std::size_t window) {
  const std::size_t scored = window == 0 ? steps : window;
  batch.length[b] = static_cast<std::int32_t>(steps);
  std::fill_n(batch.segment.data() + b * batch.steps + steps - scored, scored, 0);
}

// As write_window; its target is one class.
inline void write_class(TrialBatch& batch, std::size_t b, std::size_t steps, std::size_t window,
                        std::int32_t target_class) {
  write_window(batch, b, steps, window);
  batch.target_class[b] = target_class;
}

// ids of a split with a limited number of trials.
inline void expect_ids_below(std::span<const std::uint64_t> ids, std::size_t trial_count) {
  for (const std::uint64_t id : ids) SW_EXPECTS(id < trial_count, "trial id: expected one below trial_count(split)");
}

// trial_count() of a task that makes its trials.
inline std::size_t generated_trial_count(const EvaluationTrials& evaluation, Split split) {
  if (split == Split::train) return 0;
  return static_cast<std::size_t>(split == Split::valid ? evaluation.valid : evaluation.test);
}

}  // namespace spikeweave
