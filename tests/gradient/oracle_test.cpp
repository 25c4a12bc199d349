// The oracle is held to numbers worked out by hand, to finite differences, to the exact statements that relate e-prop
// to back-propagation through time (I1 to I6). oracle_published_test.cpp holds it to published losses.
#include "tests/gradient/oracle.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

#include "spikeweave/core/numpy_random.hpp"

namespace spikeweave::oracle {
namespace {

constexpr double identity_tolerance = 1e-12;  // exact statements in float64; 2e-15 is typical
constexpr double golden_tolerance = 1e-8;     // relative

double cosine(const Matrix& a, const Matrix& b) {
  return std::inner_product(a.values.begin(), a.values.end(), b.values.begin(), 0.0) /
         (norm(a.values) * norm(b.values));
}

// ---- by hand ----

// One neuron, constant current 0.75, alpha = rho_a = kappa = gain = 0.5, v_th = 1, gamma = 0.5; all numbers dyadic.
OracleNetwork hand_network(double beta, int n_ref) {
  OracleNetwork net(1, 1, 1);
  net.alpha = {0.5};
  net.rho_a = {0.5};
  net.beta = {beta};
  net.v_th = {1.0};
  net.gamma = {0.5};
  net.n_ref = {n_ref};
  net.kappa = 0.5;
  net.readout_gain = 0.5;
  net.w_in.values = {0.75};
  net.w_rec.values = {100.0};  // on the diagonal: never read
  net.w_out.values = {2.0};
  net.bias = {8.0};
  return net;
}

Matrix constant_input(std::size_t steps) {
  Matrix input(steps, 1);
  input.values.assign(steps, 1.0);
  return input;
}

// v: .75, .375+.75, .5625+.75-1, .15625+.75, .453125+.75: spikes at steps 2 and 5.
// A after the spike of step 2: 1+.5*1, 1+.5*.5, 1+.5*.25. psi = .5*max(0, 1-|v-A|). y: 8 + 1, .5, .25, .125+1.
TEST(Oracle, AdaptiveNeuronFollowsTheHandCalculation) {
  const OracleRecord record = run_trial(hand_network(/*beta=*/0.5, /*n_ref=*/2), constant_input(5));

  EXPECT_EQ(record.v.values, (std::vector<double>{0.75, 1.125, 0.3125, 0.90625, 1.203125}));
  EXPECT_EQ(record.threshold.values, (std::vector<double>{1.0, 1.0, 1.5, 1.25, 1.125}));
  EXPECT_EQ(record.psi.values, (std::vector<double>{0.375, 0.4375, 0.0, 0.328125, 0.4609375}));
  EXPECT_EQ(record.z.values, (std::vector<double>{0, 1, 0, 0, 1}));
  EXPECT_EQ(record.y.values, (std::vector<double>{8.0, 9.0, 8.5, 8.25, 9.125}));
}

// As above with n_ref = 4: silent at steps 3 to 5 although v > A at step 5, fires at 6 (v = .6015625+.75, A = 1.0625).
TEST(Oracle, RefractoryNeuronFiresAfterExactlyNRefSteps) {
  const OracleRecord record = run_trial(hand_network(/*beta=*/0.5, /*n_ref=*/4), constant_input(6));

  EXPECT_EQ(record.z.values, (std::vector<double>{0, 1, 0, 0, 0, 1}));
  EXPECT_EQ(record.psi.values, (std::vector<double>{0.375, 0.4375, 0, 0, 0, 0.35546875}));  // .5*(1-.2890625)
}

// T = 2, same neuron, spike at step 2 only, dy = (1, 1), B = 2: zb = 1, 1.5; ea = 0, .375; e = .375, .4375*(1.5-.1875);
// eb = .1875, .09375+.287109375 (half of .57421875); g_in = 2*(.1875+.380859375). g_out: zk = 0, .5. g_b = 2.
TEST(Oracle, EpropGradientFollowsTheHandCalculation) {
  OracleNetwork net = hand_network(/*beta=*/0.5, /*n_ref=*/2);
  net.feedback.values = {2.0};
  const Matrix input = constant_input(2);
  const OracleRecord record = run_trial(net, input);
  Matrix error(2, 1);
  error.values = {1.0, 1.0};
  const std::vector<double> no_rate = {0.0};

  const OracleGradient gradient = eprop_forward({net, input, record, error, no_rate});

  EXPECT_EQ(gradient.in.values[0], 1.13671875);
  EXPECT_EQ(gradient.out.values[0], 0.5);
  EXPECT_EQ(gradient.bias[0], 2.0);
  EXPECT_EQ(gradient.rec.values[0], 0.0);
}

OracleError loss_of(OracleLoss loss, std::vector<double> outputs, std::vector<double> wanted) {
  const std::size_t count = outputs.size();
  OracleTarget target{loss, Matrix(2, count), {0.0, 2.0}};  // two steps, the first outside the window
  Matrix y(2, count);
  for (std::size_t k = 0; k < count; ++k) {
    y(0, k) = 1000.0;
    y(1, k) = outputs[k];
    target.values(1, k) = wanted[k];
  }
  return evaluate(target, y);
}

// All with weight 2. Squares: .5*(9+1); softmax(0, ln 3) = (1/4, 3/4); sigmoid(ln 3) = 3/4, sigmoid(0) = 1/2.
TEST(Oracle, LossesAndErrorsFollowTheHandCalculation) {
  const double ln3 = std::log(3.0);
  const OracleError square = loss_of(OracleLoss::squared_error, {3.0, 1.0}, {0.0, 2.0});
  const OracleError softmax = loss_of(OracleLoss::softmax_cross_entropy, {0.0, ln3}, {1.0, 0.0});
  const OracleError sigmoid = loss_of(OracleLoss::sigmoid_cross_entropy, {ln3, 0.0}, {1.0, 0.0});

  EXPECT_EQ(square.loss, 10.0);
  EXPECT_EQ(square.error.values, (std::vector<double>{0.0, 0.0, 6.0, -2.0}));
  EXPECT_NEAR(softmax.loss, 2.0 * std::log(4.0), 1e-15);
  EXPECT_NEAR(softmax.error(1, 0), -1.5, 1e-15);
  EXPECT_NEAR(softmax.error(1, 1), 1.5, 1e-15);
  EXPECT_NEAR(sigmoid.loss, 2.0 * (std::log(4.0 / 3.0) + std::log(2.0)), 1e-15);
  EXPECT_NEAR(sigmoid.error(1, 0), -0.5, 1e-15);
  EXPECT_NEAR(sigmoid.error(1, 1), 1.0, 1e-15);
}

// g = 1 then 2: m = .1, then .29; s = .001, then .004999; step 1 is eta * sqrt(.001)/.1 * .1/(sqrt(.001)+eps).
TEST(Oracle, AdamTakesEpsilonOutsideTheBiasCorrection) {
  OracleAdam adam(/*eta=*/0.5, /*beta_1=*/0.9, /*beta_2=*/0.999, /*epsilon=*/0.01);
  std::vector<double> weight = {0.0};

  adam.update(weight, {1.0});
  EXPECT_NEAR(weight[0], -0.3798734633, 1e-10);  // -.5 * .0316227766 / .0416227766
  adam.update(weight, {2.0});
  EXPECT_NEAR(weight[0], -0.3798734633 - 0.4227930643, 1e-9);  // .5 * sqrt(.001999)/.19 * .29/(.0707036067+.01)
}

// ---- small live networks ----

// 8 neurons with different parameters (the last four adapt), 6 inputs, 3 outputs, 60 steps; B = W_out^T.
class LiveNetwork {
 public:
  explicit LiveNetwork(std::uint32_t seed, OracleLoss loss = OracleLoss::squared_error)
      : net(6, 8, 3), input(60, 6), target{loss, Matrix(60, 3), std::vector<double>(60, 0.0)} {
    NumpyRandom random(seed);
    const auto fill = [&random](std::vector<double>& values, double scale) {
      for (double& value : values) value = scale * random.randn();
    };
    fill(net.w_in.values, 0.5);
    for (double& weight : net.w_in.values) weight += 0.1;  // keeps all seeds alive
    fill(net.w_rec.values, 0.4);
    fill(net.w_out.values, 0.5);
    fill(net.bias, 0.1);
    net.feedback = transposed(net.w_out);
    for (std::size_t j = 0; j < 8; ++j) {
      const auto step = static_cast<double>(j % 4);
      net.alpha[j] = std::exp(-1.0 / (10.0 + 5.0 * step));
      net.rho_a[j] = std::exp(-1.0 / (20.0 + 30.0 * step));
      net.beta[j] = j < 4 ? 0.0 : 0.1 + 0.1 * step;
      net.v_th[j] = 0.5 + 0.1 * step;
      net.zeta[j] = j % 2 == 0 ? 1.0 : 0.8;
      net.n_ref[j] = static_cast<int>(j % 3) * 2;
    }
    for (double& spike : input.values) spike = random.random_sample() < 0.25 ? 1.0 : 0.0;
    for (std::size_t t = 10; t < 60; ++t) {  // the first steps lie outside the window
      target.weights[t] = 0.02;
      const std::size_t chosen = random.randint(3);
      for (std::size_t k = 0; k < 3; ++k) {
        target.values(t, k) = loss == OracleLoss::squared_error ? random.randn() : (k == chosen ? 1.0 : 0.0);
      }
    }
  }

