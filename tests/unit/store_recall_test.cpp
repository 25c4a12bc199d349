#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "host/task/tasks.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

constexpr std::uint64_t seed = 3;

// Which groups (bit 0 value 0, 1 value 1, 2 store, 3 recall) are on in each slot; group_size 1.
std::vector<unsigned> slot_groups(const Trial& trial) {
  std::vector<unsigned> slots(trial.intensity.size() / 4, 0u);
  for (std::size_t i = 0; i < trial.intensity.size(); ++i) {
    if (trial.intensity[i] > 0.f) slots[i / 4] |= 1u << (i % 4);
  }
  return slots;
}

StoreRecallSettings small() {
  return {.slot_steps = 3, .group_size = 1};
}

std::vector<Trial> trials_of(const StoreRecallSettings& settings, std::size_t count) {
  const auto task = make_store_recall(settings, seed, 1.0);
  std::vector<std::uint64_t> ids(count);
  std::iota(ids.begin(), ids.end(), 0u);
  const TrialBatch batch = batch_of(*task, Split::train, ids);
  std::vector<Trial> trials;
  for (std::size_t b = 0; b < count; ++b) trials.push_back(trial_of(task->shape(), batch, b));
  return trials;
}

constexpr unsigned store = 4, recall = 8;

TEST(StoreRecall, ShapeIsThatOfTheSettings) {
  const auto task = make_store_recall({}, seed, 1.0);

  const TrialBatch batch = batch_of(*task, Split::train, {0, 1});

  EXPECT_EQ(task->shape().inputs, 40u);
  EXPECT_EQ(task->shape().outputs, 2u);
  EXPECT_EQ(task->shape().frame_steps, 100u);
  EXPECT_EQ(task->shape().max_steps, 1200u);
  EXPECT_EQ(task->shape().loss, LossKind::softmax);
  EXPECT_EQ(task->shape().encoding, Encoding::bernoulli);
  EXPECT_EQ(batch.intensity.size(), 2u * 12 * 40);
  EXPECT_EQ(batch.target_class.size(), 2 * batch.segments);
}

TEST(StoreRecall, GroupsOfASlotAreOnWithTheirRate) {
  const Trial trial = one_trial(*make_store_recall({.group_size = 3}, seed, 2.0), Split::train, 0);

  std::size_t on = 0;
  for (std::size_t i = 0; i < trial.intensity.size(); ++i) {
    EXPECT_EQ(trial.intensity[i], trial.intensity[i / 3 * 3]) << "channels of a group are alike, " << i;
    EXPECT_TRUE(trial.intensity[i] == 0.f || trial.intensity[i] == 0.1f) << trial.intensity[i];  // 50 Hz at 2 ms
    on += trial.intensity[i] > 0.f;
  }
  EXPECT_GE(on, 12u * 3);  // a value, or recall, in each of the 12 slots
}

TEST(StoreRecall, EverySlotShowsAValueOrRecallsAndTheFirstStores) {
  for (const Trial& trial : trials_of(small(), 500)) {
    const std::vector<unsigned> slots = slot_groups(trial);
    ASSERT_EQ(slots.size(), 12u);
    EXPECT_TRUE(slots[0] == (store | 1u) || slots[0] == (store | 2u)) << slots[0];
    for (const unsigned slot : slots) {
      const std::vector<unsigned> allowed{1u, 2u, store | 1u, store | 2u, recall};
      EXPECT_TRUE(std::count(allowed.begin(), allowed.end(), slot) == 1) << slot;
    }
  }
}

TEST(StoreRecall, SegmentsAreTheRecallingSlotsWithTheValueStoredLast) {
  for (const Trial& trial : trials_of(small(), 500)) {
    const std::vector<unsigned> slots = slot_groups(trial);
    std::vector<std::int32_t> segment(12 * 3, -1);
    std::vector<std::int32_t> target_class;
    std::int32_t stored = -1;
    for (std::size_t s = 0; s < 12; ++s) {
      if ((slots[s] & store) != 0) stored = (slots[s] & 2u) != 0 ? 1 : 0;
      if (slots[s] != recall) continue;
      const auto index = static_cast<std::int32_t>(target_class.size());
      std::fill_n(segment.begin() + static_cast<std::ptrdiff_t>(3 * s), 3, index);
      target_class.push_back(stored);
    }
    EXPECT_EQ(trial.segment, segment);
    EXPECT_EQ(trial.target_class, target_class);
    EXPECT_FALSE(target_class.empty());
  }
}

