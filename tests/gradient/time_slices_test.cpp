// A trial in slices of time: the losses and spikes of the whole trial to the bit, and its gradient.

#include <gtest/gtest.h>

#include <vector>

#include "tests/gradient/small_network.hpp"

namespace spikeweave::testing {
namespace {

struct SlicedCase {
  SmallNetworkCase network;
  SpikePath path = SpikePath::full;  // of bptt
  bool is_bptt = false;
  EpropForm form = EpropForm::trial;

  std::string name() const {
    return network.name() + (network.signal == LearningSignal::local ? "_local" : "") +
           (is_bptt ? "_bptt_" + std::string(EnumNames<SpikePath>::names[static_cast<std::size_t>(path)]) : "") +
           (form == EpropForm::step ? "_step" : "");
  }
};

std::vector<SlicedCase> all_cases() {
  SmallNetworkCase alif{true, FeedbackKind::random, 5.0};
  alif.rate_coefficient = 50.0;
  SmallNetworkCase symmetric = alif;
  symmetric.feedback = FeedbackKind::symmetric;
  SmallNetworkCase delayed = symmetric;
  delayed.delay = 9.0;
  SmallNetworkCase dropout{true, FeedbackKind::random, 5.0, 0.0, LossKind::bernoulli, 0.3};
  SmallNetworkCase local{false, FeedbackKind::random, 5.0};
  local.signal = LearningSignal::local;
  SmallNetworkCase relaxed = delayed;
  relaxed.relaxed = true;
  SmallNetworkCase softmax{true, FeedbackKind::random, 0.0, 0.0, LossKind::softmax};

  std::vector<SlicedCase> cases;
  for (const SmallNetworkCase& network : {alif, delayed, dropout, local, relaxed, softmax}) cases.push_back({network});
  for (const SmallNetworkCase& network : {alif, delayed, local}) {
    cases.push_back({.network = network, .form = EpropForm::step});
  }
  for (const SpikePath path : {SpikePath::full, SpikePath::synapses, SpikePath::reset}) {
    cases.push_back({.network = delayed, .path = path, .is_bptt = true});
  }
  cases.push_back({.network = symmetric, .is_bptt = true});
  cases.push_back({.network = relaxed, .is_bptt = true});
  return cases;
}

class TimeSlices : public ::testing::TestWithParam<SlicedCase> {};

// Slices shorter than the delay of 9 steps, which do not divide 60, that begin behind the shorter trial's end at 45,
// and of all steps but one.
constexpr std::size_t slice_lengths[] = {1, 7, 23, 45, 59};

template <class Real>
std::vector<Real> gradient(SmallNetwork<Real>& net, const SlicedCase& c) {
  return c.is_bptt ? net.gradient(c.path) : net.gradient(c.form);
}

TEST_P(TimeSlices, GiveTheTrial) {
  SmallNetwork<double> net(GetParam().network);
  const std::vector<double> whole = gradient(net, GetParam());
  ASSERT_TRUE(net.is_alive());
  const TrialResult result = net.result;
  const std::vector<std::uint64_t> digests = net.digests;
  const std::vector<std::uint32_t> counts = net.spike_counts;
  for (const std::size_t steps : slice_lengths) {
    net.slice_steps = steps;
    EXPECT_LE(relative_difference(gradient(net, GetParam()), whole), 1e-12) << steps;
    EXPECT_EQ(net.result.loss, result.loss) << steps;
    EXPECT_EQ(net.result.segment_output, result.segment_output) << steps;
    EXPECT_EQ(net.digests, digests) << steps;
    EXPECT_EQ(net.spike_counts, counts) << steps;
  }
}

TEST_P(TimeSlices, GiveTheTrialInSinglePrecision) {
  SmallNetwork<float> net(GetParam().network);
  const std::vector<float> whole = gradient(net, GetParam());
  const TrialResult result = net.result;
  for (const std::size_t steps : slice_lengths) {
    net.slice_steps = steps;
    EXPECT_LE(relative_difference(gradient(net, GetParam()), whole), 1e-5) << steps;
    EXPECT_EQ(net.result.loss, result.loss) << steps;
  }
}

INSTANTIATE_TEST_SUITE_P(All, TimeSlices, ::testing::ValuesIn(all_cases()),
                         [](const auto& one) { return one.param.name(); });

// Weights that change every 7 steps, or in every one, with so many steps in memory.
TEST(TimeSlices, HoldTheWindowsBetweenChanges) {
  for (const std::size_t window : {std::size_t{1}, std::size_t{7}}) {
    SmallNetworkCase c{true, FeedbackKind::random, 5.0, 0.0, LossKind::softmax, 0.3};
    c.delay = 4.0;
    SmallNetwork<double> net(c);
    const std::vector<double> whole = net.gradient_in_windows(window);
    const std::vector<double> losses = net.result.loss;
    for (const std::size_t steps : slice_lengths) {
      net.slice_steps = steps;
      EXPECT_EQ(net.gradient_in_windows(window), whole) << window << ", " << steps;
      EXPECT_EQ(net.result.loss, losses) << window << ", " << steps;
    }
  }
}

}  // namespace
}  // namespace spikeweave::testing
