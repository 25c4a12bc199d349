// Simple sequences, learned by e-prop with a local signal; the gates of docs/stdp-from-eprop.md, on seed 1 of the
// experiments in tasks/science/.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/run_experiment.hpp"

namespace spikeweave {
namespace {

// Accuracy after so many presentations of the sequence.
double accuracy(const std::string& name, int presentations, std::vector<std::string> overrides = {},
                const std::string& metric = "accuracy") {
  overrides.push_back("/training/epochs=" + std::to_string(presentations));
  overrides.push_back("/training/evaluate_every=0");
  return test::run_experiment("science/" + name, overrides).final.at("test").at(metric);
}

TEST(SequencePrediction, LocalSignalLearnsTheOrder) {
  EXPECT_GE(accuracy("sequence_local_eprop", 20), .95);
}
TEST(SequencePrediction, FlippedSignalLearnsTheWrongOrder) {
  EXPECT_LT(accuracy("sequence_flipped", 20), .05);
}
TEST(SequencePrediction, UntrainedNetworkGuesses) {
  EXPECT_NEAR(accuracy("sequence_untrained", 1), 1.0 / 3.0, 1e-12);
}
// Specification: .99 after 20 presentations and .82 after 50, when the weights are at their bounds.
TEST(SequencePrediction, MembranePredictionLearnsTheOrder) {
  EXPECT_GE(accuracy("sequence_rule_a", 20), .95);
}
// Here the outputs learn; .99 after 20 presentations.
TEST(SequencePrediction, BroadcastErrorLearnsTheOrder) {
  EXPECT_GE(accuracy("sequence_global_eprop", 20), .90);
}
// B and C lie between A and D, and between E and F: after them only the element before tells D from F. A membrane of
// 20 ms has forgotten it two elements later (specification: such sequences need memory), one of 40 ms has not.
TEST(SequencePrediction, BranchIsToldWhenTheMembraneRemembersItsContext) {
  const std::vector<std::string> short_memory{"/network/populations/0/neuron/tau_m=20", "/learning/tau_prediction=20"};
  EXPECT_GE(accuracy("sequence_shared", 10, {}, "accuracy_after_3"), .65);
  EXPECT_NEAR(accuracy("sequence_shared", 10, short_memory, "accuracy_after_3"), .5, .13);  // 80 trials: 2.3 sd
  EXPECT_GE(accuracy("sequence_shared", 10, short_memory, "accuracy_after_2"), .95);
}

}  // namespace
}  // namespace spikeweave
