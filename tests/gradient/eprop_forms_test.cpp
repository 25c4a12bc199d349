// The two forms of e-prop give one gradient (identity I5), and it is the oracle's.

#include <gtest/gtest.h>

#include <tuple>

#include "tests/gradient/oracle.hpp"
#include "tests/gradient/small_network.hpp"

namespace spikeweave::testing {
namespace {

constexpr double exact = 1e-12;    // fp64, relative to the largest element
constexpr double single = 1e-5;    // fp32
constexpr std::size_t alive = 60;  // spikes of 10 neurons in 165 trial steps
constexpr std::size_t saturated = 800;

std::vector<SmallNetworkCase> all_cases() {
  std::vector<SmallNetworkCase> cases;
  for (const bool adaptation : {false, true}) {
    for (const FeedbackKind feedback : {FeedbackKind::symmetric, FeedbackKind::random, FeedbackKind::adaptive}) {
      for (const double tau : {0.0, 9.491221581029903}) {  // kappa 0 and 0.9
        for (const double rate : {0.0, 50.0}) cases.push_back({adaptation, feedback, tau, rate});
      }
    }
  }
  cases.push_back({true, FeedbackKind::random, 5.0, 10.0, LossKind::softmax});
  cases.push_back({true, FeedbackKind::random, 5.0, 10.0, LossKind::bernoulli});
  cases.push_back({true, FeedbackKind::symmetric, 5.0, 10.0, LossKind::bernoulli, 0.3});
  return cases;
}

class EpropForms : public ::testing::TestWithParam<SmallNetworkCase> {};

template <class Real>
void expect_forms_agree(const SmallNetworkCase& c, double bound) {
  SmallNetwork<Real> net(c);
  const std::vector<Real> trial = net.gradient(EpropForm::trial);
  ASSERT_GT(net.spike_count(), alive);
  ASSERT_LT(net.spike_count(), saturated);
  const std::vector<Real> step = net.gradient(EpropForm::step);
  EXPECT_LE(relative_difference(trial, step), bound) << "seed " << c.seed;
}

TEST_P(EpropForms, AgreeInDoublePrecision) {
  expect_forms_agree<double>(GetParam(), exact);
}
TEST_P(EpropForms, AgreeInSinglePrecision) {
  expect_forms_agree<float>(GetParam(), single);
}

// One trial of the small network, seen by the oracle.
oracle::OracleNetwork oracle_network(const SmallNetworkCase& c, SmallNetwork<double>& net) {
  using Net = SmallNetwork<double>;
  oracle::OracleNetwork o(Net::inputs, Net::neurons, Net::outputs);
  for (std::size_t j = 0; j < Net::neurons; ++j) {
    const bool alif = c.adaptation && j >= 5;
    o.alpha[j] = std::exp(-1.0 / (alif ? 12.0 : 8.0));
    o.rho_a[j] = std::exp(-1.0 / 40.0);
    o.beta[j] = alif ? 0.2 : 0.0;
    o.v_th[j] = 0.6;
    o.zeta[j] = 1.0;
    o.gamma[j] = 0.3;
    o.n_ref[j] = 2;
  }
  o.kappa = c.tau_out > 0.0 ? std::exp(-1.0 / c.tau_out) : 0.0;
  o.readout_gain = 1.0 - o.kappa;
  const std::vector<double> p = net.state.parameters();
  const auto block = [&](std::size_t n, oracle::Matrix& to) {
    for (std::size_t i = 0; i < to.columns; ++i) {
      for (std::size_t j = 0; j < to.rows; ++j) to(j, i) = p[net.network.projections[n].offset + i * to.rows + j];
    }
  };
  block(0, o.w_in);
  block(1, o.w_rec);
  block(2, o.w_out);
  const std::vector<double> feedback = net.state.feedback();
  for (std::size_t k = 0; k < Net::outputs; ++k) {
    for (std::size_t j = 0; j < Net::neurons; ++j) o.feedback(j, k) = feedback[k * Net::neurons + j];
  }
  return o;
}

oracle::OracleGradient oracle_gradient(const SmallNetworkCase& c, SmallNetwork<double>& net) {
  using Net = SmallNetwork<double>;
  const oracle::OracleNetwork o = oracle_network(c, net);
  oracle::OracleGradient sum(o);
  for (std::size_t b = 0; b < Net::batch; ++b) {
    const auto length = static_cast<std::size_t>(net.trials.length[b]);
    oracle::Matrix input(length, Net::inputs);
    for (std::size_t n = 0; n < input.values.size(); ++n) {
      input.values[n] = net.trials.events[b * Net::steps * Net::inputs + n];
    }
    oracle::OracleTarget target;
    target.loss = c.loss == LossKind::squared_error ? oracle::OracleLoss::squared_error
                  : c.loss == LossKind::softmax     ? oracle::OracleLoss::softmax_cross_entropy
                                                    : oracle::OracleLoss::sigmoid_cross_entropy;
    target.values = oracle::Matrix(length, Net::outputs);
    target.weights.assign(length, 0.0);
    for (std::size_t s = 0; s < Net::window; ++s) {
      const std::size_t t = length - Net::window + s;
      target.weights[t] = 1.0;
      for (std::size_t k = 0; k < Net::outputs; ++k) {
        const std::size_t segment = b * Net::window + s;
        target.values(t, k) = c.loss == LossKind::softmax
                                  ? (net.trials.target_class[segment] == static_cast<std::int32_t>(k) ? 1.0 : 0.0)
                                  : net.trials.target[segment * Net::outputs + k];
      }
    }
    const oracle::OracleRecord record = oracle::run_trial(o, input);
    const oracle::OracleError error = oracle::evaluate(target, record.y);
    const std::vector<double> rate = oracle::rate_signal(record, c.rate_coefficient, 0.02);
    const double scale = 1.0 / static_cast<double>(Net::window * Net::batch);
    oracle::add_scaled(sum, oracle::eprop_forward({o, input, record, error.error, rate}), scale);
  }
  return sum;
}

TEST_P(EpropForms, EqualTheOracle) {
  const SmallNetworkCase& c = GetParam();
  if (c.dropout > 0.0) GTEST_SKIP() << "the oracle knows no dropout";
  SmallNetwork<double> net(c);
  const std::vector<double> found = net.gradient(EpropForm::trial);
  const oracle::OracleGradient expected = oracle_gradient(c, net);

  std::vector<double> flat;
  for (const oracle::Matrix* block : {&expected.in, &expected.rec, &expected.out}) {
    const oracle::Matrix rows = oracle::transposed(*block);
    flat.insert(flat.end(), rows.values.begin(), rows.values.end());
  }
  flat.insert(flat.end(), expected.bias.begin(), expected.bias.end());
  EXPECT_LE(relative_difference(found, flat), exact) << "seed " << c.seed;
}

INSTANTIATE_TEST_SUITE_P(All, EpropForms, ::testing::ValuesIn(all_cases()),
                         [](const auto& one) { return one.param.name(); });

TEST(EpropFeedback, RandomDiffersFromSymmetric) {
  SmallNetwork<double> symmetric({true, FeedbackKind::symmetric});
  SmallNetwork<double> random({true, FeedbackKind::random});

  const std::vector<double> a = symmetric.gradient(EpropForm::trial);
  const std::vector<double> b = random.gradient(EpropForm::trial);

  ASSERT_EQ(symmetric.spikes, random.spikes);
  ASSERT_GT(symmetric.spike_count(), alive);
  EXPECT_GT(relative_difference(a, b), 0.1);
}

}  // namespace
}  // namespace spikeweave::testing
