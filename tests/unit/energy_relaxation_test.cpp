// The task energy_relaxation: phases, clamps, scores.
#include <gtest/gtest.h>

#include <cmath>

#include "host/task/tasks.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

EnergyRelaxationSettings two_phases() {
  EnergyRelaxationSettings settings;
  settings.inputs = 2;
  settings.visible = 3;
  settings.patterns = 4;
  settings.low = -0.5;
  settings.high = 0.5;
  settings.phases = {{"free", 9, false}, {"clamped", 6, true}};
  return settings;
}

TEST(EnergyRelaxation, AFrameIsTheLongestStretchThatEveryPhaseIsAWholeNumberOf) {
  const TaskShape shape = make_energy_relaxation(two_phases())->shape();

  EXPECT_EQ(shape.frame_steps, 3u);  // of 9 and 6
  EXPECT_EQ(shape.max_steps, 15u);
  EXPECT_EQ(shape.cells, 3u);
  EXPECT_EQ(shape.inputs, 2u);
  EXPECT_EQ(shape.outputs, 0u);
  EXPECT_EQ(make_energy_relaxation(two_phases())->main_metric(), "distance_clamped");
}

TEST(EnergyRelaxation, ClampsTheVisibleUnitsInClampPhasesOnly) {
  const auto task = make_energy_relaxation(two_phases());
  const TrialBatch batch = batch_of(*task, Split::test, {1, 5, 2});  // 1 and 5 show pattern 1

  ASSERT_EQ(batch.clamp.size(), 3u * 5u * 3u);
  for (std::size_t b = 0; b < 3; ++b) {
    EXPECT_EQ(batch.length[b], 15);
    for (std::size_t frame = 0; frame < 5; ++frame) {
      for (std::size_t i = 0; i < 3; ++i) {
        const float clamp = batch.clamp[(b * 5 + frame) * 3 + i];
        if (frame < 3) {
          EXPECT_TRUE(std::isnan(clamp));
        } else {
          EXPECT_GE(clamp, -0.5f);
          EXPECT_LE(clamp, 0.5f);
          EXPECT_EQ(clamp, batch.clamp[(b * 5 + 3) * 3 + i]) << "changes within the phase";
          if (b == 1) {
            EXPECT_EQ(clamp, batch.clamp[frame * 3 + i]) << "the same pattern";
          }
          if (b == 2) {
            EXPECT_NE(clamp, batch.clamp[frame * 3 + i]) << "another pattern";
          }
        }
      }
    }
  }
  EXPECT_EQ(batch.intensity[0], batch.intensity[4 * 2]);  // inputs hold for all phases
  EXPECT_TRUE(batch.forced.empty());
}

TEST(EnergyRelaxation, ScoresEachPhaseByDistanceAndChange) {
  EnergyRelaxationSettings settings = two_phases();
  settings.visible = 1;
  settings.inputs = 0;
  settings.low = settings.high = 0.25;
  settings.phases = {{"free", 3, false}, {"clamped", 2, true}};
  const auto task = make_energy_relaxation(settings);
  const TrialBatch batch = batch_of(*task, Split::test, {0});
  TrialResult result;
  result.state = {0.0f, 0.5f, 1.0f, 0.75f, 0.5f};

  Score score;
  task->score(batch, result, score);

  auto values = score.values();
  EXPECT_DOUBLE_EQ(values["distance_free"], 0.75);     // |1 - 0.25|
  EXPECT_DOUBLE_EQ(values["distance_clamped"], 0.25);  // |0.5 - 0.25|
  EXPECT_DOUBLE_EQ(values["change_free"], 0.25);       // (0.25 + 0.25) / 2
  EXPECT_DOUBLE_EQ(values["change_clamped"], 0.0625);  // (0.0625 + 0.0625) / 2
}

TEST(EnergyRelaxation, IsPure) {
  const auto task = make_energy_relaxation(two_phases());
  const Trial one = one_trial(*task, Split::train, 7);

  EXPECT_TRUE(one == one_trial(*task, Split::train, 7));
}

}  // namespace
}  // namespace spikeweave
