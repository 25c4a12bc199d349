// A projection from "bias" is one from an input channel that is 1 in every step: the same spikes and the same gradient.

#include <gtest/gtest.h>

#include <vector>

#include "tests/gradient/small_network.hpp"

namespace spikeweave::testing {
namespace {

// [first, first + count) of a gradient.
template <class Real>
std::vector<Real> part(const std::vector<Real>& all, std::size_t first, std::size_t count) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

// The same trials with one more channel, which is 1 in every step.
TrialBatch with_ones(const TrialBatch& trials, std::size_t inputs) {
  TrialBatch more = trials;
  more.events.clear();
  for (std::size_t row = 0; row < trials.batch * trials.steps; ++row) {
    const auto first = trials.events.begin() + static_cast<std::ptrdiff_t>(row * inputs);
    more.events.insert(more.events.end(), first, first + static_cast<std::ptrdiff_t>(inputs));
    more.events.push_back(1);
  }
  return more;
}

struct BiasCase {
  SmallNetworkCase network;
  bool is_bptt = false;
  EpropForm form = EpropForm::trial;
};

template <class Real>
std::vector<Real> gradient(SmallNetwork<Real>& net, const BiasCase& c) {
  return c.is_bptt ? net.gradient(SpikePath::full) : net.gradient(c.form);
}

TEST(Bias, IsAnInputThatIsAlwaysOn) {
  SmallNetworkCase alif{true, FeedbackKind::random, 5.0};
  alif.rate_coefficient = 50.0;
  SmallNetworkCase symmetric = alif;
  symmetric.feedback = FeedbackKind::symmetric;
  for (const BiasCase& c :
       {BiasCase{alif}, BiasCase{alif, false, EpropForm::step}, BiasCase{symmetric, true, EpropForm::trial}}) {
    SmallNetworkCase biased = c.network, extended = c.network;
    biased.bias = true;
    extended.extra_inputs = 1;
    SmallNetwork<double> net(biased), reference(extended);
    reference.trials = with_ones(net.trials, SmallNetwork<double>::inputs);
    // All weights of the one are those of the other; those of the bias are the last row of the input's.
    constexpr std::size_t inputs = SmallNetwork<double>::inputs, neurons = SmallNetwork<double>::neurons;
    const std::size_t from_input = inputs * neurons;
    std::vector<double> parameters = net.state.parameters();
    const std::size_t bias = net.network.projections.back().offset;
    std::vector<double> same(parameters.begin(), parameters.begin() + static_cast<std::ptrdiff_t>(from_input));
    const std::vector<double> biases = part(parameters, bias, neurons);
    same.insert(same.end(), biases.begin(), biases.end());
    const std::vector<double> others = part(parameters, from_input, bias - from_input);
    same.insert(same.end(), others.begin(), others.end());
    const std::vector<double> of_outputs = part(parameters, bias + neurons, SmallNetwork<double>::outputs);
    same.insert(same.end(), of_outputs.begin(), of_outputs.end());
    ASSERT_EQ(same.size(), reference.network.parameter_count);
    reference.state.set_parameters(same);

    const std::vector<double> found = gradient(net, c);
    const std::vector<double> expected = gradient(reference, c);

    ASSERT_TRUE(net.is_alive());
    EXPECT_EQ(net.spikes, reference.spikes);
    EXPECT_EQ(net.result.loss, reference.result.loss);
    EXPECT_LE(relative_difference(part(found, bias, neurons), part(expected, from_input, neurons)), 1e-12);
    EXPECT_LE(relative_difference(part(found, 0, from_input), part(expected, 0, from_input)), 1e-12);
    for (const std::size_t steps : {std::size_t{7}, std::size_t{59}}) {
      net.slice_steps = steps;
      EXPECT_LE(relative_difference(gradient(net, c), found), 1e-12) << steps;
    }
  }
}

}  // namespace
}  // namespace spikeweave::testing