  // Runs the trial; the fields may be changed before.
  OracleTrial run() {
    record = run_trial(net, input);
    error = evaluate(target, record.y);
    rate = rate_signal(record, c_reg, target_rate);
    return {net, input, record, error.error, rate};
  }

  double total_loss() const {
    const OracleRecord trial = run_trial(net, input);
    double loss = evaluate(target, trial.y).loss;
    for (std::size_t j = 0; j < net.neuron_count; ++j) {
      double frequency = 0.0;
      for (std::size_t t = 0; t < trial.z.rows; ++t) frequency += trial.z(t, j) / static_cast<double>(trial.z.rows);
      loss += 0.5 * c_reg * (frequency - target_rate) * (frequency - target_rate);
    }
    return loss;
  }

  void expect_alive() const {
    const double spikes = spike_count(record);
    EXPECT_GE(spikes, 20.0);
    EXPECT_LE(spikes, 160.0);  // a third of 8 * 60
    EXPECT_GT(absolute_sum(record.psi), 1.0);
    EXPECT_GT(norm(error.error.values), 0.01);
  }

  OracleNetwork net;
  Matrix input;
  OracleTarget target;
  double c_reg = 2.0;
  double target_rate = 0.05;  // [spikes per step]
  OracleRecord record;
  OracleError error;
  std::vector<double> rate;
};

class OracleIdentity : public testing::TestWithParam<std::uint32_t> {};

INSTANTIATE_TEST_SUITE_P(Seeds, OracleIdentity, testing::Values(1U, 2U, 3U));

TEST_P(OracleIdentity, I1EpropIsBpttWithoutRecurrentAndResetPaths) {
  for (const OracleLoss loss :
       {OracleLoss::squared_error, OracleLoss::softmax_cross_entropy, OracleLoss::sigmoid_cross_entropy}) {
    LiveNetwork live(GetParam(), loss);
    const OracleTrial trial = live.run();

    const OracleGradient eprop = eprop_forward(trial);
    const OracleGradient cut = bptt(trial, {.rec = false, .reset = false}).gradient;

    live.expect_alive();
    EXPECT_LT(difference(eprop.in, cut.in), identity_tolerance);
    EXPECT_LT(difference(eprop.rec, cut.rec), identity_tolerance);
    EXPECT_LT(difference(eprop.out, cut.out), identity_tolerance);
    for (std::size_t k = 0; k < 3; ++k) EXPECT_NEAR(eprop.bias[k], cut.bias[k], identity_tolerance);
  }
}

TEST_P(OracleIdentity, I2EligibilityTimesTheTrueSpikeDerivativeIsFullBptt) {
  for (const bool reset : {true, false}) {
    for (const double width : {0.0, 0.3}) {
      LiveNetwork live(GetParam());
      live.net.relaxation_width = width;
      const OracleTrial trial = live.run();

      const BpttResult full = bptt(trial, {.reset = reset});
      const OracleGradient product = eligibility_product(trial, full.spike_adjoint);

      if (width == 0.0) live.expect_alive();
      EXPECT_LT(difference(product.in, full.gradient.in), identity_tolerance);
      EXPECT_LT(difference(product.rec, full.gradient.rec), identity_tolerance);
    }
  }
}

TEST_P(OracleIdentity, I3EpropWithResetIsBpttWithoutTheRecurrentPath) {
  LiveNetwork live(GetParam());
  const OracleTrial trial = live.run();

  const OracleGradient eprop = eprop_forward(trial, Eligibility::with_reset);
  const OracleGradient cut = bptt(trial, {.rec = false}).gradient;

  live.expect_alive();
  EXPECT_LT(difference(eprop.in, cut.in), identity_tolerance);
  EXPECT_LT(difference(eprop.rec, cut.rec), identity_tolerance);
}

TEST_P(OracleIdentity, I4FeedForwardEpropIsBptt) {
  LiveNetwork live(GetParam());
  live.net.w_rec = Matrix(8, 8);
  const OracleTrial trial = live.run();

  live.expect_alive();
  EXPECT_LT(difference(eprop_forward(trial).in, bptt(trial, {.reset = false}).gradient.in), identity_tolerance);
  EXPECT_LT(difference(eprop_forward(trial, Eligibility::with_reset).in, bptt(trial, {}).gradient.in),
            identity_tolerance);
}

TEST_P(OracleIdentity, I5TraceAndAdjointFormsAreTheSameSum) {
  LiveNetwork live(GetParam());
  NumpyRandom random(GetParam() + 100);
  for (double& weight : live.net.feedback.values) weight = random.randn();  // random feedback
  const OracleTrial trial = live.run();

  const OracleGradient traces = eprop_forward(trial);
  const OracleGradient adjoint = eprop_adjoint(trial);

  live.expect_alive();
  EXPECT_LT(difference(adjoint.in, traces.in), identity_tolerance);
  EXPECT_LT(difference(adjoint.rec, traces.rec), identity_tolerance);
  EXPECT_EQ(adjoint.out.values, traces.out.values);
}

TEST_P(OracleIdentity, I5NoPseudoDerivativeOrNoErrorGivesNoGradient) {
  LiveNetwork live(GetParam());
  OracleTrial trial = live.run();
  OracleRecord flat = live.record;
  flat.psi = Matrix(flat.psi.rows, flat.psi.columns);
  const Matrix no_error(trial.error.rows, trial.error.columns);
  const std::vector<double> no_rate(8, 0.0);

  for (const auto& form : {std::function([](const OracleTrial& t) { return eprop_forward(t); }),
                           std::function([](const OracleTrial& t) { return eprop_adjoint(t); }),
                           std::function([](const OracleTrial& t) { return bptt(t, {}).gradient; })}) {
    const OracleGradient without_psi = form({live.net, live.input, flat, trial.error, live.rate});
    const OracleGradient without_error = form({live.net, live.input, live.record, no_error, no_rate});

    EXPECT_EQ(absolute_sum(without_psi.in) + absolute_sum(without_psi.rec), 0.0);
    EXPECT_EQ(absolute_sum(without_error.in) + absolute_sum(without_error.rec) + absolute_sum(without_error.out), 0.0);
  }
}

TEST_P(OracleIdentity, I6EpropDiffersFromFullBptt) {
  LiveNetwork live(GetParam());
  const OracleTrial trial = live.run();

  const OracleGradient eprop = eprop_forward(trial);
  const OracleGradient full = bptt(trial, {}).gradient;

  live.expect_alive();
  for (const double agreement : {cosine(eprop.in, full.in), cosine(eprop.rec, full.rec)}) {
    EXPECT_GT(agreement, 0.0);
    EXPECT_LT(agreement, 1.0 - 1e-6);
  }
}

// On the relaxed network, where the loss is differentiable; step 1e-6.
TEST_P(OracleIdentity, FullBpttIsTheFiniteDifferenceGradient) {
  for (const OracleLoss loss :
       {OracleLoss::squared_error, OracleLoss::softmax_cross_entropy, OracleLoss::sigmoid_cross_entropy}) {
    LiveNetwork live(GetParam(), loss);
    live.net.relaxation_width = 0.3;
    const OracleGradient exact = bptt(live.run(), {}).gradient;
    const auto slope = [&live](double& weight) {
      constexpr double h = 1e-6;
      const double kept = weight;
      weight = kept + h;
      const double above = live.total_loss();
      weight = kept - h;
      const double below = live.total_loss();
      weight = kept;
      return (above - below) / (2.0 * h);
    };
    const auto expect_equal = [&](std::vector<double>& weights, const std::vector<double>& gradient) {
      const double tolerance = 1e-6 * norm(gradient);
      for (std::size_t n = 0; n < weights.size(); ++n) EXPECT_NEAR(slope(weights[n]), gradient[n], tolerance) << n;
    };

    expect_equal(live.net.w_in.values, exact.in.values);
    expect_equal(live.net.w_rec.values, exact.rec.values);  // the diagonal included: both are 0
    expect_equal(live.net.w_out.values, exact.out.values);
    expect_equal(live.net.bias, exact.bias);
  }
}

}  // namespace
}  // namespace spikeweave::oracle
