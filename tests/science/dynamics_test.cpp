// Networks that find their errors by their own dynamics, on real images: spec section H.

#include "tests/support/mnist.hpp"

namespace spikeweave {
namespace {

// Test error in percent after training on 10 000 images.
class MnistDynamics : public test::Mnist {};

TEST_F(MnistDynamics, PredictiveCoding) {
  EXPECT_LT(error("predictive_coding"), 7.0);
}
TEST_F(MnistDynamics, EquilibriumPropagation) {
  EXPECT_LT(error("equilibrium_propagation"), 9.0);
}

TEST_F(MnistDynamics, BurstsThroughTransposedWeights) {
  EXPECT_LT(error("bursts"), 9.0);
}
TEST_F(MnistDynamics, BurstsThroughRandomWeights) {
  const std::string way = "/network/projections/4/";
  EXPECT_LT(error("bursts", {way + "transpose_of=-1", way + "trainable=false", way + "scale=unit",
                             way + R"(weights={"distribution": "normal", "mean": 0, "std": 1})"}),
            20.0);
}

}  // namespace
}  // namespace spikeweave
