// Experiment files with settings from the command line.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/config/reader.hpp"
#include "spikeweave/core/error.hpp"
#include "tests/support/small_experiment.hpp"

namespace spikeweave {
namespace {

class LoadExperiment : public ::testing::Test {
 protected:
  LoadExperiment() { std::ofstream(path_) << small_experiment; }
  ~LoadExperiment() override { std::filesystem::remove(path_); }

  Experiment load(const std::vector<std::string>& overrides) const { return load_experiment(path_, overrides); }
  // The text of the error without the name of the temporary file.
  std::string error(const std::string& override) const {
    std::string text = error_of([&] { load({override}); });
    if (text.starts_with(path_)) text.replace(0, path_.size(), "FILE");
    return text;
  }

 private:
  std::string path_ =
      (std::filesystem::path(::testing::TempDir()) /
       (std::string("load_experiment_") + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".json"))
          .string();
};

TEST_F(LoadExperiment, OverridesReplaceAddAndAppendInOrder) {
  const Experiment e =
      load({"/seed=5", "/seed=6", "/training/schedule/kind=cosine", "/network/projections/0/scale=\"unit\"",
            "/network/populations/1={\"name\": \"b\", \"size\": 3}", "/network/populations/1/size=4", "/title=a=b"});

  EXPECT_EQ(e.seed, 6u);
  EXPECT_EQ(e.training.schedule.kind, ScheduleKind::cosine);
  EXPECT_EQ(e.network.projections[0].scale, WeightScale::unit);
  EXPECT_EQ(e.network.populations.at(1).name, "b");
  EXPECT_EQ(e.network.populations.at(1).size, 4);
  EXPECT_EQ(e.title, "a=b");
}

TEST_F(LoadExperiment, OverrideIsCheckedLikeTheFile) {
  EXPECT_EQ(error("/seed=abc"), "FILE: /seed: expected a whole number, found \"abc\"");
  EXPECT_EQ(
      error("/training/epoch=3"),
      "FILE: /training/epoch: unknown key; did you mean \"epochs\"? known keys are batch_size carry_state clip_norm "
      "compare_readout_only epochs evaluate_every evaluation_batch parameter_average reduction schedule "
      "select_best slice slice_steps update updates_per_epoch");
}

TEST_F(LoadExperiment, BadPointerIsAnErrorThatNamesTheOption) {
  EXPECT_EQ(error("seed=1"), "--set seed=1: expected /json/pointer=value, e.g. /training/epochs=10");
  EXPECT_EQ(error("/seed"), "--set /seed: expected /json/pointer=value, e.g. /training/epochs=10");
  EXPECT_EQ(error("/task/type/x=1"),
            "--set /task/type/x=1: /task/type is \"pattern_generation\"; only an object or a list has \"x\"");
  EXPECT_EQ(error("/network/populations/2/size=1"),
            "--set /network/populations/2/size=1: /network/populations is a list of 1; \"2\" is no index of it");
  EXPECT_EQ(error("/network/populations/-1/size=1"),
            "--set /network/populations/-1/size=1: /network/populations is a list of 1; \"-1\" is no index of it");
  EXPECT_EQ(error("/a~2=1"), "--set /a~2=1: in a JSON pointer ~ stands only in ~0 (~) and ~1 (/)");
  EXPECT_EQ(error("/title=\xff"), "--set /title=\xff: the value is not UTF-8");
}

TEST_F(LoadExperiment, MissingFileIsAnError) {
  EXPECT_EQ(error_of([] { load_experiment("/no/such.json"); }),
            "/no/such.json: cannot be read: No such file or directory");
}

}  // namespace
}  // namespace spikeweave
