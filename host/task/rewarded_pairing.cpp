// Rewarded pairing: one synapse is watched, and each spike of its post cell that follows one of its pre cell is
// rewarded seconds later. Of all synapses that changed in between, which one was it for?
//
// Source: Izhikevich (2007), Cereb. Cortex 17:2443-2452, Fig. 1 and the code published with it (daspnet): the post
// spike counts if the pre cell's last spike lies at least one step and less than `window` before it; the reward comes
// uniform in delay_low..delay_high later. Random stream: 0 delays, index: step of the pair in its trial.
// Metrics: synapse_weight: of the watched synapse; share_above: share of the projection's synapses with a larger
// weight; coincidences, rewards: pairs seen and rewards given since the start of the run.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "host/task/trial_random.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/network/network.hpp"

namespace spikeweave {
namespace {

class RewardedPairing final : public Task, public ClosedLoop {
 public:
  // dt [ms]
  RewardedPairing(const RewardedPairingSettings& settings, std::uint64_t seed, double dt)
      : settings_(settings),
        seed_(seed),
        dt_(dt),
        steps_(settings.steps),
        delay_low_(std::llround(settings.delay_low / dt)),
        delay_high_(std::llround(settings.delay_high / dt)) {
    if (delay_low_ < steps_) {
      throw InputError(
          "/task/delay_low",
          fmt::format("{} ms is {} steps of {} ms, less than a trial of {}; a reward comes in a later trial",
                      settings.delay_low, delay_low_, dt, steps_));
    }
    if (delay_high_ < delay_low_) {
      throw InputError("/task/delay_high",
                       fmt::format("{} ms is below delay_low, {} ms", settings.delay_high, settings.delay_low));
    }
  }

  TaskShape shape() const override {
    TaskShape shape;
    shape.max_steps = static_cast<std::size_t>(steps_);
    shape.encoding = Encoding::events;
    return shape;
  }
  std::size_t trial_count(Split) const override { return 0; }  // made without end; nothing to evaluate on

  void fill(Split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    reset_batch(batch, shape(), ids.size(), static_cast<std::size_t>(steps_), 0);
    batch.reward.assign(ids.size() * batch.steps, 0.0f);
    for (std::size_t b = 0; b < ids.size(); ++b) {
      batch.length[b] = settings_.steps;
      const std::int64_t first = static_cast<std::int64_t>(ids[b]) * steps_;
      for (const std::int64_t at : due_) {
        if (at < first || at >= first + steps_) continue;
        batch.reward[b * batch.steps + static_cast<std::size_t>(at - first)] += static_cast<float>(settings_.reward);
      }
    }
  }
  std::string main_metric() const override { return "synapse_weight"; }
  bool larger_is_better() const override { return true; }
  ClosedLoop* closed_loop() override { return this; }

  void attach(const Network& network) override {
    const auto index = static_cast<std::size_t>(settings_.projection);
    if (index >= network.projections.size() || network.projections[index].kind != ProjectionKind::recurrent) {
      throw InputError("/task/projection", fmt::format("{} is no projection between populations", index));
    }
    const Projection& projection = network.projections[index];
    const auto synapse = static_cast<std::size_t>(settings_.synapse);
    if (synapse >= projection.size()) {
      throw InputError("/task/synapse", fmt::format("{}; the projection {} has {} synapses", synapse, projection.name,
                                                    projection.size()));
    }
    neurons_ = network.neurons;
    pre_ = projection.pre.begin + projection.pre_of(synapse);
    post_ = projection.post.begin + projection.post_of(synapse);
    first_weight_ = projection.offset;
    weight_count_ = projection.size();
  }

  void observe(std::span<const std::uint8_t> spikes, std::size_t steps) override {
    const TrialRandom random(seed_, Split::train, static_cast<std::uint64_t>(now_ / steps_), 0);
    const auto window = settings_.window / dt_;
    for (std::size_t t = 0; t < steps; ++t, ++now_) {
      if (spikes[t * neurons_ + pre_] != 0) last_pre_ = now_;
      if (spikes[t * neurons_ + post_] == 0 || last_pre_ < 0 || last_pre_ == now_) continue;
      if (static_cast<double>(now_ - last_pre_) >= window) continue;
      ++coincidences_;
      due_.push_back(
          now_ + delay_low_ +
          static_cast<std::int64_t>(random.below(t, static_cast<std::uint64_t>(delay_high_ - delay_low_ + 1))));
    }
    const auto given = std::remove_if(due_.begin(), due_.end(), [this](std::int64_t at) { return at < now_; });
    rewards_ += due_.end() - given;
    due_.erase(given, due_.end());
  }

  void report(std::span<const double> parameters, std::map<std::string, double>& metrics) const override {
    const auto weights = parameters.subspan(first_weight_, weight_count_);
    const double own = weights[static_cast<std::size_t>(settings_.synapse)];
    const auto above = std::count_if(weights.begin(), weights.end(), [own](double w) { return w > own; });
    metrics["synapse_weight"] = own;
    metrics["share_above"] = static_cast<double>(above) / static_cast<double>(weight_count_);
    metrics["coincidences"] = static_cast<double>(coincidences_);
    metrics["rewards"] = static_cast<double>(rewards_);
  }

  // Whole numbers, exact as doubles: step, last step of a pre spike, pairs, rewards, then the steps of rewards to come.
  std::vector<double> save() const override {
    std::vector<double> saved{static_cast<double>(now_), static_cast<double>(last_pre_),
                              static_cast<double>(coincidences_), static_cast<double>(rewards_)};
    saved.insert(saved.end(), due_.begin(), due_.end());
    return saved;
  }
  void load(const std::vector<double>& saved) override {
    if (saved.size() < 4) {
      throw InputError("task memory", fmt::format("{} numbers; expected 4 or more", saved.size()));
    }
    now_ = static_cast<std::int64_t>(saved[0]);
    last_pre_ = static_cast<std::int64_t>(saved[1]);
    coincidences_ = static_cast<std::int64_t>(saved[2]);
    rewards_ = static_cast<std::int64_t>(saved[3]);
    due_.assign(saved.begin() + 4, saved.end());
  }

 private:
  const RewardedPairingSettings settings_;
  const std::uint64_t seed_;
  const double dt_;
  const std::int64_t steps_, delay_low_, delay_high_;
  std::size_t neurons_ = 0, pre_ = 0, post_ = 0;
  std::size_t first_weight_ = 0, weight_count_ = 0;

  std::int64_t now_ = 0;        // steps observed
  std::int64_t last_pre_ = -1;  // step of the pre cell's last spike
  std::int64_t coincidences_ = 0, rewards_ = 0;
  std::vector<std::int64_t> due_;  // steps of rewards to come
};

}  // namespace

std::unique_ptr<Task> make_rewarded_pairing(const RewardedPairingSettings& settings, std::uint64_t seed, double dt) {
  return std::make_unique<RewardedPairing>(settings, seed, dt);
}

}  // namespace spikeweave
