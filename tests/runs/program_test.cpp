// The program as a person meets it: exit status, one line on stderr, files in the output folder.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string>

#include "host/config/result_json.hpp"
#include "tests/runs/program.hpp"

namespace spikeweave {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  return file_bytes(path.string());
}

class Program : public ProgramRun {
 protected:
  // A run of a shipped experiment, made short.
  std::string short_run(const std::string& name, const std::string& more = "") {
    return "run " + task(name) + " --backend cpu --out " + folder_.path(name) +
           " --set /training/epochs=1 --set /training/updates_per_epoch=2 " + more;
  }
  static std::string task(const std::string& name) { return std::string(SW_SOURCE_DIR) + "/tasks/" + name + ".json"; }
  fs::path output(const std::string& name, const std::string& file) const {
    return fs::path(folder_.path(name)) / file;
  }
};

TEST_F(Program, EveryShippedExperimentPassesCheck) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(std::string(SW_SOURCE_DIR) + "/tasks")) {
    if (entry.path().extension() != ".json") continue;
    const Outcome o = run("check " + entry.path().string());
    const fs::path folder = entry.path().parent_path().filename();
    const bool needs_files = folder == "mnist" || folder == "digits";  // which do not come with the program
    if (needs_files && o.status != 0) {
      EXPECT_NE(o.err.find("cannot open"), std::string::npos) << o.err;
    } else {
      EXPECT_EQ(o.status, 0) << entry.path() << ": " << o.err;
    }
    ++count;
  }
  EXPECT_GE(count, 7u);
}

TEST_F(Program, RunWritesResultAndCheckpointAndRepeatsBitForBitOnAnyNumberOfThreads) {
  const Outcome first = run(short_run("store_recall", "--threads 1"));
  ASSERT_EQ(first.status, 0) << first.err;
  const RunResult a = read_result(text_of(output("store_recall", "result.json")), "first");
  ASSERT_EQ(run(short_run("store_recall", "--threads 5")).status, 0);
  const RunResult b = read_result(text_of(output("store_recall", "result.json")), "second");

  EXPECT_TRUE(fs::exists(output("store_recall", "checkpoint.h5")));
  EXPECT_EQ(a.epochs.size(), 2u);
  EXPECT_TRUE(a.final.at("test").contains("accuracy"));
  EXPECT_EQ(a.digest, b.digest);
  EXPECT_EQ(a.final, b.final);
}

TEST_F(Program, RecordsWhatIsAskedFor) {
  const Outcome o = run(short_run("store_recall", "--set /recording/trials=2 --set '/recording/states=[\"v\",\"a\"]'"));
  EXPECT_EQ(o.status, 0) << o.err;
  EXPECT_TRUE(fs::exists(output("store_recall", "recording_epoch_1.h5")));
}

TEST_F(Program, PublishedFiguresArePrintedBesideThoseOfTheRun) {
  const Outcome o =
      run(short_run("store_recall",
                    "--set '/published=[{\"metric\": \"test/accuracy\", \"value\": 0.95, \"source\": \"a paper\"},"
                    " {\"metric\": \"test/speed\", \"value\": 2, \"source\": \"none\"}]'"));
  ASSERT_EQ(o.status, 0) << o.err;
  const RunResult result = read_result(text_of(output("store_recall", "result.json")), "result");

  const auto own = fmt::format("{:.5g}", result.final.at("test").at("accuracy"));
  const std::string table = std::regex_replace(o.out, std::regex(" +"), " ");  // the columns' widths do not matter
  EXPECT_NE(table.find(fmt::format("\n test/accuracy 0.95 {} a paper\n", own)), std::string::npos) << o.out;
  EXPECT_NE(table.find("\n test/speed 2 none none\n"), std::string::npos) << o.out;
  EXPECT_NE(o.err.find("/published/1/metric: the run has no test/speed; it has"), std::string::npos) << o.err;
}

