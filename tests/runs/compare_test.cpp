// `spikeweave compare` as a person meets it.

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "host/config/parse.hpp"
#include "host/record/hdf5_file.hpp"
#include "tests/runs/program.hpp"

namespace spikeweave {
namespace {

class Compare : public ProgramRun {
 protected:
  // Evidence accumulation, made small.
  std::string small(const std::string& learning) const {
    return "compare " + std::string(SW_SOURCE_DIR) +
           "/tasks/evidence_accumulation.json --backend cpu --set /task/cues=1 --set /task/delay_steps=50 "
           "--set /network/populations/0/size=20 --set /network/populations/1/size=15 --trials 3 "
           "--set /task/evaluation/valid=4 --set /task/evaluation/test=4 --set /training/epochs=2 "
           "--set /training/updates_per_epoch=2 --set /training/batch_size=3 --learning " +
           learning + " --out " + folder_.path("out") + " ";
  }
  Json result() const { return parse_json(file_bytes(folder_.path("out/result.json"))); }
};

TEST_F(Compare, TrainsTheSameNetworkUnderEveryRule) {
  const Outcome o = run(small("bptt,eprop/random,eprop/weight_mirror,readout_only") + "--no-picture");
  ASSERT_EQ(o.status, 0) << o.err << o.out;

  const Json runs = result()["runs"];
  ASSERT_EQ(runs.size(), 4u);
  for (const Json& one : runs) {
    EXPECT_NE(o.out.find(one["name"].get<std::string>()), std::string::npos);
    ASSERT_EQ(one["epochs"].size(), 3u) << one["name"];
    EXPECT_TRUE(one["epochs"][0]["train"].empty());
    EXPECT_TRUE(one["epochs"][2]["train"].contains("accuracy"));
    EXPECT_TRUE(one["epochs"][2]["valid"].contains("accuracy"));
    EXPECT_TRUE(one["final"]["test"].contains("accuracy"));
  }
  // From one seed: the same network before training.
  const std::string readout = "regular+adaptive -> output";
  EXPECT_LT(runs[0]["epochs"][0]["angle_errors"]["regular"], 1e-5);
  EXPECT_LT(runs[0]["epochs"][2]["angle_feedback"][readout], 1e-5);
  EXPECT_EQ(runs[0]["config"]["learning"]["rate_regularization"], runs[1]["config"]["learning"]["rate_regularization"]);
  EXPECT_GT(runs[0]["config"]["learning"]["rate_regularization"]["coefficient"], 0.0);
  EXPECT_GT(runs[1]["epochs"][0]["angle_errors"]["regular"], 60.0);
  EXPECT_GT(runs[1]["epochs"][0]["angle_updates"]["input -> regular+adaptive"], 45.0);
  EXPECT_GT(runs[1]["epochs"][0]["angle_feedback"][readout], 60.0);
  EXPECT_LT(runs[2]["epochs"][2]["angle_feedback"][readout], runs[2]["epochs"][0]["angle_feedback"][readout]);
  EXPECT_TRUE(runs[3]["epochs"][0]["angle_errors"].empty()) << "nothing but the readout learns";
  EXPECT_EQ(runs[2]["config"]["feedback"]["type"], "weight_mirror");

  const Hdf5File file = Hdf5File::open_read(folder_.path("out/compare.h5"));
  EXPECT_EQ(file.shape("/eprop-random/angle/errors"), (std::vector<std::size_t>{3, 2}));
  EXPECT_EQ(file.shape("/eprop-random/angle/feedback"), (std::vector<std::size_t>{3, 3}));
  EXPECT_EQ(file.shape("/eprop-random/valid/accuracy"), (std::vector<std::size_t>{3}));
  EXPECT_EQ(file.shape("/eprop-random/train/accuracy"), (std::vector<std::size_t>{3}));
  EXPECT_TRUE(std::isnan(file.read<double>("/bptt/angle/feedback").values[0]));  // from the input there is none
}

TEST_F(Compare, DrawsThePictureOrSaysWhatIsMissing) {
  const Outcome o = run(small("eprop,bptt") + "--quiet");
  if (o.status != 0) {
    EXPECT_NE(o.err.find("gnuplot"), std::string::npos) << o.err;
    GTEST_SKIP() << "no gnuplot";
  }
  EXPECT_EQ(o.out, "");
  EXPECT_EQ(file_bytes(folder_.path("out/compare.png")).substr(1, 3), "PNG");
}

TEST_F(Compare, AWrongRuleStopsBeforeAnythingRuns) {
  expect_one_line(run(small("bptt,kolen_polack")), 2,
                  "--learning: \"kolen_polack\" is not one of bptt feedback_alignment direct_feedback_alignment "
                  "sign_symmetric kolen_pollack weight_mirror eprop readout_only; did you mean \"kolen_pollack\"?");
  expect_one_line(run(small("eprop/randm")), 2, "/feedback/type: \"randm\" is not one of");
}

}  // namespace
}  // namespace spikeweave
