// Store-recall: remember the value that was shown with a store command until a recall command.
//
// Source: own definition in the style of Bellec et al. (2018), NeurIPS 31.
// The first slot stores. A later one stores with store_probability, else recalls with recall_probability. If none
// recalls, the last one is made to, whatever it was. All slots but the recalling ones show a random value.
// Channels: the groups value 0, value 1, store, recall, in this order. Each recalling slot is one segment; its class is
// the value stored last. Random streams: 0 values, 1 commands.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "host/task/slots.hpp"
#include "host/task/tasks.hpp"
#include "host/task/trial_layout.hpp"
#include "host/task/trial_random.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t store_group = 2;  // 0 and 1 are the values
constexpr std::size_t recall_group = 3;

enum class Command { none, store, recall };
struct Slot {
  Command command = Command::none;
  std::size_t value = 0;  // shown; not in a recalling slot
};

class StoreRecall final : public Task {
 public:
  StoreRecall(const StoreRecallSettings& settings, std::uint64_t seed, double dt)
      : settings_(settings),
        seed_(seed),
        slots_(static_cast<std::size_t>(settings.slots)),
        slot_steps_(static_cast<std::size_t>(settings.slot_steps)),
        group_size_(static_cast<std::size_t>(settings.group_size)),
        on_probability_(spike_probability("/task/rate", settings.rate, dt)) {}

  TaskShape shape() const override {
    return {.inputs = GroupedInput::group_count * group_size_,
            .outputs = 2,
            .frame_steps = slot_steps_,
            .max_steps = slots_ * slot_steps_,
            .loss = LossKind::softmax,
            .encoding = Encoding::bernoulli};
  }

  std::size_t trial_count(Split split) const override { return generated_trial_count(settings_.evaluation, split); }

  void fill(Split split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    if (split != Split::train) expect_ids_below(ids, trial_count(split));
    std::vector<std::vector<Slot>> trials;
    std::size_t segments = 0;
    for (const std::uint64_t id : ids) {
      trials.push_back(draw_slots(split, id));
      const auto recalls = std::count_if(trials.back().begin(), trials.back().end(),
                                         [](const Slot& slot) { return slot.command == Command::recall; });
      segments = std::max(segments, static_cast<std::size_t>(recalls));
    }
    reset_batch(batch, shape(), ids.size(), slots_ * slot_steps_, segments);
    for (std::size_t b = 0; b < ids.size(); ++b) write_trial(trials[b], b, batch);
  }

  void score(const TrialBatch& batch, const TrialResult& result, Score& score) const override {
    score_classes(batch, result, 2, score);
  }
  std::string main_metric() const override { return "accuracy"; }
  bool larger_is_better() const override { return true; }

 private:
  std::vector<Slot> draw_slots(Split split, std::uint64_t id) const {
    const TrialRandom values(seed_, split, id, 0);
    const TrialRandom commands(seed_, split, id, 1);
    std::vector<Slot> slots(slots_);
    bool recalls = false;
    for (std::size_t s = 0; s < slots_; ++s) {
      slots[s].value = values.uniform(s) < 0.5 ? 0 : 1;
      if (s == 0 || commands.uniform(2 * s) < settings_.store_probability) {
        slots[s].command = Command::store;
      } else if (commands.uniform(2 * s + 1) < settings_.recall_probability) {
        slots[s].command = Command::recall;
        recalls = true;
      }
    }
    if (!recalls) slots.back().command = Command::recall;
    return slots;
  }

  void write_trial(const std::vector<Slot>& slots, std::size_t b, TrialBatch& batch) const {
    GroupedInput input(batch.intensity.data() + b * slots_ * shape().inputs, group_size_);
    std::size_t stored = 0;
    std::size_t segment = 0;
    batch.length[b] = static_cast<std::int32_t>(batch.steps);
    for (std::size_t s = 0; s < slots_; ++s) {
      if (slots[s].command == Command::recall) {
        input.switch_on(recall_group, s, 1, on_probability_);
        std::fill_n(batch.segment.data() + b * batch.steps + s * slot_steps_, slot_steps_,
                    static_cast<std::int32_t>(segment));
        batch.target_class[b * batch.segments + segment++] = static_cast<std::int32_t>(stored);
        continue;
      }
      input.switch_on(slots[s].value, s, 1, on_probability_);
      if (slots[s].command == Command::store) {
        input.switch_on(store_group, s, 1, on_probability_);
        stored = slots[s].value;
      }
    }
  }

  StoreRecallSettings settings_;
  std::uint64_t seed_;
  std::size_t slots_, slot_steps_, group_size_;
  float on_probability_;  // per step
};

}  // namespace

std::unique_ptr<Task> make_store_recall(const StoreRecallSettings& settings, std::uint64_t seed, double dt) {
  return std::make_unique<StoreRecall>(settings, seed, dt);
}

}  // namespace spikeweave
