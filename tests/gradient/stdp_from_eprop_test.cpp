// E-prop with a local signal is pair STDP (docs/stdp-from-eprop.md): closed forms and exact identities, for spike
// trains forced upon the engine. The references are plain sums written here.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/gradient/forced_trains.hpp"
#include "tests/gradient/small_network.hpp"

namespace spikeweave::testing {
namespace {

constexpr double exact = 1e-12;                 // fp64, relative to the largest element
constexpr double single = 1e-5;                 // fp32
constexpr double tau_m = 20.0, tau_lam = 30.0;  // [ms]
const double alpha = std::exp(-1.0 / tau_m), lam = std::exp(-1.0 / tau_lam);

template <class Real>
constexpr double bound = std::is_same_v<Real, double> ? exact : single;

// The closed form of rule (b); delay = t_post - t_pre [steps].
double stdp_kernel(int delay) {
  const double scale = 1.0 / (1.0 - alpha * lam);
  return delay >= 0 ? scale * (1.0 - alpha) * std::pow(alpha, delay) : -scale * (1.0 - lam) * std::pow(lam, -delay - 1);
}

EpropParams local_rule(EpropForm form, Prediction prediction = Prediction::spike_trace) {
  EpropParams rule;
  rule.form = form;
  rule.signal = LearningSignal::local;
  rule.prediction = prediction;
  rule.tau_prediction = tau_lam;
  return rule;
}

// Constant psi = 1. The threshold is out of reach; what forced spikes subtract does not matter for psi.
NeuronModels::Settings lif_neuron() {
  LifParams<Distribution> p;
  p.tau_m = tau_m;
  p.v_threshold = 1e6;
  p.gamma = 1e6;
  p.refractory_steps = 0;
  p.pseudo_derivative = PseudoDerivative::constant;
  return {p};
}
NeuronModels::Settings alif_neuron() {
  AlifParams<Distribution> p;
  p.tau_m = tau_m;
  p.v_threshold = 1e6;
  p.gamma = 1e6;
  p.beta = 0.0;
  p.refractory_steps = 0;
  p.pseudo_derivative = PseudoDerivative::constant;
  return {p};
}
// q = base + slope * v, psi = 1.
EscapeLifParams<Distribution> linear_escape(double base, double slope, bool reset) {
  EscapeLifParams<Distribution> p;
  p.tau_m = tau_m;
  p.v_threshold = 1.0;
  p.refractory_steps = 0;
  p.escape = EscapeFunction::linear;
  p.base_probability = base;
  p.slope = slope;
  p.pseudo_derivative = EscapeDerivative::constant;
  p.reset = reset;
  return p;
}

const std::map<std::string, NeuronModels::Settings>& neurons() {
  static const std::map<std::string, NeuronModels::Settings> all{
      {"lif", lif_neuron()}, {"alif", alif_neuron()}, {"escape_lif", {linear_escape(0.1, 0.01, true)}}};
  return all;
}

// One input that fires at `pre_step`; neuron j fires at pre_step - 100 + j. Silent long enough for all traces to
// vanish.
constexpr std::size_t pre_step = 120, delays = 201, pair_steps = 1100;
constexpr int delay_of(std::size_t j) {
  return static_cast<int>(j) - 100;
}
Trains all_delays() {
  Trains trains{std::vector<std::uint8_t>(pair_steps, 0), std::vector<std::uint8_t>(pair_steps * delays, 0),
                pair_steps};
  trains.pre[pre_step] = 1;
  for (std::size_t j = 0; j < delays; ++j) trains.post[(pre_step - 100 + j) * delays + j] = 1;
  return trains;
}

template <class Real>
void expect_close(const std::vector<Real>& found, const std::vector<double>& expected, const std::string& label) {
  const std::vector<double> wide(found.begin(), found.end());
  ASSERT_EQ(wide.size(), expected.size()) << label;
  EXPECT_LE(relative_difference(wide, expected), bound<Real>) << label;
}

template <class Real>
class StdpFromEprop : public ::testing::Test {};
using Precisions = ::testing::Types<double, float>;
TYPED_TEST_SUITE(StdpFromEprop, Precisions);

// Pairs of an input and a neuron, and of two neurons, whose spikes arrive a step later.
TYPED_TEST(StdpFromEprop, PairHasTheClosedFormAtEveryDelay) {
  std::vector<double> expected;
  for (std::size_t j = 0; j < delays; ++j) expected.push_back(stdp_kernel(delay_of(j)));
  for (std::size_t i = 0; i < delays; ++i) {
    for (std::size_t j = 0; j < delays; ++j) expected.push_back(stdp_kernel(delay_of(j) - delay_of(i) - 1));
  }
  for (const auto& [name, neuron] : neurons()) {
    ForcedNetwork<TypeParam> net(1, delays, pair_steps, neuron);
    for (const EpropForm form : {EpropForm::trial, EpropForm::step}) {
      const auto change = net.weight_change({all_delays()}, local_rule(form));
      expect_close(change, expected, name + (form == EpropForm::trial ? " trial" : " step"));
    }
  }
}

// Specification D2: tau_m 20, tau_lam 30.
TEST(StdpKernel, HasThePublishedValues) {
  const std::map<int, double> values{{0, .609971},   {1, .580222},    {10, .369966},   {20, .224396},  {40, .082551},
                                     {-1, -.410026}, {-10, -.303755}, {-20, -.217650}, {-40, -.111745}};
  ForcedNetwork<double> net(1, delays, pair_steps, lif_neuron());
  const std::vector<double> change = net.weight_change({all_delays()}, local_rule(EpropForm::trial));
  for (const auto& [delay, value] : values) {
    EXPECT_NEAR(change[static_cast<std::size_t>(delay + 100)], value, 5e-7) << delay;
  }
}

// Random trains, each trial with another length of silence behind.
constexpr std::size_t train_steps = 200, silent_steps = 900, pres = 4, posts = 6;
std::vector<Trains> random_trains(std::size_t count) {
  const RandomStream draw(7, Purpose::task, 3);
  std::vector<Trains> trials;
  std::uint64_t n = 0;
  for (std::size_t b = 0; b < count; ++b) {
    constexpr std::size_t steps = train_steps + silent_steps;
    Trains trains{std::vector<std::uint8_t>(steps * pres, 0), std::vector<std::uint8_t>(steps * posts, 0),
                  steps - 40 * b};
    for (std::size_t t = 0; t < train_steps; ++t) {
      for (std::size_t i = 0; i < pres; ++i) trains.pre[t * pres + i] = draw.uniform(n++) < 0.05 ? 1 : 0;
      for (std::size_t j = 0; j < posts; ++j) trains.post[t * posts + j] = draw.uniform(n++) < 0.08 ? 1 : 0;
    }
    trials.push_back(trains);
  }
  return trials;
}

// Sum of the kernel over all pairs of spikes: all-to-all pair STDP. delay: of the presynaptic spikes [steps].
double pair_sum(const std::vector<std::uint8_t>& pre, std::size_t pre_cells, std::size_t i, int delay,
                const std::vector<std::uint8_t>& post, std::size_t j) {
  double sum = 0.0;
  for (std::size_t s = 0; s < train_steps; ++s) {
    for (std::size_t t = 0; t < train_steps; ++t) {
      if (pre[s * pre_cells + i] == 0 || post[t * posts + j] == 0) continue;
      sum += stdp_kernel(static_cast<int>(t) - static_cast<int>(s) - delay);
    }
  }
  return sum;
}

std::vector<double> pair_sums(const std::vector<Trains>& trials) {
  std::vector<double> sums((pres + posts) * posts, 0.0);
  for (const Trains& trial : trials) {
    for (std::size_t j = 0; j < posts; ++j) {
      for (std::size_t i = 0; i < pres; ++i) sums[i * posts + j] += pair_sum(trial.pre, pres, i, 0, trial.post, j);
      for (std::size_t i = 0; i < posts; ++i) {
        sums[(pres + i) * posts + j] += pair_sum(trial.post, posts, i, 1, trial.post, j);
      }
    }
  }
  return sums;
}

// Pair STDP with the constants that the derivation predicts; its traces decay once more than the derivation's before
// the other side reads them, hence the division by lam.
PairStdpParams predicted_stdp() {
  PairStdpParams rule;
  rule.tau_plus = tau_m;
  rule.tau_minus = tau_lam;
  rule.a_plus = (1.0 - alpha) / (1.0 - alpha * lam);
  rule.a_minus = (1.0 - lam) / (1.0 - alpha * lam) / lam;
  rule.coincidence = Coincidence::ltp;
  return rule;
}

// The identity's three sides: e-prop's two forms, the rule for pair STDP in its three forms, and the sum over pairs.
TYPED_TEST(StdpFromEprop, RandomTrainsGiveTheSumOverAllPairs) {
  const std::vector<Trains> trials = random_trains(3);
  const std::vector<double> expected = pair_sums(trials);
  for (const auto& [name, neuron] : neurons()) {
    ForcedNetwork<TypeParam> net(pres, posts, train_steps + silent_steps, neuron);
    for (const EpropForm form : {EpropForm::trial, EpropForm::step}) {
      expect_close(net.weight_change(trials, local_rule(form)), expected, name);
    }
    ASSERT_GT(std::count(net.spikes.begin(), net.spikes.end(), 1), 200);
    for (const PlasticityForm form : {PlasticityForm::trial, PlasticityForm::step, PlasticityForm::event}) {
      expect_close(net.plastic_change(trials, predicted_stdp(), form), expected, name + " pair_stdp");
    }
  }
}

TYPED_TEST(StdpFromEprop, BatchIsTheSumOfItsTrials) {
  const std::vector<Trains> trials = random_trains(3);
  ForcedNetwork<TypeParam> net(pres, posts, train_steps + silent_steps, lif_neuron());
  std::vector<double> sum((pres + posts) * posts, 0.0);
  for (const Trains& trial : trials) {
    const auto one = net.weight_change({trial}, local_rule(EpropForm::trial));
    for (std::size_t n = 0; n < sum.size(); ++n) sum[n] += static_cast<double>(one[n]);
  }
  expect_close(net.weight_change(trials, local_rule(EpropForm::trial)), sum, "batch");
}

// Identity 2, h[t] = psi (z - m) + alpha h[t+1], dW = sum h x, also for trains without silence behind them.
TYPED_TEST(StdpFromEprop, AdjointIsTheFilteredPredictionError) {
  std::vector<Trains> trials = random_trains(1);
  trials[0].length = train_steps;
  std::vector<double> expected;
  for (std::size_t i = 0; i < pres; ++i) {
    for (std::size_t j = 0; j < posts; ++j) {
      std::vector<double> error;
      double m = 0.0;
      for (std::size_t t = 0; t < train_steps; ++t) {
        const double z = trials[0].post[t * posts + j];
        error.push_back(z - m);
        m = lam * m + (1.0 - lam) * z;
      }
      double h = 0.0;
      double change = 0.0;
      for (std::size_t t = train_steps; t-- > 0;) {
        h = error[t] + alpha * h;
        change += h * trials[0].pre[t * pres + i];
      }
      expected.push_back(change);
    }
  }
  ForcedNetwork<TypeParam> net(pres, posts, train_steps + silent_steps, lif_neuron());
  auto change = net.weight_change(trials, local_rule(EpropForm::trial));
  change.resize(expected.size());
  expect_close(change, expected, "adjoint");
}

TYPED_TEST(StdpFromEprop, PredictionAsTargetFlipsEverySign) {
  const std::vector<Trains> trials = random_trains(1);
  ForcedNetwork<TypeParam> net(pres, posts, train_steps + silent_steps, lif_neuron());
  EpropParams flipped = local_rule(EpropForm::trial);
  flipped.target = PredictionTarget::prediction;
  std::vector<double> expected = pair_sums(trials);
  for (double& w : expected) w = -w;
  expect_close(net.weight_change(trials, flipped), expected, "flipped");
}

// Identity 3: rule (a) with q = q0 + g v, from one input of weight w, with and without reset by v_th = 1.
TYPED_TEST(StdpFromEprop, MembranePredictionHasItsClosedForm) {
  constexpr double q0 = 0.3, g = 0.05, w = 0.4, v_th = 1.0;
  for (const bool reset : {false, true}) {
    std::vector<double> expected;
    for (std::size_t j = 0; j < delays; ++j) {
      const int d = delay_of(j);
      double k = (d >= 0 ? std::pow(alpha, d) : 0.0) - q0 / (1.0 - alpha) - g * w / (1.0 - alpha * alpha);
      if (reset) k += g * v_th * std::pow(alpha, d >= 0 ? d + 1 : -d - 1) / (1.0 - alpha * alpha);
      expected.push_back(k);
    }
    ForcedNetwork<TypeParam> net(1, delays, pair_steps, {linear_escape(q0, g, reset)}, w);
    for (const EpropForm form : {EpropForm::trial, EpropForm::step}) {
      auto change = net.weight_change({all_delays()}, local_rule(form, Prediction::membrane));
      change.resize(delays);
      expect_close(change, expected, reset ? "reset" : "no reset");
    }
  }
}

// Adaptation, dropout, rate penalty, a readout beside: still one gradient in both forms, and the readout's own is that
// of a global signal.
TEST(LocalSignalForms, AgreeAndLeaveTheReadoutAlone) {
  SmallNetworkCase c{true, FeedbackKind::random, 5.0, 10.0, LossKind::softmax, 0.3};
  SmallNetwork<double> global(c);
  const std::vector<double> broadcast = global.gradient(EpropForm::trial);
  c.signal = LearningSignal::local;
  SmallNetwork<double> net(c);
  const std::vector<double> trial = net.gradient(EpropForm::trial);
  const std::vector<double> step = net.gradient(EpropForm::step);

  EXPECT_LE(relative_difference(step, trial), exact);
  const auto readout = static_cast<std::ptrdiff_t>(net.network.projections[2].offset);
  EXPECT_EQ(std::vector<double>(trial.begin() + readout, trial.end()),
            std::vector<double>(broadcast.begin() + readout, broadcast.end()));
  EXPECT_GT(relative_difference(std::vector<double>(trial.begin(), trial.begin() + readout),
                                std::vector<double>(broadcast.begin(), broadcast.begin() + readout)),
            0.1);
}

}  // namespace
}  // namespace spikeweave::testing
