// Weights that change within a trial: with frozen weights the windows' gradients add up to the trial's, and with
// weights that change, training is the plain on-line loop.

#include <gtest/gtest.h>

#include <vector>

#include "spikeweave/train/updater.hpp"
#include "tests/gradient/online_reference.hpp"
#include "tests/gradient/small_oracle.hpp"

namespace spikeweave::testing {
namespace {

using Net = SmallNetwork<double>;

std::vector<SmallNetworkCase> all_cases() {
  std::vector<SmallNetworkCase> cases;
  for (const bool adaptation : {false, true}) {
    for (const FeedbackKind feedback : {FeedbackKind::symmetric, FeedbackKind::random}) {
      for (const double tau : {0.0, 9.491221581029903}) cases.push_back({adaptation, feedback, tau});
    }
  }
  cases.push_back({true, FeedbackKind::random, 5.0, 0.0, LossKind::softmax});
  cases.push_back({true, FeedbackKind::random, 5.0, 0.0, LossKind::bernoulli, 0.3});
  cases.push_back({true, FeedbackKind::random, 5.0});
  cases.back().delay = 4.0;
  cases.push_back({true, FeedbackKind::random, 5.0});
  cases.back().relaxed = true;
  cases.push_back({true, FeedbackKind::random, 5.0});
  cases.back().signal = LearningSignal::local;
  return cases;
}

constexpr std::size_t window_lengths[] = {1, 7, 50, Net::steps};

class FrozenWindows : public ::testing::TestWithParam<SmallNetworkCase> {};

TEST_P(FrozenWindows, AddUpToTheTrial) {
  Net net(GetParam());
  const std::vector<double> whole = net.gradient(EpropForm::trial);
  ASSERT_TRUE(net.is_alive());
  const std::vector<std::uint8_t> spikes = net.spikes;
  for (const std::size_t window : window_lengths) {
    EXPECT_LE(relative_difference(net.gradient_in_windows(window), whole), 1e-12) << window;
    EXPECT_EQ(net.spikes, spikes) << window;
  }
}

TEST_P(FrozenWindows, AddUpToTheTrialInSinglePrecision) {
  Net wide(GetParam());
  SmallNetwork<float> net(GetParam());
  const std::vector<double> whole = wide.gradient(EpropForm::trial);
  for (const std::size_t window : window_lengths) {
    const std::vector<float> sum = net.gradient_in_windows(window);
    ASSERT_EQ(net.spikes, wide.spikes) << window;
    EXPECT_LE(relative_difference(std::vector<double>(sum.begin(), sum.end()), whole), 1e-5) << window;
  }
}

INSTANTIATE_TEST_SUITE_P(All, FrozenWindows, ::testing::ValuesIn(all_cases()), [](const auto& one) {
  return one.param.name() + (one.param.signal == LearningSignal::local ? "_local" : "");
});

std::vector<oracle::OnlineTrial> trials_of(const Net& net) {
  std::vector<oracle::OnlineTrial> all;
  for (std::size_t b = 0; b < Net::batch; ++b) {
    const auto length = static_cast<std::size_t>(net.trials.length[b]);
    oracle::OnlineTrial trial{oracle::Matrix(length, Net::inputs), oracle::Matrix(length, Net::outputs),
                              std::vector<double>(length, 0.0), 1.0 / (Net::window * Net::batch)};
    for (std::size_t n = 0; n < trial.input.values.size(); ++n) {
      trial.input.values[n] = net.trials.events[b * Net::steps * Net::inputs + n];
    }
    for (std::size_t s = 0; s < Net::window; ++s) {
      const std::size_t t = length - Net::window + s;
      trial.weights[t] = 1.0;
      for (std::size_t k = 0; k < Net::outputs; ++k) {
        trial.target(t, k) = net.trials.target[(b * Net::window + s) * Net::outputs + k];
      }
    }
    all.push_back(trial);
  }
  return all;
}

class OnlineTraining : public ::testing::TestWithParam<std::size_t> {};

TEST_P(OnlineTraining, IsThePlainLoopOverSteps) {
  constexpr double eta = 0.5;
  for (const FeedbackKind feedback : {FeedbackKind::symmetric, FeedbackKind::random}) {
    SmallNetworkCase c{true, feedback, 5.0};
    c.rate_coefficient = 50.0;
    Net net(c);
    oracle::OracleNetwork reference = oracle_network(c, net);
    const oracle::OracleNetwork before = reference;
    const std::vector<oracle::OnlineTrial> trials = trials_of(net);
    oracle::OnlineEprop loop(reference, trials, feedback == FeedbackKind::symmetric, c.rate_coefficient, 0.02);
    const double spikes = loop.run(Net::steps, GetParam(), eta);
    const LearningSettings learning{};
    OptimizerSettings sgd;
    sgd.value = SgdParams{eta};
    Updater<double> updater(net.state, learning, sgd, 0.0, 0.0);

    net.run_windows(GetParam(), [&] { updater.apply(1.0); });

    ASSERT_TRUE(net.is_alive());
    EXPECT_EQ(static_cast<double>(net.spike_count()), spikes);
    EXPECT_EQ(updater.update_count(), (Net::steps + GetParam() - 1) / GetParam());
    const oracle::OracleNetwork after = oracle_network(c, net);
    EXPECT_LT(oracle::difference(after.w_in, reference.w_in), 1e-12);
    EXPECT_LT(oracle::difference(after.w_rec, reference.w_rec), 1e-12);
    EXPECT_LT(oracle::difference(after.w_out, reference.w_out), 1e-12);
    EXPECT_LT(oracle::difference(after.feedback, reference.feedback), 1e-12);
    EXPECT_GT(oracle::difference(after.w_rec, before.w_rec), 1e-3);  // it has learned
    EXPECT_GT(oracle::difference(after.w_in, before.w_in), 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(Windows, OnlineTraining, ::testing::ValuesIn(window_lengths));

}  // namespace
}  // namespace spikeweave::testing
