// Images as sequences of rows, from files, learned by a recurrent network.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/train/trainer.hpp"
#include "tests/support/idx_bytes.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/source_folder.hpp"

namespace spikeweave {
namespace {

constexpr std::uint32_t image_count = 256, side = 8;

// Two classes: a bright bar in the upper or in the lower half, over noise. Only its row tells which.
class ImageRows : public ::testing::Test, protected ScratchFolder {
 protected:
  ImageRows() {
    const RandomStream draw(1, Purpose::task);
    std::string pixels, labels;
    for (std::uint32_t n = 0; n < image_count; ++n) {
      const bool lower = draw.uniform(n * 100 + 99) < 0.5;
      const auto bar = static_cast<std::uint32_t>(draw.uniform(n * 100 + 98) * 4) + (lower ? 4 : 0);
      for (std::uint32_t i = 0; i < side * side; ++i) {
        const double level = (i / side == bar ? 200.0 : 0.0) + 50.0 * draw.uniform(n * 100 + i);
        pixels.push_back(static_cast<char>(static_cast<unsigned char>(level)));
      }
      labels.push_back(lower ? '\1' : '\0');
    }
    put("images", test::idx_bytes({image_count, side, side}, pixels));
    put("labels", test::idx_bytes({image_count}, labels));
    put("rows.json", R"({
  "task": {
    "type": "image_classification", "classes": 2, "presentation": "rows", "frame_steps": 4, "window_steps": 4,
    "train": {"images": "images", "labels": "labels", "count": 192},
    "test": {"images": "images", "labels": "labels", "first": 192}
  },
  "network": {
    "populations": [{"name": "a", "size": 40, "neuron": {"model": "alif", "tau_m": 10, "v_threshold": 0.5, "beta": 0.2}}],
    "projections": [{"from": "input", "to": "a"}, {"from": "a", "to": "a"}, {"from": "a", "to": "output"}]
  },
  "learning": {"rule": "eprop"},
  "feedback": {"type": "random"},
  "optimizer": {"type": "adam", "learning_rate": 0.01},
  "training": {"epochs": 40, "batch_size": 16, "evaluate_every": 0, "select_best": false}
})");
  }
};

TEST_F(ImageRows, AreLearned) {
  const Experiment experiment = load_experiment(path("rows.json"));
  const auto backend = make_cpu_backend<float>();
  RunObserver silent;
  Trainer<float> trainer(*backend, experiment, path(""), silent);
  while (!trainer.finished()) trainer.run_epoch();
  trainer.finish();

  EXPECT_LT(trainer.result().epochs.front().splits.at("test").at("accuracy"), 0.75);
  EXPECT_GT(trainer.result().final.at("test").at("accuracy"), 0.9);
}

// The next batch is read while this one is learned: what fails there stops the run.
TEST_F(ImageRows, ThatAreCutOffDuringTheRunStopIt) {
  const Experiment experiment = load_experiment(path("rows.json"));
  const auto backend = make_cpu_backend<float>();
  RunObserver silent;
  Trainer<float> trainer(*backend, experiment, path(""), silent);
  trainer.run_epoch();
  std::filesystem::resize_file(path("images"), 16 + 30 * side * side);

  try {
    trainer.run_epoch();
    ADD_FAILURE() << "no error";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find(path("images") + ": cannot read at byte "), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace spikeweave
