// One synapse in double precision, driven by given spikes through a plasticity rule's own functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "spikeweave/learning/plasticity.hpp"
#include "spikeweave/protocol/settings.hpp"
#include "spikeweave/protocol/trains.hpp"

namespace spikeweave {

// Steps in the order of learning/plasticity.hpp. Rule: with Real = double.
template <class Rule>
class SynapseUnderTest {
 public:
  using Params = typename Rule::Params;

  SynapseUnderTest(const Params& params, const SynapseSettings& settings)
      : params_(params),
        dt_(settings.dt),
        constants_(Rule::derive(params, settings.dt)),
        bounds_(WeightBounds<double>::of(settings.low, settings.high)) {
    synapse_.weight = settings.start_weight();
  }

  // modulator: of this step, decay and reward included; read by rules with a sweep only.
  void step(bool pre, bool post, [[maybe_unused]] double modulator) {
    const double before = synapse_.weight;
    const auto from = Rule::pre_step(constants_, pre_, pre ? 1.0 : 0.0);
    const auto to = Rule::post_step(constants_, post_, PostActivity<double>{post ? 1.0 : 0.0, post ? 1.0 : 0.0});
    if constexpr (Rule::is_event_driven) {
      if (pre) Rule::on_pre(constants_, bounds_, synapse_, from, to);
      if (post) Rule::on_post(constants_, bounds_, synapse_, from, to);
    } else {
      Rule::on_step(constants_, bounds_, synapse_, from, to);
    }
    ++step_count_;
    if constexpr (has_sweep) {
      if (step_count_ % static_cast<std::uint64_t>(Rule::sweep_steps(params_, dt_)) == 0) {
        Rule::sweep(constants_, bounds_, synapse_, modulator);
      }
    }
    const bool moved = synapse_.weight != before;
    still_steps_ = moved ? 0 : still_steps_ + 1;
    met_bound_ = met_bound_ || (moved && (synapse_.weight <= bounds_.low || synapse_.weight >= bounds_.high));
  }

  // Of the modulator, per step; 0 for rules without one.
  double modulator_decay() const {
    if constexpr (has_sweep) return static_cast<double>(Rule::modulator_decay(params_, dt_));
    return 0.0;
  }
  double weight() const { return synapse_.weight; }
  // Puts the weight there and forgets that it has met a bound; traces go on.
  void restart(double weight) {
    synapse_.weight = weight;
    met_bound_ = false;
  }
  bool met_bound() const { return met_bound_; }               // a change ended at a bound
  std::uint64_t still_steps() const { return still_steps_; }  // since the weight moved last

 private:
  using Constants = typename Rule::Constants;
  using Bounds = WeightBounds<double>;
  using Synapse = typename Rule::Synapse;
  static constexpr bool has_sweep = requires(const Constants& k, const Bounds& bounds, Synapse& synapse) {
    Rule::sweep(k, bounds, synapse, 0.0);
  };

  Params params_;
  double dt_;
  Constants constants_;
  Bounds bounds_;
  typename Rule::Pre pre_{};
  typename Rule::Post post_{};
  Synapse synapse_{};
  std::uint64_t step_count_ = 0;
  std::uint64_t still_steps_ = 0;
  bool met_bound_ = false;
};

struct WeightChange {
  double change = 0.0;
  bool met_bound = false;  // the weight was cut to its range, or reached its end
  bool settled = true;     // false: it still moved after longest_settling
};

// What these spikes do to the weight: `settle` of silence, the spikes, silence until the weight has stood still for
// `settle`. The reward comes reward_delay after the last spike.
template <class Rule>
WeightChange change_by(const typename Rule::Params& params, const SynapseSettings& settings, SpikeSteps spikes) {
  std::sort(spikes.pre.begin(), spikes.pre.end());
  std::sort(spikes.post.begin(), spikes.post.end());
  if (spikes.pre.empty() && spikes.post.empty()) return {};
  const std::int64_t first = spikes.pre.empty()    ? spikes.post.front()
                             : spikes.post.empty() ? spikes.pre.front()
                                                   : std::min(spikes.pre.front(), spikes.post.front());
  const std::int64_t last = spikes.pre.empty()    ? spikes.post.back()
                            : spikes.post.empty() ? spikes.pre.back()
                                                  : std::max(spikes.pre.back(), spikes.post.back());
  const auto settle = static_cast<std::int64_t>(std::ceil(settings.settle / settings.dt));
  const std::int64_t reward_at = last + std::llround(settings.reward_delay / settings.dt);
  const std::int64_t end = reward_at + settle;
  const std::int64_t latest = end + static_cast<std::int64_t>(longest_settling / settings.dt);

  SynapseUnderTest<Rule> synapse(params, settings);
  const double decay = synapse.modulator_decay();
  double modulator = 0.0;
  auto pre = spikes.pre.cbegin();
  auto post = spikes.post.cbegin();
  std::int64_t t = first - settle;
  for (; t <= end || (synapse.still_steps() < static_cast<std::uint64_t>(settle) && t <= latest); ++t) {
    const bool pre_fires = pre != spikes.pre.cend() && *pre == t;
    const bool post_fires = post != spikes.post.cend() && *post == t;
    pre += pre_fires ? 1 : 0;
    post += post_fires ? 1 : 0;
    modulator = decay * modulator + (t == reward_at ? settings.reward : 0.0);
    synapse.step(pre_fires, post_fires, modulator);
  }
  return {synapse.weight() - settings.start_weight(), synapse.met_bound(), t <= latest};
}

}  // namespace spikeweave
