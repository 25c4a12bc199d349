// What goes on from trial to trial of a carried run: spikes under way, states, the modulator of a plasticity rule.

#include <algorithm>

#include "spikeweave/core/bytes.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {

// The modulator after the reward of each step, [batch, steps]; empty for rules without one.
template <class Real>
std::vector<Real> Simulator<Real>::modulators(const TrialBatch& batch) {
  std::vector<Real> all;
  visit_plasticity(learning_, [&]<template <class> class Rule>(const auto& params) {
    if constexpr (requires { Rule<Real>::modulator_decay(params, 1.0); }) {
      const double decay = Rule<Real>::modulator_decay(params, network_.dt);
      if (!carries_state_ || steps_before_ == 0) modulator_.assign(batch_, 0.0);
      all.resize(batch_ * steps_);
      for (std::size_t n = 0; n < all.size(); ++n) {
        double& now = modulator_[n / steps_];
        now = decay * now + (batch.reward.empty() ? 0.0 : static_cast<double>(batch.reward[n]));
        all[n] = static_cast<Real>(now);
      }
    }
  });
  return all;
}

// What the post factors of a step are worth at the end of the trial; of rules with a modulator.
template <class Real>
void Simulator<Real>::upload_trial_weights(const TrialBatch& batch) {
  const std::vector<Real> modulator = modulators(batch);
  visit_plasticity(learning_, [&]<template <class> class RuleOf>(const auto& params) {
    using Rule = RuleOf<Real>;
    if constexpr (requires { Rule::trial_weight(Rule::derive(params, 1.0), Real(0), Real(0)); }) {
      const auto constants = Rule::derive(params, network_.dt);
      std::vector<Real> weight(batch_ * steps_, Real(0));
      for (std::size_t b = 0; b < batch_; ++b) {
        Real next = 0;
        for (auto t = static_cast<std::size_t>(batch.length[b]); t-- > 0;) {
          next = Rule::trial_weight(constants, next, modulator[b * steps_ + t]);
          weight[b * steps_ + t] = next;
        }
      }
      trial_weight_.reshape(backend_, {batch_, steps_}, "modulator (/training/batch_size)");
      trial_weight_.upload(weight);
    }
  });
}

template <class Real>
std::vector<std::byte> Simulator<Real>::carried_state() const {
  if (steps_before_ == 0) return {};
  ByteWriter writer;
  writer.put(std::vector<std::uint64_t>{steps_before_, batch_});
  writer.put(modulator_);
  writer.put(history_.download());
  writer.put(output_history_.download());
  writer.put(state_.neuron_states());
  writer.put(plasticity_.save());
  return writer.bytes();
}

template <class Real>
void Simulator<Real>::set_carried_state(const std::vector<std::byte>& bytes) {
  if (bytes.empty()) return;
  ByteReader reader(bytes);
  const auto counts = reader.get<std::uint64_t>();
  modulator_ = reader.get<double>();
  const auto history = reader.get<std::uint8_t>();
  const auto outputs = reader.get<Real>();
  const std::size_t depth = longest_delay(ProjectionKind::recurrent);
  const std::size_t row = depth * network_.neurons;
  if (counts.size() != 2 || history.size() != counts[1] * row ||
      outputs.size() != (sends_numbers_ ? counts[1] * depth * network_.cells : 0)) {
    throw InputError("carried state", "is that of another network");
  }
  steps_before_ = counts[0];
  batch_ = counts[1];
  history_.reshape(backend_, {batch_, depth, network_.neurons}, "spikes under way");
  history_.upload(history);
  output_history_.reshape(backend_, {batch_, sends_numbers_ ? depth : 0, network_.cells}, "outputs under way");
  output_history_.upload(outputs);
  state_.set_neuron_states(reader.get<std::byte>(), batch_);
  plasticity_.load(reader.get<std::byte>());
}

template class Simulator<float>;
template class Simulator<double>;

}  // namespace spikeweave
