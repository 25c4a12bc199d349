#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/record/hdf5_file.hpp"
#include "host/record/npy_file.hpp"
#include "host/task/tasks.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

using Shape = std::vector<std::size_t>;
using Classes = std::vector<std::int32_t>;

class Recorded : public ::testing::Test, protected ScratchFolder {
 protected:
  // Two trials of three frames with two channels: 0, 0.01, ..., 0.11; one output.
  Recorded() {
    put_array<float>("input.npy", {0.f, .01f, .02f, .03f, .04f, .05f, .06f, .07f, .08f, .09f, .1f, .11f}, {2, 3, 2});
    put_array<float>("target.npy", {0.f, .125f, .25f, .375f, .5f, .625f}, {2, 3, 1});
    put_array<std::int32_t>("trial_class.npy", {1, 0}, {2});
    put_array<std::int32_t>("frame_class.npy", {1, -1, 0, 2, 2, -1}, {2, 3});
    put_array<std::int32_t>("length.npy", {1, 3}, {2});
  }

  template <class T>
  void put_array(const std::string& name, const std::vector<T>& values, const Shape& shape) const {
    write_npy<T>(path(name), values, shape);
  }
  std::unique_ptr<Task> make(const RecordedSettings& settings) const { return make_recorded(settings, path("")); }
  void expect_error(const RecordedSettings& settings, const std::string& text) const {
    expect_input_error([&] { make(settings); }, text);
  }
};

const RecordedSplit real{.input = "input.npy", .target = "target.npy", .length = ""};
const RecordedSplit per_trial{.input = "input.npy", .target = "trial_class.npy", .length = ""};
const RecordedSplit per_frame{.input = "input.npy", .target = "frame_class.npy", .length = ""};

RecordedSplit with_length(RecordedSplit split) {
  split.length = "length.npy";
  return split;
}

