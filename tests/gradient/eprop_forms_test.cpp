// The two forms of e-prop give one gradient (identity I5), and it is the oracle's.

#include <gtest/gtest.h>

#include <tuple>

#include "tests/gradient/small_oracle.hpp"

namespace spikeweave::testing {
namespace {

constexpr double exact = 1e-12;  // fp64, relative to the largest element
constexpr double single = 1e-5;  // fp32

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
  ASSERT_TRUE(net.is_alive());
  const std::vector<Real> step = net.gradient(EpropForm::step);
  EXPECT_LE(relative_difference(trial, step), bound) << "seed " << c.seed;
}

TEST_P(EpropForms, AgreeInDoublePrecision) {
  expect_forms_agree<double>(GetParam(), exact);
}
TEST_P(EpropForms, AgreeInSinglePrecision) {
  expect_forms_agree<float>(GetParam(), single);
}

TEST_P(EpropForms, EqualTheOracle) {
  const SmallNetworkCase& c = GetParam();
  if (c.dropout > 0.0) GTEST_SKIP() << "the oracle knows no dropout";
  SmallNetwork<double> net(c);
  const std::vector<double> found = net.gradient(EpropForm::trial);
  const std::vector<double> expected =
      oracle_gradient(c, net, [](const oracle::OracleTrial& trial) { return oracle::eprop_forward(trial); });

  EXPECT_LE(relative_difference(found, expected), exact) << "seed " << c.seed;
}

INSTANTIATE_TEST_SUITE_P(All, EpropForms, ::testing::ValuesIn(all_cases()),
                         [](const auto& one) { return one.param.name(); });

TEST(EpropFeedback, RandomDiffersFromSymmetric) {
  SmallNetwork<double> symmetric({true, FeedbackKind::symmetric});
  SmallNetwork<double> random({true, FeedbackKind::random});

  const std::vector<double> a = symmetric.gradient(EpropForm::trial);
  const std::vector<double> b = random.gradient(EpropForm::trial);

  ASSERT_EQ(symmetric.spikes, random.spikes);
  ASSERT_TRUE(symmetric.is_alive());
  EXPECT_GT(relative_difference(a, b), 0.1);
}

}  // namespace
}  // namespace spikeweave::testing
