// One synapse between two given trains, stepped by a plasticity rule in the order of learning/plasticity.hpp.
#pragma once

#include <cstddef>
#include <vector>

#include "spikeweave/learning/plasticity/all.hpp"

namespace spikeweave::test {

// Events of a train of `steps` steps at these steps.
inline std::vector<double> train_of(std::size_t steps, const std::vector<std::size_t>& at) {
  std::vector<double> train(steps, 0.0);
  for (const std::size_t t : at) train[t] += 1.0;
  return train;
}

// modulator: per step, already decayed; or empty. Returns the synapse after the last step.
template <class Rule>
typename Rule::Synapse run_synapse(const typename Rule::Params& params, const std::vector<double>& pre,
                                   const std::vector<double>& post, typename Rule::Synapse synapse, double low,
                                   double high, double dt = 1.0, const std::vector<double>& modulator = {}) {
  using Real = typename Rule::Value;
  const auto k = Rule::derive(params, dt);
  const auto bounds = WeightBounds<Real>::of(low, high);
  typename Rule::Pre pre_state;
  typename Rule::Post post_state;
  for (std::size_t t = 0; t < pre.size(); ++t) {
    const auto from = Rule::pre_step(k, pre_state, Real(pre[t]));
    const auto to = Rule::post_step(k, post_state, {Real(post[t] != 0.0 ? 1.0 : 0.0), Real(post[t])});
    if constexpr (Rule::is_event_driven) {
      if (pre[t] != 0.0) Rule::on_pre(k, bounds, synapse, from, to);
      if (post[t] != 0.0) Rule::on_post(k, bounds, synapse, from, to);
    } else {
      Rule::on_step(k, bounds, synapse, from, to);
    }
    if constexpr (requires { Rule::sweep(k, bounds, synapse, Real(0)); }) {
      if ((t + 1) % Rule::sweep_steps(params, dt) == 0) {
        Rule::sweep(k, bounds, synapse, Real(modulator.empty() ? 0.0 : modulator[t]));
      }
    }
  }
  return synapse;
}

// The same from the bilinear terms alone: sum over steps and terms of pre.at[k] * post.at[k].
template <class Rule>
typename Rule::Value sum_of_terms(const typename Rule::Params& params, const std::vector<double>& pre,
                                  const std::vector<double>& post, double dt = 1.0) {
  using Real = typename Rule::Value;
  const auto k = Rule::derive(params, dt);
  typename Rule::Pre pre_state;
  typename Rule::Post post_state;
  Real sum = 0;
  for (std::size_t t = 0; t < pre.size(); ++t) {
    const auto from = Rule::pre_step(k, pre_state, Real(pre[t]));
    const auto to = Rule::post_step(k, post_state, {Real(post[t] != 0.0 ? 1.0 : 0.0), Real(post[t])});
    for (std::size_t n = 0; n < Rule::term_count; ++n) sum += from.at[n] * to.at[n];
  }
  return sum;
}

}  // namespace spikeweave::test
