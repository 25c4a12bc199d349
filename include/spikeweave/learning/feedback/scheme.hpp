// What a feedback scheme is made of. A scheme is one header beside this file plus one line in all.hpp.
//
// Feedback weights B carry errors back: from the outputs to all neurons, L[t,j] = sum_k B[k,j] err[t,k], and under
// rules that follow what spikes do (bptt) through every projection between neurons, beside whose weights they are laid
// out.
//
//   struct AdaptiveFeedback   settings with fields(); is_drawn: whether B is drawn at the start, else next() gives it
//                             from the forward weight alone; next(): B after an update of the forward weight.
//
// Updates leave a drawn scheme without next() as it is. At the start next() sees an increment of 0 and no decay.
// A scheme with mirror_rate also learns in phases of noise (ops/update.hpp, MirrorArgs).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <tuple>

#include "spikeweave/core/field.hpp"
#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

// What one feedback weight sees when the forward weight beside it changes.
template <class Real>
struct FeedbackStep {
  Real back;       // the feedback weight before the update
  Real increment;  // of the forward weight
  Real weight;     // the forward weight after the update
  Real decay;      // 1 - the setting `decay` of schemes that have one; else 1
  Real magnitude;  // feedback_magnitude() of schemes that have `std`; else 1
};

// Whether B changes when the forward weights do.
template <class Scheme>
inline constexpr bool follows_updates = requires {
  &Scheme::template next<float>;
};

enum class FeedbackScale { unit, neuron_count, population };
template <>
struct EnumNames<FeedbackScale> {
  static constexpr std::array<std::string_view, 3> names{"unit", "neuron_count", "population"};
};
inline constexpr std::string_view scale_text =
    "neuron_count divides by the root of the number of all neurons, population by that of the neurons which the "
    "forward weights come from.";

// neurons: of the network. population: that the forward weights come from, or that the feedback leads to where there
// are none.
inline double feedback_magnitude(double std, FeedbackScale scale, std::size_t neurons, std::size_t population) {
  const std::size_t count = scale == FeedbackScale::neuron_count ? neurons : population;
  return scale == FeedbackScale::unit ? std : std / std::sqrt(static_cast<double>(count));
}

}  // namespace spikeweave