TEST_F(Recorded, FramesOfRealTargetsAreSegmentsOfAllTheirSteps) {
  const auto task = make({.train = real, .frame_steps = 2});

  const Trial trial = one_trial(*task, Split::train, 1);

  EXPECT_EQ(task->shape().inputs, 2u);
  EXPECT_EQ(task->shape().outputs, 1u);
  EXPECT_EQ(task->shape().frame_steps, 2u);
  EXPECT_EQ(task->shape().max_steps, 6u);
  EXPECT_EQ(task->shape().loss, LossKind::squared_error);
  EXPECT_EQ(task->shape().encoding, Encoding::current);
  EXPECT_EQ(trial.intensity, (std::vector<float>{.06f, .07f, .08f, .09f, .1f, .11f}));
  EXPECT_EQ(trial.segment, (Classes{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(trial.target, (std::vector<double>{.375, .5, .625}));
}

TEST_F(Recorded, SplitsThatAreNotGivenHaveNoTrials) {
  const auto task = make({.train = real, .test = real});

  EXPECT_EQ(task->trial_count(Split::train), 2u);
  EXPECT_EQ(task->trial_count(Split::valid), 0u);
  EXPECT_EQ(task->trial_count(Split::test), 2u);
  EXPECT_THROW(one_trial(*task, Split::train, 2), Error);
}

TEST_F(Recorded, LengthsCutTrialsAndBatchesArePaddedToTheLongest) {
  const auto task = make({.train = with_length(real), .frame_steps = 2});

  const TrialBatch batch = batch_of(*task, Split::train, {1, 0});

  EXPECT_EQ(batch.length, (Classes{6, 2}));
  EXPECT_EQ(batch.segment, (Classes{0, 0, 1, 1, 2, 2, 0, 0, -1, -1, -1, -1}));
  EXPECT_EQ(batch.target, (std::vector<double>{.375, .5, .625, 0.0, 0.0, 0.0}));
  expect_padding_is_empty(*task, batch);
  EXPECT_EQ(batch_of(*task, Split::train, {0}).steps, 2u);
  EXPECT_EQ(task->shape().max_steps, 6u);
}

TEST_F(Recorded, ValuesBehindTheLengthAreNotLookedAt) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  put_array<float>("padded.npy", {1.f, 2.f, nan, nan, nan, nan, 0.f, 0.f, 0.f, 0.f, 0.f, 0.f}, {2, 3, 2});
  RecordedSplit split = with_length(real);
  split.input = "padded.npy";

  const TrialBatch batch = batch_of(*make({.train = split}), Split::train, {1, 0});

  EXPECT_EQ(batch.intensity, (std::vector<float>{0.f, 0.f, 0.f, 0.f, 0.f, 0.f, 1.f, 2.f, 0.f, 0.f, 0.f, 0.f}));
}

TEST_F(Recorded, OneClassPerTrialIsScoredInTheWindowAtItsEnd) {
  RecordedSettings settings{.train = with_length(per_trial), .frame_steps = 2, .loss = LossKind::softmax, .classes = 2};
  settings.window_steps = 2;

  const auto task = make(settings);
  const TrialBatch batch = batch_of(*task, Split::train, {0, 1});

  EXPECT_EQ(task->shape().outputs, 2u);
  EXPECT_EQ(batch.segments, 1u);
  EXPECT_EQ(batch.target_class, (Classes{1, 0}));
  EXPECT_EQ(batch.segment, (Classes{0, 0, -1, -1, -1, -1, -1, -1, -1, -1, 0, 0}));
}

TEST_F(Recorded, WithoutAWindowTheWholeTrialIsScored) {
  const auto task = make({.train = per_trial, .loss = LossKind::softmax, .classes = 2});

  EXPECT_EQ(one_trial(*task, Split::train, 0).segment, (Classes{0, 0, 0}));
}

TEST_F(Recorded, FramesOfClassMinusOneAreNotScored) {
  const auto task = make({.train = per_frame, .frame_steps = 2, .loss = LossKind::softmax, .classes = 3});

  const TrialBatch batch = batch_of(*task, Split::train, {0, 1});

  EXPECT_EQ(batch.segment, (Classes{0, 0, -1, -1, 2, 2, 0, 0, 1, 1, -1, -1}));
  EXPECT_EQ(batch.target_class, (Classes{1, -1, 0, 2, 2, -1}));
  Score score;
  task->score(batch, {.loss = {0.0, 0.0}, .segment_output = std::vector<float>(18, 0.f)}, score);
  EXPECT_EQ(score.metrics.at("accuracy").weight, 4.0);
  EXPECT_EQ(score.metrics.at("accuracy").sum, 1.0);  // equal outputs: class 0
  EXPECT_EQ(task->main_metric(), "accuracy");
  EXPECT_TRUE(task->larger_is_better());
}

TEST_F(Recorded, TrialOfClassMinusOneIsNotScored) {
  put_array<std::int32_t>("one.npy", {-1, 1}, {2});
  RecordedSplit split = per_trial;
  split.target = "one.npy";

  const auto task = make({.train = split, .loss = LossKind::softmax, .classes = 2});

  EXPECT_EQ(one_trial(*task, Split::train, 0).segment, (Classes{-1, -1, -1}));
  EXPECT_EQ(one_trial(*task, Split::train, 1).segment, (Classes{0, 0, 0}));
}

TEST_F(Recorded, RealTargetsAreScoredByTheLossAlone) {
  const auto task = make({.train = real});
  Score score;

  task->score(batch_of(*task, Split::train, {0}), {.loss = {1.0}, .segment_output = {0.f, 0.f, 0.f}}, score);

  EXPECT_TRUE(score.metrics.empty());
  EXPECT_EQ(task->main_metric(), "loss");
  EXPECT_FALSE(task->larger_is_better());
}

TEST_F(Recorded, EventsComeAsCounts) {
  put_array<float>("events.npy", {0, 1, 2, 255, 0, 0, 7, 0, 0, 0, 0, 1}, {2, 3, 2});
  RecordedSplit split = real;
  split.input = "events.npy";

  const auto task = make({.train = split, .encoding = Encoding::events});
  const Trial trial = one_trial(*task, Split::train, 0);

  EXPECT_EQ(task->shape().encoding, Encoding::events);
  EXPECT_EQ(trial.events, (std::vector<std::uint8_t>{0, 1, 2, 255, 0, 0}));
  EXPECT_TRUE(trial.intensity.empty());
}

TEST_F(Recorded, OneHdf5FileHoldsManyArrays) {
  Hdf5File file = Hdf5File::create(path("all.h5"));
  file.write<float>("train/x", std::vector<float>{1.f, 2.f}, {1, 2, 1});
  file.write<double>("train/y", std::vector<double>{3.0, 4.0}, {1, 2, 1});
  file.close();

  const auto task = make({.train = {.input = "all.h5:/train/x", .target = "all.h5:/train/y", .length = ""}});
  const Trial trial = one_trial(*task, Split::train, 0);

  EXPECT_EQ(trial.intensity, (std::vector<float>{1.f, 2.f}));
  EXPECT_EQ(trial.target, (std::vector<double>{3.0, 4.0}));
}

TEST_F(Recorded, TrialsArePure) {
  expect_pure(*make({.train = with_length(real)}), Split::train, {1, 0, 1});
  expect_pure(*make({.train = with_length(per_trial), .loss = LossKind::softmax, .classes = 2}), Split::train, {0, 1});
}

TEST_F(Recorded, ValuesThatTheEncodingDoesNotTakeAreErrors) {
  const auto expect_value_error = [&](float value, Encoding encoding, const std::string& text) {
    std::vector<float> values(12, 0.f);
    values[9] = value;  // trial 1, frame 1, channel 1
    put_array<float>("wrong.npy", values, {2, 3, 2});
    RecordedSplit split = real;
    split.input = "wrong.npy";
    expect_error({.train = split, .encoding = encoding}, text);
  };

  const std::string place = "/task/train/input: element [1, 1, 1] is ";
  expect_value_error(NAN, Encoding::current, place + "nan; allowed are finite numbers");
  expect_value_error(INFINITY, Encoding::current, place + "inf; allowed are finite numbers");
  expect_value_error(-0.5f, Encoding::bernoulli, place + "-0.5; allowed are probabilities in [0, 1]");
  expect_value_error(1.5f, Encoding::bernoulli, place + "1.5; allowed are probabilities in [0, 1]");
  expect_value_error(NAN, Encoding::bernoulli, place + "nan");
  expect_value_error(-1.f, Encoding::poisson, place + "-1; allowed are means in [0, 40]");
  expect_value_error(40.5f, Encoding::poisson, place + "40.5; allowed are means in [0, 40]");
  expect_value_error(0.5f, Encoding::events, "whole numbers 0 to 255");
  expect_value_error(256.f, Encoding::events, "element 9 is 256");
  expect_value_error(-1.f, Encoding::events, "/task/train/input: ");
}

TEST_F(Recorded, BoundsOfTheEncodingsAreAllowed) {
  const auto expect_value_allowed = [&](float value, Encoding encoding) {
    put_array<float>("edge.npy", std::vector<float>(12, value), {2, 3, 2});
    RecordedSplit split = real;
    split.input = "edge.npy";
    EXPECT_NO_THROW(make({.train = split, .encoding = encoding})) << value;
  };

  expect_value_allowed(0.f, Encoding::bernoulli);
  expect_value_allowed(1.f, Encoding::bernoulli);
  expect_value_allowed(40.f, Encoding::poisson);
  expect_value_allowed(255.f, Encoding::events);
  expect_value_allowed(std::numeric_limits<float>::lowest(), Encoding::current);
}

TEST_F(Recorded, TargetsThatTheLossDoesNotTakeAreErrors) {
  put_array<float>("nan.npy", {0.f, 0.f, 0.f, 0.f, NAN, 0.f}, {2, 3, 1});
  put_array<float>("two.npy", {0.f, 0.f, 0.f, 2.f, 0.f, 0.f}, {2, 3, 1});
  put_array<std::int32_t>("low.npy", {0, -2}, {2});
  put_array<std::int32_t>("none.npy", {-1, -1}, {2});
  put_array<float>("half.npy", {0.f, 0.5f}, {2});
  const auto with_target = [](const std::string& target, LossKind loss, int classes) {
    return RecordedSettings{
        .train = {.input = "input.npy", .target = target, .length = ""}, .loss = loss, .classes = classes};
  };

  expect_error(with_target("nan.npy", LossKind::squared_error, 0), "/task/train/target: element [1, 1, 0] is nan");
  expect_error(with_target("two.npy", LossKind::bernoulli, 0),
               "/task/train/target: element [1, 0, 0] is 2; allowed are probabilities in [0, 1] (loss bernoulli)");
  expect_error(with_target("frame_class.npy", LossKind::softmax, 2),
               "/task/train/target: element [1, 0] is 2; allowed are classes 0 to 1, and -1 for not scored");
  expect_error(with_target("low.npy", LossKind::softmax, 2), "/task/train/target: element 1 is -2; allowed");
  expect_error(with_target("none.npy", LossKind::softmax, 2), "/task/train/target: every element is -1");
  expect_error(with_target("half.npy", LossKind::softmax, 2), "/task/train/target: ");
}

TEST_F(Recorded, ShapesThatDoNotFitAreErrors) {
  put_array<float>("flat.npy", {0.f, 0.f}, {2, 1});
  put_array<float>("empty.npy", {}, {0, 3, 2});
  put_array<float>("short.npy", {0.f, 0.f, 0.f, 0.f}, {2, 2, 1});
  put_array<std::int32_t>("three.npy", {1, 1, 1}, {3});
  put_array<std::int32_t>("long.npy", {1, 4}, {2});
  put_array<std::int32_t>("zero.npy", {0, 3}, {2});
  const auto with = [](const std::string& input, const std::string& target, const std::string& length) {
    return RecordedSettings{.train = {.input = input, .target = target, .length = length}};
  };

  expect_error(with("flat.npy", "target.npy", ""), "/task/train/input: shape [2, 1] found; [trials, frames, channels]");
  expect_error(with("empty.npy", "target.npy", ""), "/task/train/input: shape [0, 3, 2] found");
  expect_error(with("input.npy", "short.npy", ""), "/task/train/target: shape [2, 2, 1] found; [2, 3, outputs]");
  expect_error(with("input.npy", "trial_class.npy", ""), "/task/train/target: shape [2] found");
  expect_error(with("input.npy", "target.npy", "three.npy"), "/task/train/length: shape [3] found; [2], as many");
  expect_error(with("input.npy", "target.npy", "long.npy"), "/task/train/length: element 1 is 4; allowed are 1 to 3");
  expect_error(with("input.npy", "target.npy", "zero.npy"), "/task/train/length: element 0 is 0; allowed are 1 to 3");
  expect_error(with("absent.npy", "target.npy", ""), "/task/train/input: ");
}

TEST_F(Recorded, SplitsHaveToAgree) {
  put_array<float>("wide.npy", std::vector<float>(18, 0.f), {2, 3, 3});
  put_array<float>("pair.npy", std::vector<float>(12, 0.f), {2, 3, 2});

  expect_error({.train = real, .valid = {.input = "wide.npy", .target = "target.npy", .length = ""}},
               "/task/valid/input: 3 channels found; those of train are 2");
  expect_error({.train = real, .test = {.input = "input.npy", .target = "pair.npy", .length = ""}},
               "/task/test/target: 2 outputs found; those of train are 1");
}

TEST_F(Recorded, WindowsHaveToFit) {
  RecordedSettings settings{.train = with_length(per_trial), .frame_steps = 2, .loss = LossKind::softmax, .classes = 2};
  settings.window_steps = 3;
  expect_error(settings, "/task/window_steps: 3 is more than the 2 steps of /task/train, trial 0");
  settings.train = per_frame;
  settings.classes = 3;
  expect_error(settings, "/task/window_steps: 3 is for one class per trial, but /task/train has one per frame");
}

TEST_F(Recorded, SettingsThatDoNotGoTogetherAreErrors) {
  expect_error({.train = real, .classes = 2}, "/task/classes: 2 is for loss softmax only");
  expect_error({.train = real, .window_steps = 1}, "/task/window_steps: 1 is for loss softmax only");
  expect_error({.train = real, .frame_steps = 2, .encoding = Encoding::events},
               "/task/frame_steps: 2; encoding events");
}

}  // namespace
}  // namespace spikeweave
