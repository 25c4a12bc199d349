// `spikeweave gradcheck` as a person meets it.

#include <gtest/gtest.h>

#include <string>

#include "host/config/parse.hpp"
#include "host/record/hdf5_file.hpp"
#include "tests/runs/program.hpp"

namespace spikeweave {
namespace {

class Gradcheck : public ProgramRun {
 protected:
  // Evidence accumulation, made small.
  std::string small() const {
    return "gradcheck " + std::string(SW_SOURCE_DIR) +
           "/tasks/evidence_accumulation.json --backend cpu --set /task/cues=3 --set /task/delay_steps=100 "
           "--set /network/populations/0/size=20 --set /network/populations/1/size=20 --trials 3 "
           "--set /training/updates_per_epoch=2 ";
  }
  Json result() const { return parse_json(file_bytes(folder_.path("out/result.json"))); }
};

TEST_F(Gradcheck, ComparesBeforeAndAfterEveryEpoch) {
  const Outcome o = run(small() + "--epochs 2 --differences 3 --out " + folder_.path("out"));
  ASSERT_EQ(o.status, 0) << o.err << o.out;

  EXPECT_NE(o.out.find("input -> regular+adaptive"), std::string::npos) << o.out;
  const Json json = result();
  ASSERT_EQ(json["gradient_checks"].size(), 3u);
  for (std::size_t n = 0; n < 3; ++n) {
    const Json& check = json["gradient_checks"][n];
    EXPECT_EQ(check["epoch"], n);
    EXPECT_GT(check["rate"], 0.0);
    ASSERT_EQ(check["matrices"].size(), 3u);
    EXPECT_LT(check["matrices"][0]["cosine"], 0.999);  // random feedback
    EXPECT_NEAR(check["matrices"][2]["cosine"].get<double>(), 1.0, 1e-6);
  }
  EXPECT_NE(json["gradient_checks"][0]["matrices"][0]["cosine"], json["gradient_checks"][2]["matrices"][0]["cosine"]);
  ASSERT_EQ(json["finite_differences"].size(), 3u);
  EXPECT_LT(json["finite_differences"][1]["deviation"], 1e-4);
  EXPECT_EQ(json["config"]["training"]["epochs"], 2);
}

TEST_F(Gradcheck, ExportsWhatBothGradientsAreMadeOf) {
  const Outcome o = run(small() + "--quiet --export --out " + folder_.path("out"));
  ASSERT_EQ(o.status, 0) << o.err;
  EXPECT_EQ(o.out, "");

  const Hdf5File file = Hdf5File::open_read(folder_.path("out/gradcheck.h5"));
  const std::vector<std::size_t> spikes = file.shape("/engine/spikes");
  ASSERT_EQ(spikes.size(), 3u);
  EXPECT_EQ(spikes[0], 3u);
  EXPECT_EQ(spikes[2], 40u);
  EXPECT_EQ(file.shape("/engine/psi"), spikes);
  EXPECT_EQ(file.shape("/engine/learning_signal"), spikes);
  EXPECT_EQ(file.shape("/trials/events"), (std::vector<std::size_t>{3, spikes[1], 40}));
  EXPECT_EQ(file.shape("/projections/1/weight"), (std::vector<std::size_t>{40, 40}));
  EXPECT_EQ(file.shape("/projections/1/update"), (std::vector<std::size_t>{40, 40}));
  EXPECT_EQ(file.shape("/projections/1/gradient"), (std::vector<std::size_t>{40, 40}));
  EXPECT_EQ(file.shape("/neurons/alpha"), (std::vector<std::size_t>{40}));
  EXPECT_EQ(file.integer_attribute("/projections/1", "delay"), 1);
  EXPECT_FLOAT_EQ(file.read<float>("/neurons/reset").values[0], 0.6f);
}

TEST_F(Gradcheck, NamesWhatItCannotDo) {
  expect_one_line(run(small() + "--export"), 2, "--export: needs a folder: --out");
  expect_one_line(run(small() + "--set /training/carry_state=true"), 2, "/training/carry_state: true");
  expect_one_line(run("gradcheck " + std::string(SW_SOURCE_DIR) + "/tasks/science/rewarded_stdp.json"), 2,
                  "/training/carry_state: true");
  expect_one_line(run("gradcheck " + std::string(SW_SOURCE_DIR) + "/tasks/science/energy_learning.json"), 2,
                  "no true gradient: /");
}

}  // namespace
}  // namespace spikeweave
