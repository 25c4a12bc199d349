// Energy, residual, change and prediction error of two units, by hand.
#include "spikeweave/train/energy_metrics.hpp"

#include <gtest/gtest.h>

#include <string>

namespace spikeweave {
namespace {

// Two units, beta1 = -0.5, epsilon = 0.5, W = 0.4 both ways, one input of 1 with the weights 0.1 and -0.2 as biases.
Network two_units(double delay = 0.0, Encoding encoding = Encoding::current) {
  NetworkSettings settings;
  EnergyUnitParams<Distribution> unit;
  unit.epsilon = 0.5;
  settings.populations = {{"units", 2, {}}};
  settings.populations[0].neuron.value = unit;
  settings.projections.resize(2);
  settings.projections[0].from = {"input"};
  settings.projections[1].from = {"units"};
  for (ProjectionSettings& p : settings.projections) p.to = {"units"};
  settings.projections[1].delay.value = delay;
  TaskShape shape;
  shape.inputs = 1;
  shape.encoding = encoding;
  return build_network(settings, shape, 1);
}

TEST(EnergyMetrics, AreThoseOfTheDefinitions) {
  const Network network = two_units();
  const std::vector<double> parameters{0.1, -0.2, 0.0, 0.4, 0.4, 0.0};
  TrialBatch batch;
  batch.batch = 1;
  batch.steps = batch.frames = 3;
  batch.intensity = {1.0f, 1.0f, 1.0f};
  batch.length = {3};
  const EnergyMetrics metrics(network, 1);
  // s: (0, 0), (0.25, 0), (0.5, 0.25)
  const std::vector<std::vector<float>> states{{0.0f, 0.0f, 0.25f, 0.0f, 0.5f, 0.25f}};

  Score score;
  metrics.add(batch, states, parameters, score);

  auto values = score.values();
  // Last step: rho = (1, 0.75), both slopes 1; E = 0.125 + 0.03125 - 0.4*1*0.75 - 0.1*1 + 0.2*0.75 = -0.09375
  EXPECT_NEAR(values["energy"], -0.09375 / 2, 1e-7);
  // b + W rho = (0.1 + 0.3, -0.2 + 0.4) = (0.4, 0.2); |s - it| = 0.1, 0.05
  EXPECT_NEAR(values["residual"], 0.075, 1e-7);
  // ((0.0625 + 0) + (0.0625 + 0.0625)) / 4
  EXPECT_NEAR(values["state_change"], 0.1875 / 4, 1e-7);
  // f(s[0]): rho = (0.5, 0.5), R = (0.1 + 0.2, -0.2 + 0.2) = (0.3, 0); f = (0.15, 0); against s[2]:
  // (0.35^2 + 0.25^2) / 2 = 0.0925, over 2 units
  EXPECT_NEAR(values["j_stdp"], 0.0925 / 2, 1e-7);
  EXPECT_EQ(metrics.traces().size(), 1u);
}

TEST(EnergyMetrics, AreRefusedWhereTheyAreNotThoseOfTheDynamics) {
  const auto refusal = [](const Network& network) -> std::string {
    try {
      const EnergyMetrics metrics(network, 1);
    } catch (const InputError& error) {
      return error.what();
    }
    return "none";
  };

  EXPECT_EQ(refusal(two_units(2.0)),
            "/recording/energy: true, but /network/projections/1 has a delay of 2 steps; expected false, or the "
            "shortest delays everywhere");
  Network within = two_units();
  within.projections[1].kind = ProjectionKind::within_step;
  EXPECT_EQ(
      refusal(within),
      "/recording/energy: true, but what /network/projections/1 sends arrives within the step; expected false, or "
      "within_step false everywhere");
  EXPECT_EQ(refusal(two_units(0.0, Encoding::bernoulli)),
            "/recording/energy: true, but the input are events; expected false, or currents");
}

}  // namespace
}  // namespace spikeweave
