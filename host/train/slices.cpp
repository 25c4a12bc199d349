#include "host/train/slices.hpp"

namespace spikeweave {

TrialBatch part_of(const TrialBatch& batch, std::size_t begin, std::size_t count) {
  TrialBatch part;
  part.batch = count;
  part.steps = batch.steps;
  part.frames = batch.frames;
  part.segments = batch.segments;
  const auto take = [&](auto& to, const auto& from) {
    const auto row = static_cast<std::ptrdiff_t>(from.size() / batch.batch);
    const auto first = from.begin() + static_cast<std::ptrdiff_t>(begin) * row;
    to.assign(first, first + static_cast<std::ptrdiff_t>(count) * row);
  };
  take(part.intensity, batch.intensity);
  take(part.events, batch.events);
  take(part.reward, batch.reward);
  take(part.length, batch.length);
  take(part.segment, batch.segment);
  take(part.target, batch.target);
  take(part.target_class, batch.target_class);
  take(part.forced, batch.forced);
  take(part.clamp, batch.clamp);
  take(part.kind, batch.kind);
  take(part.teacher_target, batch.teacher_target);
  part.teacher_strength = batch.teacher_strength;
  part.step_weight = batch.step_weight;
  part.average = batch.average;
  part.random_sign = batch.random_sign;
  return part;
}

void append(TrialResult& all, const TrialResult& part) {
  const auto add = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  add(all.loss, part.loss);
  add(all.segment_output, part.segment_output);
  add(all.state, part.state);
  add(all.spikes, part.spikes);
}

}  // namespace spikeweave
