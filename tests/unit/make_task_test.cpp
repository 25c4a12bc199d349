#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/record/npy_file.hpp"
#include "host/task/tasks.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

class MakeTask : public ::testing::Test, protected ScratchFolder {};

TEST_F(MakeTask, EveryKindOfSettingsMakesItsTask) {
  write_npy<float>(path("x.npy"), std::vector<float>(2, 0.f), {1, 2, 1});
  const RecordedSplit split{.input = "x.npy", .target = "x.npy", .length = ""};
  const std::string chorales = SW_SOURCE_DIR "/tasks/data/JSB_Chorales.mat";
  const auto inputs = [&](const TaskSettings& settings) {
    return make_task(settings, 1, path(""), 1.0)->shape().inputs;
  };

  EXPECT_EQ(inputs({PianoRollSettings{.file = chorales}}), 88u);
  EXPECT_EQ(inputs({PatternGenerationSettings{.inputs = 3}}), 3u);
  EXPECT_EQ(inputs({EvidenceAccumulationSettings{.group_size = 5}}), 20u);
  EXPECT_EQ(inputs({StoreRecallSettings{.group_size = 6}}), 24u);
  EXPECT_EQ(inputs({SequencePredictionSettings{}}), 0u);
  EXPECT_EQ(inputs({FrameClassificationSettings{.features = 7}}), 7u);
  EXPECT_EQ(inputs({EnergyRelaxationSettings{.inputs = 8, .phases = {{"free", 3}}}}), 8u);
  EXPECT_EQ(inputs({BackgroundSettings{.inputs = 8}}), 8u);
  EXPECT_EQ(inputs({RewardedPairingSettings{}}), 0u);
  EXPECT_EQ(inputs({LogicGateSettings{}}), 0u);
  EXPECT_EQ(inputs({RecordedSettings{.train = split}}), 1u);
  EXPECT_EQ(inputs({TeacherRegressionSettings{.inputs = 6}}), 6u);
  EXPECT_EQ(inputs({NoiseClassificationSettings{.inputs = 9}}), 9u);
  EXPECT_EQ(inputs({PatternClassificationSettings{.patterns = {{{1, 0, 1}, 1}}}}), 3u);
  put("images", std::string("\0\0\x08\x03\0\0\0\x01\0\0\0\x02\0\0\0\x01xy", 18));
  put("labels", std::string("\0\0\x08\x01\0\0\0\x01\0", 9));
  EXPECT_EQ(inputs({ImageClassificationSettings{.train = {.images = "images", .labels = "labels"}}}), 2u);
}

TEST_F(MakeTask, SeedAndStepReachTheTask) {
  const TaskSettings settings{StoreRecallSettings{}};
  const auto input = [&](std::uint64_t seed, double dt) {
    return one_trial(*make_task(settings, seed, "", dt), Split::train, 0).intensity;
  };

  EXPECT_EQ(input(1, 1.0), input(1, 1.0));
  EXPECT_NE(input(1, 1.0), input(2, 1.0));
  EXPECT_NE(input(1, 1.0), input(1, 0.5));
}

TEST_F(MakeTask, TrialsBeyondTheRangeOfLengthsAreAnError) {
  expect_input_error(
      [] { make_task({FrameClassificationSettings{.frames = 1000000, .frame_steps = 3000}}, 1, "", 1.0); },
      "/task: a trial of 3000000000 steps; at most 2147483647 are allowed");
}

}  // namespace
}  // namespace spikeweave
