// Back-propagation through time is the oracle's, with each of its paths; without them it is e-prop.

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "tests/gradient/small_oracle.hpp"

namespace spikeweave::testing {
namespace {

constexpr double exact = 1e-12;  // fp64, relative to the largest element
constexpr double single = 1e-5;  // fp32

std::vector<SmallNetworkCase> all_cases() {
  std::vector<SmallNetworkCase> cases;
  for (const bool adaptation : {false, true}) {
    for (const double tau : {0.0, 9.491221581029903}) {  // kappa 0 and 0.9
      for (const double rate : {0.0, 50.0}) cases.push_back({adaptation, FeedbackKind::symmetric, tau, rate});
    }
  }
  cases.push_back({true, FeedbackKind::symmetric, 5.0, 10.0, LossKind::softmax});
  cases.push_back({true, FeedbackKind::symmetric, 5.0, 10.0, LossKind::bernoulli});
  cases.push_back({true, FeedbackKind::symmetric, 5.0, 10.0});
  cases.back().delay = 4.0;
  for (const bool adaptation : {false, true}) {
    cases.push_back({adaptation, FeedbackKind::symmetric, 5.0, 0.0});
    cases.back().relaxed = true;
  }
  return cases;
}

double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  const auto product = [](const std::vector<double>& x, const std::vector<double>& y) {
    return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
  };
  return product(a, b) / std::sqrt(product(a, a) * product(b, b));
}

class Bptt : public ::testing::TestWithParam<SmallNetworkCase> {
 protected:
  static void expect_oracle(SpikePath path, const oracle::BpttPaths& paths) {
    SmallNetwork<double> net(GetParam());
    const std::vector<double> found = net.gradient(path);
    ASSERT_TRUE(net.is_alive());
    const std::vector<double> expected = oracle_gradient(
        GetParam(), net, [&](const oracle::OracleTrial& trial) { return oracle::bptt(trial, paths).gradient; });
    EXPECT_LE(relative_difference(found, expected), exact);
  }
};

TEST_P(Bptt, WithAllPathsEqualsTheOracle) {
  expect_oracle(SpikePath::full, {.rec = true, .reset = true, .adapt = true});
}
TEST_P(Bptt, ThroughSynapsesOnlyEqualsTheOracle) {
  expect_oracle(SpikePath::synapses, {.rec = true, .reset = false, .adapt = true});
}
TEST_P(Bptt, ThroughTheResetOnlyEqualsTheOracle) {
  expect_oracle(SpikePath::reset, {.rec = false, .reset = true, .adapt = true});
}

TEST_P(Bptt, CutIsEpropWithSymmetricFeedback) {
  SmallNetwork<double> net(GetParam());
  const std::vector<double> cut = net.gradient(SpikePath::cut);
  const std::vector<double> eprop = net.gradient(EpropForm::trial);
  EXPECT_LE(relative_difference(cut, eprop), exact);
}

// The readout's own gradient is the same in both, so only the hidden weights are compared.
TEST_P(Bptt, IsNotEprop) {
  SmallNetwork<double> net(GetParam());
  std::vector<double> full = net.gradient(SpikePath::full);
  std::vector<double> eprop = net.gradient(EpropForm::trial);
  const std::size_t hidden = net.network.projections[2].offset;
  full.resize(hidden);
  eprop.resize(hidden);
  EXPECT_LT(cosine(full, eprop), 1.0 - 1e-6);
  EXPECT_GT(cosine(full, eprop), 0.0);
}

TEST_P(Bptt, SinglePrecisionIsClose) {
  SmallNetwork<double> wide(GetParam());
  SmallNetwork<float> narrow(GetParam());
  const std::vector<double> expected = wide.gradient(SpikePath::full);
  const std::vector<float> found = narrow.gradient(SpikePath::full);
  ASSERT_EQ(wide.spikes, narrow.spikes);
  EXPECT_LE(relative_difference(std::vector<double>(found.begin(), found.end()), expected), single);
}

INSTANTIATE_TEST_SUITE_P(All, Bptt, ::testing::ValuesIn(all_cases()), [](const auto& one) { return one.param.name(); });

}  // namespace
}  // namespace spikeweave::testing
