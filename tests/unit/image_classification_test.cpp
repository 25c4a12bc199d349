#include <gtest/gtest.h>

#include <filesystem>

#include "host/task/tasks.hpp"
#include "tests/support/idx_bytes.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/source_folder.hpp"
#include "tests/support/task_trials.hpp"

namespace spikeweave {
namespace {

// Four images of 2 x 3 pixels, of the classes 1, 0, 2, 1.
class ImageClassification : public ::testing::Test, protected ScratchFolder {
 protected:
  ImageClassification() {
    put("images",
        test::idx_bytes({4, 2, 3}, std::string("\x00\xff\x33\x01\x02\x03", 6) + "abcdef" + "ghijkl" + "mnopqr"));
    put("labels", test::idx_bytes({4}, std::string("\x01\x00\x02\x01", 4)));
  }

  std::unique_ptr<Task> make(const ImageClassificationSettings& settings) const {
    return make_image_classification(settings, path(""));
  }
  void expect_error(const ImageClassificationSettings& settings, const std::string& text) const {
    expect_input_error([&] { make(settings); }, text);
  }
};

const ImageSplit all{.images = "images", .labels = "labels"};
const ImageSplit last_two{.images = "images", .labels = "labels", .first = 2};

TEST_F(ImageClassification, ShowsAllPixelsAtOnce) {
  const auto task = make({.train = all, .test = last_two, .classes = 3, .frame_steps = 4});

  const TaskShape shape = task->shape();
  EXPECT_EQ(shape.inputs, 6u);
  EXPECT_EQ(shape.outputs, 3u);
  EXPECT_EQ(shape.max_steps, 4u);
  EXPECT_EQ(task->trial_count(Split::train), 4u);
  EXPECT_EQ(task->trial_count(Split::valid), 0u);
  EXPECT_EQ(task->trial_count(Split::test), 2u);
  const Trial trial = one_trial(*task, Split::train, 0);
  EXPECT_EQ(trial.intensity, (std::vector<float>{0.0f, 1.0f, 0.2f, static_cast<float>(1 / 255.0),
                                                 static_cast<float>(2 / 255.0), static_cast<float>(3 / 255.0)}));
  EXPECT_EQ(trial.segment, (std::vector<std::int32_t>{0, 0, 0, 0}));
  EXPECT_EQ(trial.target_class, (std::vector<std::int32_t>{1}));
  EXPECT_EQ(one_trial(*task, Split::test, 0), one_trial(*task, Split::train, 2));
  expect_pure(*task, Split::train, {3, 0, 2});
}

TEST_F(ImageClassification, ShowsOneRowAfterTheOther) {
  const auto task = make({.train = all,
                          .classes = 3,
                          .presentation = Presentation::rows,
                          .frame_steps = 2,
                          .window_steps = 3,
                          .black = -1.0,
                          .white = 4.0});

  EXPECT_EQ(task->shape().inputs, 3u);
  EXPECT_EQ(task->shape().max_steps, 4u);
  const Trial trial = one_trial(*task, Split::train, 0);
  ASSERT_EQ(trial.intensity.size(), 6u);  // two frames of three columns
  EXPECT_EQ(trial.intensity[0], -1.0f);
  EXPECT_EQ(trial.intensity[1], 4.0f);
  EXPECT_EQ(trial.intensity[2], 0.0f);
  EXPECT_FLOAT_EQ(trial.intensity[3], -1.0f + 5.0f / 255.0f);
  EXPECT_EQ(trial.segment, (std::vector<std::int32_t>{-1, 0, 0, 0}));
  expect_pure(*task, Split::train, {1, 3});
}

TEST_F(ImageClassification, CountsTheLargestOutput) {
  const auto task = make({.train = all, .classes = 3});
  const TrialBatch batch = batch_of(*task, Split::train, {0, 1});
  Score score;
  task->score(batch, {.loss = {0, 0}, .segment_output = {0, 1, 0, 0, 0, 1}, .state = {}, .spikes = {}}, score);

  EXPECT_EQ(score.metrics.at("accuracy").value(), 0.5);
}

TEST_F(ImageClassification, WhatDoesNotFitTogetherIsNamed) {
  expect_error({.train = all, .classes = 2}, path("labels") + ": byte 10: class 2; 0 to 1 are allowed (/task/classes)");
  expect_error({.train = {.images = "images", .labels = "labels", .first = 4}},
               "/task/train/first: recordings 4 to 4 of " + path("images") + "; it has 4");
  expect_error({.train = all, .test = {.images = "images", .labels = "labels", .first = 1, .count = 4}},
               "/task/test/count: recordings 1 to 4 of " + path("images") + "; it has 4");
  expect_error({.train = all, .window_steps = 2}, "/task/window_steps: 2 is more than the 1 steps of a trial");
  put("few", test::idx_bytes({3}, std::string(3, '\0')));
  expect_error({.train = {.images = "images", .labels = "few"}},
               path("few") + ": 3 labels of the 4 images in " + path("images"));
  put("wide", test::idx_bytes({4, 1, 6}, std::string(24, '\0')));
  expect_error({.train = all, .test = {.images = "wide", .labels = "labels"}},
               path("wide") + ": images of 1 x 6 pixels; those of " + path("images") + " have 2 x 3");
  expect_error({.train = {.images = "labels", .labels = "labels"}}, path("labels") + ": byte 0: 00 00 08 01; expected");
}

// The first digits, and the mean pixel that everyone normalises with, 0.1307.
TEST(Mnist, IsReadAsEveryoneReadsIt) {
  const std::string folder = test::source_folder() + "/../shared/data/mnist/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  const auto split = [&folder](const std::string& name) {
    return ImageSplit{.images = folder + name + "-images-idx3-ubyte.gz",
                      .labels = folder + name + "-labels-idx1-ubyte.gz"};
  };
  const auto task = make_image_classification({.train = split("train"), .test = split("t10k")}, "");

  EXPECT_EQ(task->trial_count(Split::train), 60000u);
  EXPECT_EQ(task->trial_count(Split::test), 10000u);
  const std::vector<std::int32_t> first{5, 0, 4, 1, 9, 2, 1, 3, 1, 4};
  const TrialBatch batch = batch_of(*task, Split::train, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  EXPECT_EQ(batch.target_class, first);
  double sum = 0.0;
  for (std::uint64_t id = 0; id < 60000; ++id) {
    for (const float p : batch_of(*task, Split::train, {id}).intensity) sum += p;
  }
  EXPECT_NEAR(sum / (784 * 60000.0), 0.13066, 0.00001);
}

}  // namespace
}  // namespace spikeweave