TEST(StoreRecall, TrialWithoutRecallIsMadeToRecallInItsLastSlot) {
  StoreRecallSettings settings = small();
  settings.recall_probability = 0.0;
  settings.store_probability = 1.0;

  for (const Trial& trial : trials_of(settings, 20)) {
    const std::vector<unsigned> slots = slot_groups(trial);
    for (std::size_t s = 0; s < 11; ++s) EXPECT_NE(slots[s] & store, 0u) << s;
    EXPECT_EQ(slots[11], recall);
    EXPECT_EQ(trial.target_class, std::vector<std::int32_t>{(slots[10] & 2u) != 0 ? 1 : 0});
  }
}

// Slots 1..10, which are never made to recall. 40000 slots: store 1/6, recall 5/6 * 1/6, value 1 in half of the others.
// Bounds are five standard deviations, sqrt(p (1 - p) / n).
TEST(StoreRecall, SlotsHaveTheirFrequencies) {
  double stores = 0.0, recalls = 0.0, ones = 0.0, values = 0.0;
  for (const Trial& trial : trials_of(small(), 4000)) {
    const std::vector<unsigned> slots = slot_groups(trial);
    for (std::size_t s = 1; s < 11; ++s) {
      stores += (slots[s] & store) != 0;
      recalls += slots[s] == recall;
      values += slots[s] != recall;
      ones += (slots[s] & 2u) != 0;
    }
  }

  EXPECT_NEAR(stores / 40000.0, 1.0 / 6.0, 0.0094);
  EXPECT_NEAR(recalls / 40000.0, 5.0 / 36.0, 0.0087);
  EXPECT_NEAR(ones / values, 0.5, 0.0135);
}

TEST(StoreRecall, BatchesArePaddedToTheMostRecalls) {
  const auto task = make_store_recall(small(), seed, 1.0);
  const TrialBatch batch = batch_of(*task, Split::train, {0, 1, 2, 3, 4, 5, 6, 7});

  std::size_t most = 0;
  for (std::size_t b = 0; b < 8; ++b) {
    const Trial trial = trial_of(task->shape(), batch, b);
    most = std::max(most, trial.target_class.size());
    for (std::size_t s = trial.target_class.size(); s < batch.segments; ++s) {
      EXPECT_EQ(batch.target_class[b * batch.segments + s], -1);
    }
  }
  EXPECT_EQ(batch.segments, most);
}

TEST(StoreRecall, TrialsArePure) {
  const auto task = make_store_recall({}, seed, 1.0);

  expect_pure(*task, Split::train, {9, 0, 77, 9, 12345678901234567u});
  expect_pure(*task, Split::valid, {63, 3});
}

TEST(StoreRecall, SeedsAndSplitsDiffer) {
  const auto input = [](std::uint64_t s, Split split) {
    return batch_of(*make_store_recall({}, s, 1.0), split, {0, 1, 2, 3, 4, 5}).intensity;
  };

  EXPECT_NE(input(3, Split::train), input(4, Split::train));
  EXPECT_NE(input(3, Split::train), input(3, Split::valid));
  EXPECT_NE(input(3, Split::valid), input(3, Split::test));
}

TEST(StoreRecall, AccuracyCountsEveryRecall) {
  const auto task = make_store_recall({}, seed, 1.0);
  const TrialBatch batch = batch_of(*task, Split::train, {0, 1, 2, 3});
  const auto recalls = static_cast<double>(
      std::count_if(batch.target_class.begin(), batch.target_class.end(), [](std::int32_t c) { return c >= 0; }));
  std::vector<float> output(batch.target_class.size() * 2, 0.f);
  for (std::size_t i = 0; i < batch.target_class.size(); ++i)
    output[2 * i + 1] = batch.target_class[i] == 1 ? 1.f : -1.f;
  output[0] = 2.f;  // makes the first recall class 0
  Score score;

  task->score(batch, {.loss = std::vector<double>(4), .segment_output = output}, score);

  EXPECT_EQ(task->main_metric(), "accuracy");
  EXPECT_TRUE(task->larger_is_better());
  EXPECT_EQ(score.metrics.at("accuracy").weight, recalls);
  EXPECT_EQ(score.metrics.at("accuracy").sum, recalls - batch.target_class[0]);
}

TEST(StoreRecall, RateAboveOneSpikePerStepIsAnError) {
  expect_input_error([] { make_store_recall({.rate = 1001.0}, seed, 1.0); }, "/task/rate: 1001 Hz at dt 1 ms");
}

}  // namespace
}  // namespace spikeweave
