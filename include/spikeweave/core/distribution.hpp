// A number, or a distribution from which each neuron (or weight) draws its own.
//
// JSON: 20, or {"distribution": "log_uniform", "low": 2, "high": 20}. Drawn on the host in double precision, so both
// backends get the same numbers.
#pragma once

#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include "spikeweave/core/field.hpp"
#include "spikeweave/core/random.hpp"

namespace spikeweave {

enum class DistributionKind { constant, uniform, log_uniform, normal, truncated_normal };
template <>
struct EnumNames<DistributionKind> {
  static constexpr std::array<std::string_view, 5> names{"constant", "uniform", "log_uniform", "normal",
                                                         "truncated_normal"};
};

struct Distribution {
  DistributionKind kind = DistributionKind::constant;
  double value = 0.0;  // constant: the number
  double low = 0.0;    // uniform, log_uniform: the bounds
  double high = 1.0;
  double mean = 0.0;  // normal, truncated_normal
  double std = 1.0;   // standard deviation; truncated_normal draws again beyond 2 std

  constexpr Distribution() = default;
  constexpr Distribution(double number) : value(number) {}
  static constexpr Distribution gaussian(double mean, double std) {
    Distribution d;
    d.kind = DistributionKind::normal;
    d.mean = mean;
    d.std = std;
    return d;
  }

  bool is_constant() const { return kind == DistributionKind::constant; }

  static constexpr auto fields() {
    return std::tuple{
        field("distribution", &Distribution::kind, "How the numbers are drawn."),
        field("value", &Distribution::value, "constant: the number."),
        field("low", &Distribution::low, "uniform, log_uniform: lower bound."),
        field("high", &Distribution::high, "uniform, log_uniform: upper bound."),
        field("mean", &Distribution::mean, "normal, truncated_normal: mean."),
        field("std", &Distribution::std, "", non_negative, "normal, truncated_normal: standard deviation."),
    };
  }

  // The number of element `index`; a pure function of (stream, index).
  double draw(const RandomStream& stream, std::uint64_t index) const {
    switch (kind) {
      case DistributionKind::constant:
        return value;
      case DistributionKind::uniform:
        return low + (high - low) * stream.uniform(index);
      case DistributionKind::log_uniform:
        return low * std::exp(std::log(high / low) * stream.uniform(index));
      case DistributionKind::normal:
        return mean + std * stream.normal(index);
      case DistributionKind::truncated_normal: {
        for (std::uint32_t attempt = 0;; ++attempt) {  // ends: each attempt is accepted with probability 0.954
          const double sample = stream.normal(index, attempt);
          if (std::abs(sample) <= 2.0) return mean + std * sample;
        }
      }
    }
    return value;
  }
};

// What drawn weights are multiplied by: nothing, or 1 over the root of the number of synapses onto a cell.
enum class WeightScale { unit, fan_in };
template <>
struct EnumNames<WeightScale> {
  static constexpr std::array<std::string_view, 2> names{"unit", "fan_in"};
};

}  // namespace spikeweave
