// Gradients of sparse and delayed projections: a sparse projection of all pairs gives the gradient of the dense one.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "host/cpu/cpu_backend.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/plastic_network.hpp"
#include "tests/support/tolerance.hpp"

namespace spikeweave {
namespace {

using test::PlasticNetwork;
using test::PlasticNetworkCase;

// Gradient of every pair (projection, pre, post), and the largest.
template <class Real>
std::vector<Real> gradient_of(Backend<Real>& backend, const PlasticNetworkCase& of) {
  PlasticNetwork<Real> network(backend, of);
  network.run(3, 60);
  network.simulator().compute_gradient();
  return network.by_pair(network.state().arrays.gradient.download());
}

template <class Real>
void expect_close(const std::vector<Real>& found, const std::vector<Real>& expected, double bound,
                  const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  double largest = 0.0;
  double difference = 0.0;
  for (std::size_t n = 0; n < found.size(); ++n) {
    largest = std::max(largest, std::abs(static_cast<double>(expected[n])));
    difference = std::max(difference, std::abs(static_cast<double>(found[n]) - static_cast<double>(expected[n])));
  }
  EXPECT_GT(largest, 0.0) << what;
  EXPECT_LE(difference, bound * largest) << what;
}

LearningSettings eprop(EpropForm form) {
  EpropParams settings;
  settings.form = form;
  settings.signal = LearningSignal::local;
  LearningSettings learning;
  learning.value = settings;
  return learning;
}

LearningSettings bptt() {
  BpttParams settings;
  settings.rate_regularization = {10.0, 20.0, RateAverage::trial};
  LearningSettings learning;
  learning.value = settings;
  return learning;
}

LearningSettings stdp_at_the_end() {
  Plastic<PairStdpParams> settings;
  settings.form = PlasticityForm::trial;
  LearningSettings learning;
  learning.value = settings;
  return learning;
}

class SparseGradient : public test::OnBackend {};
SW_ON_ALL_BACKENDS(SparseGradient);

TEST_P(SparseGradient, IsThatOfTheDenseProjection) {
  const auto cpu = make_cpu_backend<float>(1);
  const double bound = test::sum_tolerance(60) * 30.0;  // terms cancel
  for (const LearningSettings& learning :
       {eprop(EpropForm::trial), eprop(EpropForm::step), bptt(), stdp_at_the_end()}) {
    for (const double delay : {0.0, 4.0}) {
      PlasticNetworkCase of{learning};
      of.is_scored = learning.get_if<BpttParams>() != nullptr;
      of.delay = delay;
      const std::vector<float> dense = gradient_of(*cpu, of);
      const std::string what = std::string(learning.name()) + ", delay " + std::to_string(delay);
      expect_close(gradient_of(backend(), of), dense, bound, what + ", dense");
      of.sparse_storage = true;
      expect_close(gradient_of(backend(), of), dense, bound, what + ", sparse");
    }
  }
}

TEST_P(SparseGradient, WithOwnDelaysEqualsTheTextbookForm) {
  const auto cpu = make_cpu_backend<double>(1);
  PlasticNetworkCase of{eprop(EpropForm::step)};
  of.connectivity.value = FixedProbability{0.6};
  of.delay.kind = DistributionKind::uniform;
  of.delay.low = 1.0;
  of.delay.high = 5.0;
  const std::vector<double> textbook = gradient_of(*cpu, of);
  of.learning = eprop(EpropForm::trial);

  expect_close(gradient_of(*cpu, of), textbook, 1e-12, "double precision");
  const std::vector<float> found = gradient_of(backend(), of);
  expect_close(found, {textbook.begin(), textbook.end()}, 1e-5, "single precision");
}

TEST_P(SparseGradient, BpttWithOwnDelaysIsThatOfTheCpu) {
  const auto cpu = make_cpu_backend<double>(1);
  PlasticNetworkCase of{bptt()};
  of.is_scored = true;
  of.connectivity.value = FixedProbability{0.6};
  of.delay.kind = DistributionKind::uniform;
  of.delay.low = 1.0;
  of.delay.high = 5.0;
  const std::vector<double> expected = gradient_of(*cpu, of);
  expect_close(gradient_of(backend(), of), {expected.begin(), expected.end()}, 1e-5, "single precision");
}

// As long as no spike moves and no bound is met.
TEST_P(SparseGradient, StdpAtTheEndOfATrialIsTheSumOfItsChangesAtSpikes) {
  for (const double dendritic : {0.0, 2.0}) {
    PlasticNetworkCase of{stdp_at_the_end()};
    of.delay = 3.0;
    of.dendritic_delay = dendritic;
    of.connectivity.value = FixedProbability{0.5};
    of.low = -1000.0;
    of.high = 1000.0;
    PlasticNetwork<float> at_end(backend(), of);
    at_end.run(3, 60);
    at_end.simulator().compute_gradient();
    const std::vector<float> change = at_end.by_pair(at_end.state().arrays.gradient.download());
    Plastic<PairStdpParams> online;
    online.form = PlasticityForm::event;
    online.a_plus = 0.005 * 1e-4;  // too small to move a spike
    online.a_minus = 0.00525 * 1e-4;
    of.learning.value = online;
    const auto cpu = make_cpu_backend<double>(1);
    PlasticNetwork<double> at_spikes(*cpu, of);
    const std::vector<double> before = at_spikes.weights();
    at_spikes.run(3, 60);
    ASSERT_EQ(at_spikes.spikes(), at_end.spikes());
    const std::vector<double> after = at_spikes.weights();
    std::vector<float> expected;
    for (std::size_t w = 0; w < before.size(); ++w) {
      expected.push_back(static_cast<float>(-(after[w] - before[w]) * 1e4));
    }
    expect_close(change, expected, 1e-5, "dendritic delay " + std::to_string(dendritic));
  }
}

}  // namespace
}  // namespace spikeweave
