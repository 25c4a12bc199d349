// `spikeweave bench` and `spikeweave plan` as a person meets them.

#include <gtest/gtest.h>

#include <string>

#include "host/config/parse.hpp"
#include "tests/runs/program.hpp"

namespace spikeweave {
namespace {

class Speed : public ProgramRun {
 protected:
  static std::string small(const std::string& command) {
    return command + " " + std::string(SW_SOURCE_DIR) +
           "/tasks/evidence_accumulation.json --backend cpu --set /task/cues=3 --set /task/delay_steps=100 "
           "--set /training/batch_size=4 ";
  }
};

TEST_F(Speed, BenchChecksTheGradientAndTimesEveryPart) {
  const Outcome o = run(small("bench") + "--iterations 3 --json " + folder_.path("bench.json"));
  ASSERT_EQ(o.status, 0) << o.err;

  EXPECT_NE(o.out.find("of its largest element from the textbook form"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("synapse-steps/s"), std::string::npos) << o.out;
  const Json json = parse_json(file_bytes(folder_.path("bench.json")));
  EXPECT_LE(json["gradient_difference"], 1e-5);
  EXPECT_GT(json["spikes_per_step"], 0.0);
  EXPECT_EQ(json["synapses"], 40 * 100 + 100 * 100 + 100 * 2);
  ASSERT_EQ(json["parts"].size(), 5u);
  for (const Json& part : json["parts"]) EXPECT_EQ(part["wall_seconds"].size(), 3u) << part["name"];
  // 40 + 6 * 100 + 8 * 2 bytes for each of 4 * 700 trial steps, and the parameters.
  EXPECT_EQ(json["parts"][1]["bytes"], 4 * 700 * (40 + 600 + 16) + 4 * 14200);
}

TEST_F(Speed, BenchTimesBackPropagationWithoutATextbookForm) {
  const Outcome o = run(small("bench") + "--set '/feedback={\"type\":\"symmetric\"}' --set /learning/rule=bptt " +
                        "--iterations 2 --json " + folder_.path("bench.json"));
  ASSERT_EQ(o.status, 0) << o.err;

  EXPECT_NE(o.out.find("gradient: not checked, bptt has no textbook form"), std::string::npos) << o.out;
  const Json json = parse_json(file_bytes(folder_.path("bench.json")));
  EXPECT_FALSE(json.contains("gradient_difference"));
  EXPECT_EQ(json["parts"].size(), 5u);
}

TEST_F(Speed, BenchTimesNoRuleWithoutAGradient) {
  expect_one_line(run(small("bench") + "--set /training/batch_size=1 --set '/learning={\"rule\":\"pair_stdp\"}'"), 2,
                  "/learning/rule: \"pair_stdp\" has no gradient to time");
}

TEST_F(Speed, PlanSaysWhatARunWouldNeed) {
  const Outcome o = run(small("plan"));
  ASSERT_EQ(o.status, 0) << o.err;
  EXPECT_NE(o.out.find("spikes (/training/batch_size, /network/populations)"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("a batch of 4 fits"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find("forward pass: a trial per thread"), std::string::npos) << o.out;
  EXPECT_NE(o.out.find(" ms of CPU time"), std::string::npos) << o.out;
}

TEST_F(Speed, WhatDoesNotFitSaysSoAndNamesPlan) {
  const std::string huge = "--set /network/populations/0/size=500000 ";
  const Outcome o = run(small("plan") + huge);
  ASSERT_EQ(o.status, 0) << o.err;
  EXPECT_NE(o.out.find("at most 0 trials at once; a batch of 4 does not fit"), std::string::npos) << o.out;

  expect_one_line(run(small("run") + huge + "--out " + folder_.path("out")), 1, "`spikeweave plan` says what fits");
}

}  // namespace
}  // namespace spikeweave