TEST_F(Program, ResumeGivesTheBitsOfTheLongRun) {
  // The cosine of the shipped experiment is stretched with the number of epochs, so it is not what a longer run would
  // do.
  const std::string base = "run " + task("store_recall") +
                           " --backend cpu --set /training/updates_per_epoch=2 --set /training/schedule/kind=constant"
                           " --out ";
  const std::string longer = folder_.path("longer");
  const std::string split = folder_.path("split");
  ASSERT_EQ(run(base + longer + " --set /training/epochs=4").status, 0);
  ASSERT_EQ(run(base + split + " --set /training/epochs=2").status, 0);
  ASSERT_EQ(run(base + split + " --set /training/epochs=4 --resume").status, 0);

  const RunResult a = read_result(text_of(fs::path(longer) / "result.json"), "long");
  const RunResult b = read_result(text_of(fs::path(split) / "result.json"), "split");
  EXPECT_EQ(a.final, b.final);
  EXPECT_EQ(a.digest, b.digest);
  ASSERT_EQ(b.epochs.size(), 5u);
  for (std::size_t n = 0; n < 5; ++n)
    EXPECT_EQ(a.epochs[n].splits.at(n == 0 ? "valid" : "train"), b.epochs[n].splits.at(n == 0 ? "valid" : "train"));
}

TEST_F(Program, ResumeOfAnotherExperimentIsRefusedAndLosesNothing) {
  ASSERT_EQ(run(short_run("store_recall")).status, 0);
  const std::string before = text_of(output("store_recall", "result.json"));

  expect_one_line(run(short_run("store_recall", "--resume --set /optimizer/learning_rate=0.5")), 2,
                  "/optimizer/learning_rate");

  EXPECT_EQ(text_of(output("store_recall", "result.json")), before);
}

TEST_F(Program, BadInputIsOneLineAndStatusTwo) {
  expect_one_line(run("run /no/such/file.json"), 2, "/no/such/file.json");
  expect_one_line(run("check " + task("store_recall") + " --set /network/readout/tua=3"), 2, "did you mean \"tau\"");
  expect_one_line(run("check " + task("store_recall") + " --set /optimizer/learning_rate=-1"), 2,
                  "/optimizer/learning_rate: -1 is outside [0, inf)");
  expect_one_line(run("check " + task("jsb_chorales") + " --set /task/file=nothing.mat"), 2, "nothing.mat");
  expect_one_line(run("run " + task("store_recall") + " --out /proc/nowhere"), 2, "/proc/nowhere");
  expect_one_line(run(short_run("frame_classification", "--set /network/input/encoding=bernoulli")), 2,
                  "/network/input/encoding: the task gives the intensity");
  expect_one_line(run("describe model liff"), 2, "lif");
  expect_one_line(run("frobnicate"), 2, "frobnicate");
  expect_one_line(run(short_run("store_recall", "--resume")), 2, "no checkpoint");
}

TEST_F(Program, CudaWithoutADeviceIsBadInput) {
  if (std::getenv("SW_REQUIRE_CUDA") != nullptr) GTEST_SKIP() << "this machine has a GPU";
  if (run("devices").out.find("cuda 0") != std::string::npos) GTEST_SKIP() << "this machine has a GPU";
  expect_one_line(run("run " + task("store_recall") + " --backend cuda"), 2, "--backend cuda");
}

TEST_F(Program, SilentNetworkStopsAndLeavesNoResult) {
  const Outcome o = run(short_run("store_recall", "--set /network/projections/0/weights=0"));
  expect_one_line(o, 1, "population \"regular\" is silent");
  EXPECT_FALSE(fs::exists(output("store_recall", "result.json")));
  EXPECT_EQ(run(short_run("store_recall", "--set /network/projections/0/weights=0 --set /health/silent=warn")).status,
            0);
}

TEST_F(Program, SaturatedNetworkStops) {
  const std::string drive =
      "--set /network/projections/0/weights=50 --set /network/populations/0/neuron/refractory_steps=0";
  expect_one_line(run(short_run("store_recall", drive)), 1, "is saturated");
}

TEST_F(Program, DivergedNetworkStops) {
  const std::string wild =
      "--set /network/projections/2/high=1e38 --set /network/projections/2/low=-1e38 "
      "--set '/network/projections/2/weights=1e38'";
  const Outcome o = run(short_run("pattern_generation", wild));
  EXPECT_EQ(o.status, 1) << o.err;
  EXPECT_NE(o.err.find("diverged"), std::string::npos) << o.err;
}

TEST_F(Program, ReferenceOfTheSettingsIsUpToDate) {
  EXPECT_EQ(run("describe --settings").out, text_of(std::string(SW_SOURCE_DIR) + "/docs/settings.md"))
      << "spikeweave describe --settings > docs/settings.md";
}

TEST_F(Program, SelftestReproducesThePublishedLosses) {
  const Outcome o = run("selftest");
  EXPECT_EQ(o.status, 0) << o.out;
  EXPECT_NE(o.out.find(" 0 failed"), std::string::npos) << o.out;
}

}  // namespace
}  // namespace spikeweave
