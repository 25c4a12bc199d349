// Input of a batch of trials: what the populations receive in every step.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "spikeweave/core/field.hpp"
#include "spikeweave/core/random.hpp"
#include "spikeweave/core/view.hpp"
#include "spikeweave/ops/step_window.hpp"

namespace spikeweave {

// How a task's intensities become input. events: the task gives spikes itself.
enum class Encoding { automatic, current, bernoulli, poisson, events };
template <>
struct EnumNames<Encoding> {
  static constexpr std::array<std::string_view, 5> names{"automatic", "current", "bernoulli", "poisson", "events"};
};

// Whether events are drawn from the intensities.
inline bool is_drawn(Encoding encoding) {
  return encoding == Encoding::bernoulli || encoding == Encoding::poisson;
}

// Which draws belong to which trial: trial b of the batch uses the words of (seed, purpose, trial[b]).
struct RandomKeys {
  std::uint64_t seed = 0;
  View<const std::uint32_t> trial;  // [batch]
};

// Draws input events from the intensities of the frames.
// Exactness: bit for bit on every backend; see core/sampling.hpp.
// Dropout: input i of a frame is silent in all its steps where its mask is 0.
struct EncodeArgs {
  Encoding encoding = Encoding::bernoulli;  // bernoulli or poisson
  std::size_t frame_steps = 1;
  View<const float> intensity;      // [batch, frames, inputs]  probability, or expected events, per step
  View<const std::int32_t> length;  // [batch]  steps of the trial; later events are 0
  RandomKeys keys;
  View<std::uint8_t> events;  // [batch, steps, inputs]; the steps of the window are overwritten
  StepWindow window;
};

// Dropout masks: element (b, f, i) is 0 with probability p, else 1; a pure function of (seed, purpose, trial, f, i).
// What is not dropped is multiplied by dropout_scale(p), so that sums keep their mean.
struct DropoutArgs {
  Purpose purpose = Purpose::input_dropout;
  double drop_probability = 0.0;
  RandomKeys keys;
  View<std::uint8_t> mask;      // [batch, frames, cells]; overwritten
  std::size_t first_frame = 0;  // of the frames in the mask
};

template <class Real>
Real dropout_scale(double drop_probability) {
  return static_cast<Real>(1.0 / (1.0 - drop_probability));
}

}  // namespace spikeweave
