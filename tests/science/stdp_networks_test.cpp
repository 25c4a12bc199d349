// Short versions of published networks that learn by STDP; the full runs are commands (README, "Measured").

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/run_experiment.hpp"

namespace spikeweave {
namespace {

// Full: in the top 1 % of 80 000 synapses after 3600 s. Here 120 s with ten times the reward, which each pair of the
// synapse's cells brings, against the same network without any.
TEST(RewardedStdp, RewardsStrengthenTheSynapseTheyAreFor) {
  const std::vector<std::string> common{"/training/epochs=1", "/training/updates_per_epoch=120"};
  std::vector<std::string> with = common, without = common;
  with.emplace_back("/task/reward=5");
  without.emplace_back("/task/reward=0");

  const Metrics rewarded = test::run_experiment("science/rewarded_stdp", with).final.at("train");
  const Metrics idle = test::run_experiment("science/rewarded_stdp", without).final.at("train");

  EXPECT_GE(rewarded.at("rewards"), 3.0);
  EXPECT_LE(rewarded.at("rewards"), rewarded.at("coincidences"));
  EXPECT_GT(rewarded.at("synapse_weight"), 1.0);  // it starts at 0, the others at 1
  EXPECT_LT(rewarded.at("share_above"), 0.25);
  EXPECT_LT(idle.at("synapse_weight"), 0.5);
  EXPECT_GT(idle.at("share_above"), 0.9);
}

// Full: more than 55 % of the weights in the outer tenths after 1000 s, where they were 20 % at the start; the output
// rate changes by less than 30 % from 10 to 40 Hz. Here 100 s: at 10 Hz the weights still spread, at 40 Hz they have
// left the middle, and what the input rate did to the output is gone.
TEST(SongMillerAbbott, CompetitionMakesTheOutputIndependentOfTheInputRate) {
  const auto run_at = [](const std::string& rate) {
    return test::run_experiment("science/song_miller_abbott",
                                {"/task/rate=" + rate, "/training/epochs=5", "/training/updates_per_epoch=20"});
  };
  const auto output = [](const RunResult& result, std::size_t epoch) {
    return result.epochs[epoch].splits.at("train").at("rate_neuron");
  };
  const auto outer_tenths = [](const RunResult& result) {
    const Metrics& final = result.final.at("train");
    return final.at("weight_low_input_neuron") + final.at("weight_high_input_neuron");
  };

  const RunResult slow = run_at("10");
  const RunResult fast = run_at("40");

  EXPECT_GT(outer_tenths(slow), 0.25);
  EXPECT_GT(outer_tenths(fast), 0.55);
  EXPECT_GT(output(fast, 1), 2.0 * output(slow, 1));
  EXPECT_NEAR(output(fast, 5) / output(slow, 5), 1.0, 0.3);
}

}  // namespace
}  // namespace spikeweave
