// What holds for every plasticity rule of the list; a new rule is tested by being in it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/every_variant.hpp"
#include "tests/support/one_synapse.hpp"
#include "tests/support/random_values.hpp"

namespace spikeweave {
namespace {

using test::for_every_variant;
using test::run_synapse;

constexpr double dt = 1.0;  // [ms]

template <template <class> class Rule>
struct Tag {
  template <class Real>
  using Of = Rule<Real>;
};

template <template <class> class... Rules>
::testing::Types<Tag<Rules>...> types_of(PlasticityList<Rules...>);
using AllRules = decltype(types_of(PlasticityRules{}));

template <class T>
class PlasticityLaw : public ::testing::Test {};
TYPED_TEST_SUITE(PlasticityLaw, AllRules);

template <class Rule>
constexpr bool has_sweep = requires(typename Rule::Params params) {
  Rule::sweep_steps(params, dt);
};

std::vector<double> silence(std::size_t steps) {
  return std::vector<double>(steps, 0.0);
}

// Spikes with the probability given, after and before `margin` silent steps.
std::vector<double> random_train(std::size_t steps, std::uint32_t stream, double probability, std::size_t margin = 0) {
  std::vector<double> train = silence(margin);
  for (const std::uint8_t bit : test::random_bits(steps, stream, probability)) train.push_back(bit);
  train.resize(train.size() + margin, 0.0);
  return train;
}

template <class Rule>
constexpr bool is_heterosynaptic = requires {
  Rule::is_heterosynaptic;
};

template <class Rule>
typename Rule::Synapse synapse_at(double weight) {
  typename Rule::Synapse synapse;
  synapse.weight = static_cast<typename Rule::Value>(weight);
  return synapse;
}

// But for rules that say of themselves that they do.
TYPED_TEST(PlasticityLaw, ChangesNothingWithoutEvents) {
  using Rule = typename TypeParam::template Of<double>;
  const auto post = random_train(300, 1, 0.2);
  for_every_variant(typename Rule::Params{}, [&](const auto& params, const std::string& variant) {
    const auto synapse = run_synapse<Rule>(params, silence(300), post, synapse_at<Rule>(0.25), 0.0, 1.0, dt,
                                           std::vector<double>(300, 1.0));
    EXPECT_EQ(synapse.weight != 0.25, is_heterosynaptic<Rule>) << variant;
  });
}

TYPED_TEST(PlasticityLaw, ChangesNothingWithoutPostActivity) {
  using Rule = typename TypeParam::template Of<double>;
  const auto pre = random_train(300, 1, 0.2);
  for_every_variant(typename Rule::Params{}, [&](const auto& params, const std::string& variant) {
    const auto synapse = run_synapse<Rule>(params, pre, silence(300), synapse_at<Rule>(0.25), 0.0, 1.0, dt,
                                           std::vector<double>(300, 1.0));
    EXPECT_EQ(synapse.weight, 0.25) << variant;
  });
}

TYPED_TEST(PlasticityLaw, LearnsFromRandomTrains) {
  using Rule = typename TypeParam::template Of<double>;
  const auto pre = random_train(300, 1, 0.1);
  const auto post = random_train(300, 2, 0.1);
  for_every_variant(typename Rule::Params{}, [&](const auto& params, const std::string& variant) {
    const auto synapse =
        run_synapse<Rule>(params, pre, post, synapse_at<Rule>(0.25), -10.0, 10.0, dt, std::vector<double>(300, 1.0));
    EXPECT_GT(std::abs(synapse.weight - 0.25), 1e-6) << variant;
  });
}

// The sum of the bilinear terms, each step weighted by what its eligibility meets later where the rule has one; and the
// sum of their magnitudes.
template <class Rule>
std::pair<double, double> weighted_terms(const typename Rule::Params& params, const std::vector<double>& pre,
                                         const std::vector<double>& post, const std::vector<double>& modulator) {
  using Real = typename Rule::Value;
  const auto k = Rule::derive(params, dt);
  std::vector<Real> weight(pre.size(), Real(1));
  if constexpr (has_sweep<Rule>) {
    Real next = 0;
    for (std::size_t t = pre.size(); t-- > 0;) weight[t] = next = Rule::trial_weight(k, next, Real(modulator[t]));
  }
  typename Rule::Pre pre_state;
  typename Rule::Post post_state;
  double sum = 0.0;
  double magnitude = 0.0;
  for (std::size_t t = 0; t < pre.size(); ++t) {
    const auto from = Rule::pre_step(k, pre_state, Real(pre[t]));
    const auto to = Rule::post_step(k, post_state, {Real(post[t]), Real(post[t])});
    for (std::size_t n = 0; n < Rule::term_count; ++n) {
      const double term = double(weight[t]) * (double(from.at[n]) * double(to.at[n]));
      sum += term;
      magnitude += std::abs(term);
    }
  }
  return {sum, magnitude};
}

template <class Rule>
void expect_terms_add_up(double tolerance) {
  const auto pre = random_train(400, 1, 0.1);
  const auto post = random_train(400, 2, 0.1);
  std::vector<double> modulator;
  for (const float value : test::random_floats(400, 3)) modulator.push_back(value);
  for_every_variant(typename Rule::Params{}, [&](auto params, const std::string& variant) {
    if (!Rule::is_bilinear(params)) return;
    if constexpr (has_sweep<Rule>) params.update_interval = dt;
    const auto synapse = run_synapse<Rule>(params, pre, post, synapse_at<Rule>(0.0), -1000.0, 1000.0, dt, modulator);
    const auto [sum, magnitude] = weighted_terms<Rule>(params, pre, post, modulator);
    EXPECT_NEAR(synapse.weight, sum, tolerance * magnitude) << variant;
  });
}

TYPED_TEST(PlasticityLaw, BilinearTermsAddUpToTheChange) {
  expect_terms_add_up<typename TypeParam::template Of<double>>(1e-12);
  expect_terms_add_up<typename TypeParam::template Of<float>>(1e-5);
}

TYPED_TEST(PlasticityLaw, WeightsStayInTheirBounds) {
  using Rule = typename TypeParam::template Of<float>;
  const auto pre = random_train(200, 1, 0.3);
  const auto post = random_train(200, 2, 0.05);
  std::vector<double> modulator;
  for (const float value : test::random_floats(200, 3)) modulator.push_back(value);
  for (const double mu : {0.0, 0.3, 1.0}) {
    typename Rule::Params huge;
    ASSERT_GT(test::set_amplitudes(huge, 1e6), 0);
    if constexpr (requires { huge.mu_plus; }) huge.mu_plus = huge.mu_minus = mu;
    for_every_variant(huge, [&](const auto& params, const std::string& variant) {
      bool reached = false;
      for (std::size_t steps = 1; steps <= pre.size(); ++steps) {
        const std::vector<double> some_pre(pre.begin(), pre.begin() + static_cast<std::ptrdiff_t>(steps));
        const std::vector<double> some_post(post.begin(), post.begin() + static_cast<std::ptrdiff_t>(steps));
        const auto synapse =
            run_synapse<Rule>(params, some_pre, some_post, synapse_at<Rule>(0.1), -0.3, 0.7, dt, modulator);
        ASSERT_GE(synapse.weight, -0.3f) << variant << ", mu " << mu << ", steps " << steps;
        ASSERT_LE(synapse.weight, 0.7f) << variant << ", mu " << mu << ", steps " << steps;
        reached = reached || synapse.weight == -0.3f || synapse.weight == 0.7f;
      }
      EXPECT_TRUE(reached) << variant << ", mu " << mu;
    });
  }
}

TYPED_TEST(PlasticityLaw, NotANumberStaysVisible) {
  using Rule = typename TypeParam::template Of<float>;
  const auto pre = random_train(300, 1, 0.2);
  const auto post = random_train(300, 2, 0.2);
  const auto nan = synapse_at<Rule>(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(std::isnan(run_synapse<Rule>({}, pre, post, nan, 0.0, 1.0, dt).weight));
}

// Calls visit(column) for every column of State.
template <class State, class Visitor>
void for_each_column(const Visitor& visit) {
  std::apply([&](const auto&... c) { (visit(c), ...); }, State::columns());
}

template <class State>
bool has_denormal(const State& state) {
  bool found = false;
  for_each_column<State>(
      [&](const auto& c) { found = found || std::fpclassify(static_cast<float>(state.*(c.member))) == FP_SUBNORMAL; });
  return found;
}

TYPED_TEST(PlasticityLaw, DecaysToExactlyZeroWithoutDenormals) {
  using Rule = typename TypeParam::template Of<float>;
  for_every_variant(typename Rule::Params{}, [&](const auto& params, const std::string& variant) {
    const auto k = Rule::derive(params, dt);
    typename Rule::Pre pre;
    typename Rule::Post post;
    auto from = Rule::pre_step(k, pre, 1.0f);
    auto to = Rule::post_step(k, post, {1.0f, 1.0f});
    for (int t = 1; t < 30000; ++t) {
      from = Rule::pre_step(k, pre, 0.0f);
      to = Rule::post_step(k, post, {0.0f, 0.0f});
      ASSERT_FALSE(has_denormal(pre)) << variant << ", step " << t;
      ASSERT_FALSE(has_denormal(post)) << variant << ", step " << t;
    }
    for (std::size_t n = 0; n < Rule::term_count; ++n) {
      EXPECT_EQ(from.at[n], 0.0f) << variant << ", factor " << n;
      EXPECT_EQ(to.at[n], 0.0f) << variant << ", factor " << n;
    }
  });
}

TYPED_TEST(PlasticityLaw, DoesNotDependOnWhenItHappens) {
  using Rule = typename TypeParam::template Of<float>;
  const auto pre = random_train(300, 1, 0.15, 70);
  const auto post = random_train(300, 2, 0.15, 70);
  auto late_pre = silence(30);
  auto late_post = silence(30);
  late_pre.insert(late_pre.end(), pre.begin(), pre.end());
  late_post.insert(late_post.end(), post.begin(), post.end());
  for_every_variant(typename Rule::Params{}, [&](const auto& params, const std::string& variant) {
    const auto early = run_synapse<Rule>(params, pre, post, synapse_at<Rule>(0.5), -10.0, 10.0, dt);
    const auto late = run_synapse<Rule>(params, late_pre, late_post, synapse_at<Rule>(0.5), -10.0, 10.0, dt);
    EXPECT_EQ(early.weight, late.weight) << variant;
  });
}

template <class State>
void expect_columns(std::set<std::string_view>& names) {
  for_each_column<State>([&](const auto& c) {
    EXPECT_TRUE(names.insert(c.name).second) << c.name;
    EXPECT_FALSE(c.help.empty()) << c.name;
    EXPECT_EQ(State{}.*(c.member), 0) << c.name;
  });

  constexpr std::size_t count = 5;
  std::vector<std::byte> memory(columns_size<State>(count));
  const ColumnsOf<State> columns = place_columns<State>(memory.data(), count);
  for (std::size_t i = 0; i < count; ++i) {
    State s;
    std::size_t n = i;
    for_each_column<State>([&](const auto& c) {
      s.*(c.member) = static_cast<std::decay_t<decltype(s.*(c.member))>>(n);
      n += 10;
    });
    columns.store(i, s);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const State s = columns.load(i);
    std::size_t n = i;
    for_each_column<State>([&](const auto& c) {
      EXPECT_EQ(static_cast<std::size_t>(s.*(c.member)), n) << c.name;
      n += 10;
    });
  }
}

TYPED_TEST(PlasticityLaw, NamesColumnsOnceStartsAtZeroAndStoresWhatItLoads) {
  using Rule = typename TypeParam::template Of<float>;
  std::set<std::string_view> names;
  expect_columns<typename Rule::Pre>(names);
  expect_columns<typename Rule::Post>(names);
  expect_columns<typename Rule::Synapse>(names);
  EXPECT_EQ(std::get<0>(Rule::Synapse::columns()).name, "weight");
}

TYPED_TEST(PlasticityLaw, EverySettingIsExplainedAndStartsInItsRange) {
  using Params = typename TypeParam::template Of<float>::Params;
  std::set<std::string_view> keys;
  for_each_field<Params>([&](const auto& field) {
    EXPECT_TRUE(keys.insert(field.key).second) << field.key;
    EXPECT_FALSE(field.help.empty()) << field.key;
    if constexpr (std::is_arithmetic_v<std::decay_t<decltype(Params{}.*(field.member))>>) {
      EXPECT_TRUE(field.range.contains(Params{}.*(field.member))) << field.key;
    }
  });
  EXPECT_FALSE(Params::summary.empty());
  EXPECT_FALSE(Params::source.empty());
}

TEST(PlasticityRules, HaveDifferentNames) {
  std::set<std::string_view> names;
  std::size_t count = 0;
  PlasticityRules::for_each([&]<template <class> class Rule>() {
    names.insert(Rule<double>::Params::name);
    ++count;
  });
  EXPECT_EQ(names.size(), count);
  EXPECT_GE(count, 9u);
}

}  // namespace
}  // namespace spikeweave
