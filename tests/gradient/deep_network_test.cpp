// Networks of several layers, each reached within the step: the gradient is back-propagation, and with other feedback
// weights what their scheme makes of it.

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "spikeweave/train/updater.hpp"
#include "tests/gradient/deep_network.hpp"
#include "tests/gradient/small_network.hpp"

namespace spikeweave::testing {
namespace {

struct Activity {
  double value, slope;
};
Activity activate(Activation activation, double u) {
  switch (activation) {
    case Activation::identity:
      return {u, 1.0};
    case Activation::rectifier:
      return {std::max(u, 0.0), u > 0.0 ? 1.0 : 0.0};
    case Activation::logistic: {
      const double y = 1.0 / (1.0 + std::exp(-u));
      return {y, y * (1.0 - y)};
    }
    case Activation::softplus:
      return {std::log1p(std::exp(u)), 1.0 / (1.0 + std::exp(-u))};
    case Activation::tanh:
      break;
  }
  return {std::tanh(u), 1.0 - std::tanh(u) * std::tanh(u)};
}

// The same network layer by layer. backward: as `parameters`, the weights that errors travel back through; of the
// readout [outputs, last layer].
std::vector<double> layer_by_layer(const Network& network, const TrialBatch& trials, Activation activation,
                                   const std::vector<double>& parameters, const std::vector<double>& backward,
                                   const std::vector<double>& readout_feedback) {
  std::vector<double> gradient(parameters.size(), 0.0);
  const auto block = [&](std::size_t p) { return network.projections[p].offset; };
  for (std::size_t b = 0; b < batch; ++b) {
    std::vector<std::vector<double>> h(layers + 1), slope(layers + 1);
    for (std::size_t i = 0; i < inputs; ++i) h[0].push_back(static_cast<double>(trials.intensity[b * inputs + i]));
    for (std::size_t l = 0; l < layers; ++l) {
      for (std::size_t j = 0; j < sizes[l]; ++j) {
        double u = parameters[block(2 * l + 1) + j];
        for (std::size_t i = 0; i < h[l].size(); ++i) u += h[l][i] * parameters[block(2 * l) + i * sizes[l] + j];
        const Activity a = activate(activation, u);
        h[l + 1].push_back(a.value);
        slope[l + 1].push_back(a.slope);
      }
    }
    std::vector<double> delta(sizes[layers - 1], 0.0);
    for (std::size_t k = 0; k < outputs; ++k) {
      double y = parameters[network.bias_offset + k];
      for (std::size_t j = 0; j < delta.size(); ++j)
        y += h[layers][j] * parameters[block(2 * layers) + j * outputs + k];
      const double error = (y - trials.target[b * outputs + k]) / batch;  // the loss is the mean over the trials
      gradient[network.bias_offset + k] += error;
      for (std::size_t j = 0; j < delta.size(); ++j) {
        gradient[block(2 * layers) + j * outputs + k] += h[layers][j] * error;
        delta[j] += readout_feedback[k * delta.size() + j] * error;
      }
    }
    for (std::size_t l = layers; l-- > 0;) {
      for (std::size_t j = 0; j < sizes[l]; ++j) delta[j] *= slope[l + 1][j];
      std::vector<double> below(h[l].size(), 0.0);
      for (std::size_t j = 0; j < sizes[l]; ++j) {
        gradient[block(2 * l + 1) + j] += delta[j];
        for (std::size_t i = 0; i < h[l].size(); ++i) {
          gradient[block(2 * l) + i * sizes[l] + j] += delta[j] * h[l][i];
          below[i] += backward[block(2 * l) + i * sizes[l] + j] * delta[j];
        }
      }
      delta = below;
    }
  }
  return gradient;
}

template <class Scheme>
FeedbackSettings with(const Scheme& scheme) {
  FeedbackSettings settings;
  settings.value = scheme;
  return settings;
}

// Feedback weights of the last layer's cells, [outputs, cells]; those of the projections as the parameters are laid
// out.
std::vector<double> of_readout(const DeepNetwork<double>& net) {
  const std::vector<double> all = net.state.feedback();
  std::vector<double> own;
  const std::size_t first = net.network.neurons - sizes[layers - 1];
  for (std::size_t k = 0; k < outputs; ++k) {
    for (std::size_t j = first; j < net.network.neurons; ++j) own.push_back(all[k * net.network.neurons + j]);
  }
  return own;
}
std::vector<double> of_projections(const DeepNetwork<double>& net) {
  const std::vector<double> all = net.state.feedback();
  const std::size_t before = outputs * net.network.neurons;
  if (all.size() == before) return net.state.parameters();
  return {all.begin() + static_cast<std::ptrdiff_t>(before), all.end()};
}

class DeepNetworks : public ::testing::TestWithParam<Activation> {};

TEST_P(DeepNetworks, GradientIsThatOfTheLayers) {
  for (const FeedbackSettings& feedback : {with(SymmetricFeedback{}), with(RandomFeedback{}), with(AdaptiveFeedback{}),
                                           with(SignSymmetricFeedback{}), with(SignConcordantFeedback{})}) {
    DeepNetwork<double> net(deep_settings(RateUnitParams<Distribution>{GetParam()}), feedback);

    const std::vector<double> found = net.gradient();

    const std::vector<double> expected = layer_by_layer(net.network, net.trials, GetParam(), net.state.parameters(),
                                                        of_projections(net), of_readout(net));
    EXPECT_LE(relative_difference(found, expected), 1e-12) << feedback.name();
  }
}

// G1: with the transposed weights as fixed feedback, the bits of back-propagation.
TEST_P(DeepNetworks, FeedbackAlignmentWithTheWeightsIsBackPropagation) {
  const NetworkSettings settings = deep_settings(RateUnitParams<Distribution>{GetParam()});
  DeepNetwork<double> exact(settings, with(SymmetricFeedback{}));
  DeepNetwork<double> aligned(settings, with(RandomFeedback{}));
  const std::vector<double> drawn = aligned.gradient();
  std::vector<double> feedback = exact.state.feedback();
  const std::vector<double> weights = exact.state.parameters();
  feedback.insert(feedback.end(), weights.begin(), weights.end());
  aligned.state.set_feedback(feedback);

  const std::vector<double> expected = exact.gradient();

  EXPECT_EQ(aligned.gradient(), expected);
  EXPECT_NE(drawn, expected);
}

// G1: direct feedback alignment is feedback alignment where there is one hidden layer.
TEST_P(DeepNetworks, DirectFeedbackIsFeedbackAlignmentWithOneLayer) {
  NetworkSettings settings = deep_settings(RateUnitParams<Distribution>{GetParam()});
  settings.populations.resize(1);
  settings.projections = {settings.projections[0], settings.projections[1], settings.projections.back()};
  settings.projections[2].from = {"h0"};
  DeepNetwork<double> layered(settings, with(RandomFeedback{}));
  DeepNetwork<double> direct(settings, with(RandomFeedback{}));
  direct.learning.value = EpropParams{};

  EXPECT_EQ(layered.gradient(), direct.gradient());
}

INSTANTIATE_TEST_SUITE_P(All, DeepNetworks,
                         ::testing::Values(Activation::identity, Activation::rectifier, Activation::logistic,
                                           Activation::tanh, Activation::softplus),
                         [](const auto& one) {
                           return std::string(EnumNames<Activation>::names[static_cast<std::size_t>(one.param)]);
                         });

// From the start, and after weights were set: the magnitudes that random feedback would have, the signs of the weights.
TEST(DeepNetwork, SignConcordantFeedbackHasTheSignsOfTheWeights) {
  const NetworkSettings settings = deep_settings(RateUnitParams<Distribution>{Activation::tanh});
  DeepNetwork<double> net(settings, with(SignConcordantFeedback{}));
  DeepNetwork<double> random(settings, with(RandomFeedback{.scale = FeedbackScale::population}));
  const std::vector<double> drawn = of_projections(random);
  for (const double sign : {1.0, -1.0}) {
    std::vector<double> weights = random.state.parameters();
    for (double& weight : weights) weight *= sign;
    if (sign < 0.0) net.state.set_parameters(weights);
    const std::vector<double> found = of_projections(net);
    std::size_t turned = 0;
    for (const Projection& projection : net.network.projections) {
      if (projection.kind != ProjectionKind::within_step) continue;
      for (std::size_t w = projection.offset; w < projection.offset + projection.size(); ++w) {
        EXPECT_EQ(found[w], std::copysign(drawn[w], weights[w])) << w;
        turned += found[w] != drawn[w] ? 1 : 0;
      }
    }
    EXPECT_GT(turned, 10u);
  }
}

// Several steps of neurons with a memory, one layer sparse, a delayed projection back: the derivative of the loss.
TEST(DeepNetwork, GradientIsTheDerivativeOfTheLoss) {
  NetworkSettings settings = deep_settings(SoftAlifParams<Distribution>{.tau_m = 3.0});
  ProjectionSettings back;
  back.from = {"h1", "h2"};
  back.to = {"h0", "h1", "h2"};
  back.self_connections = true;  // without, their weights are held
  settings.projections.push_back(back);
  settings.projections[4].connectivity.value = FixedProbability{0.6};
  DeepNetwork<double> net(settings, {}, 6);
  const std::vector<double> parameters = net.state.parameters();

  const std::vector<double> gradient = net.gradient();

  for (std::size_t w = 0; w < parameters.size(); w += 5) {
    constexpr double step = 1e-5;
    double difference = 0.0;
    for (const double sign : {1.0, -1.0}) {
      std::vector<double> moved = parameters;
      moved[w] += sign * step;
      net.state.set_parameters(moved);
      difference += sign * net.loss() / (2.0 * step);
    }
    EXPECT_NEAR(gradient[w], difference, 1e-6 * (1.0 + std::abs(difference))) << "parameter " << w;
  }
}

// Weights of the projection, [pre, post].
std::vector<double> weights_of(const DeepNetwork<double>& net, std::size_t projection) {
  const std::vector<double> all = net.state.parameters();
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(net.network.projections[projection].offset);
  return {first, first + static_cast<std::ptrdiff_t>(net.network.projections[projection].size())};
}

// G1: of a linear network with one hidden layer, W_out W_in and B as matrices of y, h, x, feedback alignment changes
// B W_out + (B W_out)^T - W_in W_in^T only by terms of the second order in the learning rate.
TEST(DeepNetwork, FeedbackAlignmentConservesAQuantity) {
  constexpr std::size_t hidden = sizes[0];
  const auto quantity = [](const DeepNetwork<double>& net) {
    const std::vector<double> w_in = weights_of(net, 0), w_out = weights_of(net, 1), b = net.state.feedback();
    std::vector<double> q(hidden * hidden, 0.0);
    for (std::size_t i = 0; i < hidden; ++i) {
      for (std::size_t j = 0; j < hidden; ++j) {
        double& sum = q[i * hidden + j];
        for (std::size_t k = 0; k < outputs; ++k) {
          sum += b[k * hidden + i] * w_out[j * outputs + k] + b[k * hidden + j] * w_out[i * outputs + k];
        }
        for (std::size_t x = 0; x < inputs; ++x) sum -= w_in[x * hidden + i] * w_in[x * hidden + j];
      }
    }
    return q;
  };
  const auto drift = [&](double rate) {
    NetworkSettings settings = deep_settings(RateUnitParams<Distribution>{Activation::identity});
    settings.populations.resize(1);
    settings.readout.bias = false;
    settings.projections = {settings.projections[0], settings.projections.back()};
    settings.projections[1].from = {"h0"};
    DeepNetwork<double> net(settings, with(RandomFeedback{}));
    const std::vector<double> before = quantity(net);
    OptimizerSettings optimizer;
    optimizer.value = SgdParams{rate * batch};  // of the sum over the trials
    Updater<double> updater(net.state, net.learning, optimizer, 0.0, 0.0);
    const double first_loss = net.loss();
    for (int step = 0; step < static_cast<int>(std::lround(0.05 / rate)); ++step) {
      net.gradient();
      updater.apply(1.0);
    }
    EXPECT_LT(net.loss(), 0.8 * first_loss);
    const std::vector<double> after = quantity(net);
    double largest = 0.0;
    for (std::size_t n = 0; n < before.size(); ++n) largest = std::max(largest, std::abs(after[n] - before[n]));
    return largest;
  };

  const double coarse = drift(1e-3), fine = drift(1e-4);

  EXPECT_GT(fine, 0.0);
  EXPECT_GE(coarse / fine, 8.0);
  EXPECT_LE(coarse / fine, 12.0);
}

// G1: the forward weights and the feedback beside them get the same increments and decay alike.
TEST(DeepNetwork, KolenPollackShrinksTheDifferenceInEveryStep) {
  constexpr double decay = 0.01;
  AdaptiveFeedback scheme;
  scheme.decay = decay;
  DeepNetwork<double> net(deep_settings(RateUnitParams<Distribution>{}), with(scheme));
  OptimizerSettings optimizer;
  optimizer.value = SgdParams{1e-3};
  Updater<double> updater(net.state, net.learning, optimizer, 0.0, 0.0);
  const auto differences = [&net] {
    const std::vector<double> weights = net.state.parameters(), feedback = of_projections(net), out = of_readout(net);
    std::vector<double> all;
    for (const Projection& p : net.network.projections) {
      for (std::size_t w = 0; w < p.size(); ++w) {
        const std::size_t i = w / p.post.count, k = w % p.post.count;
        if (p.kind == ProjectionKind::within_step) all.push_back(weights[p.offset + w] - feedback[p.offset + w]);
        if (p.kind == ProjectionKind::readout) all.push_back(weights[p.offset + w] - out[k * p.pre.count + i]);
      }
    }
    return all;
  };
  const std::vector<double> before = differences(), start = net.state.parameters();

  constexpr int steps = 300;
  for (int step = 0; step < steps; ++step) {
    net.gradient();
    updater.apply(1.0);
  }

  const std::vector<double> after = differences();
  for (std::size_t n = 0; n < before.size(); ++n) {
    EXPECT_NEAR(after[n], before[n] * std::pow(1.0 - decay, steps), 1e-14) << n;
  }
  EXPECT_GT(relative_difference(net.state.parameters(), start), 0.1);  // it has learned
}

TEST(DeepNetwork, ThreadsGiveTheSameBits) {
  const NetworkSettings settings = deep_settings(RateUnitParams<Distribution>{});
  DeepNetwork<float> one(settings, with(RandomFeedback{}));
  const std::vector<float> expected = one.gradient();
  for (const int threads : {2, 8}) {
    DeepNetwork<float> several(settings, with(RandomFeedback{}), 1, threads);
    EXPECT_EQ(several.gradient(), expected) << threads;
  }
}

// Outputs that are sums of cells: the errors of the cells are their output's, whatever carries errors further down.
TEST(DeepNetworkFeedback, GoesBackAlongAReadoutOfPopulations) {
  NetworkSettings settings = deep_settings(RateUnitParams<Distribution>());
  constexpr std::size_t cells = sizes[layers - 1], share = cells / outputs;
  ProjectionSettings& readout = settings.projections.back();
  readout.connectivity.value = Grouped{};
  readout.trainable = false;
  readout.weights = 0.5;
  readout.scale = WeightScale::unit;
  for (const FeedbackSettings& feedback :
       {with(RandomFeedback{}), with(AdaptiveFeedback{}), with(WeightMirrorFeedback{})}) {
    DeepNetwork<double> net(settings, feedback);
    net.state.mirror_weights(1);
    const std::vector<double> all = net.state.feedback();
    const std::size_t begin = net.network.populations.back().neurons.begin;
    for (std::size_t k = 0; k < outputs; ++k) {
      for (std::size_t j = 0; j < cells; ++j) {
        EXPECT_EQ(all[k * net.network.neurons + begin + j], j / share == k ? 0.5 : 0.0) << feedback.name();
      }
    }
    double drawn = 0.0;
    const Projection& between = net.network.projections[2];
    for (std::size_t w = 0; w < between.size(); ++w) {
      drawn += std::abs(all[net.state.feedback_block(between)->at(between, w)]);
    }
    EXPECT_GT(drawn, 0.1) << feedback.name();
  }
}

}  // namespace
}  // namespace spikeweave::testing
