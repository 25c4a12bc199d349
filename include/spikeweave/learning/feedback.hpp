// How output errors travel back to the neurons: L[t,j] = sum_k B[k,j] err[t,k].
//
// Source: Bellec et al. (2020), Nat. Commun. 11:3625 (symmetric, random); Kolen & Pollack (1994) and Akrout et al.
// (2019) for the adaptive kind: B receives the increment of the readout weights and both decay.
#pragma once

#include <array>
#include <string_view>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/core/field.hpp"

namespace spikeweave {

struct SymmetricFeedback {
  static constexpr std::string_view name = "symmetric";
  static constexpr std::string_view summary = "B is the transpose of the readout weights, read at every update.";
  static constexpr std::string_view source = "Bellec et al. 2020";
  static constexpr auto fields() { return std::tuple{}; }
};

enum class FeedbackScale { unit, neuron_count };
template <>
struct EnumNames<FeedbackScale> {
  static constexpr std::array<std::string_view, 2> names{"unit", "neuron_count"};
};

struct RandomFeedback {
  static constexpr std::string_view name = "random";
  static constexpr std::string_view summary = "B is drawn once and stays as it is.";
  static constexpr std::string_view source = "Bellec et al. 2020; Lillicrap et al. 2016";

  double std = 1.0;
  FeedbackScale scale = FeedbackScale::unit;

  static constexpr auto fields() {
    using Self = RandomFeedback;
    return std::tuple{
        field("std", &Self::std, "", positive, "Standard deviation of the normal distribution B is drawn from."),
        field("scale", &Self::scale, "neuron_count divides B by the square root of the number of neurons."),
    };
  }
};

struct AdaptiveFeedback {
  static constexpr std::string_view name = "adaptive";
  static constexpr std::string_view summary = "B gets the readout's increments; both decay (Kolen-Pollack).";
  static constexpr std::string_view source = "Bellec et al. 2020; Kolen & Pollack 1994";

  double std = 1.0;
  FeedbackScale scale = FeedbackScale::neuron_count;
  double decay = 1e-4;

  static constexpr auto fields() {
    using Self = AdaptiveFeedback;
    return std::tuple{
        field("std", &Self::std, "", positive, "Standard deviation of the initial B."),
        field("scale", &Self::scale, "neuron_count divides the initial B by the root of the number of neurons."),
        field("decay", &Self::decay, "1/update", below_one, "Both B and the readout weights are multiplied by 1 - it."),
    };
  }
};

using FeedbackSettings = Choice<"type", SymmetricFeedback, RandomFeedback, AdaptiveFeedback>;

}  // namespace spikeweave
