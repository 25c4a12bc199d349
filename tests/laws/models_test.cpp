// What holds for every neuron model of the list; a new model is tested by being in it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "host/config/describe.hpp"
#include "host/config/schema.hpp"
#include "spikeweave/models/all.hpp"

namespace spikeweave {
namespace {

constexpr double dt = 1.0;  // [ms]

template <template <class> class Model>
struct Tag {
  template <class Real>
  using Of = Model<Real>;
};

template <template <class> class... Models>
::testing::Types<Tag<Models>...> types_of(ModelList<Models...>);
using AllModels = decltype(types_of(NeuronModels{}));

template <class T>
class ModelLaw : public ::testing::Test {};
TYPED_TEST_SUITE(ModelLaw, AllModels);

template <class Real, class M>
typename M::Derived default_neuron() {
  return M::derive(draw_parameters<typename M::NeuronParams>(typename M::Params{}, /*seed=*/1, 0, 0), dt);
}

// Spikes of one neuron under a constant current.
template <class M>
std::vector<int> run(typename M::Derived derived, typename M::Value current, int steps, std::uint32_t word) {
  typename M::State state = M::initial_state(derived);
  std::vector<int> spikes;
  for (int t = 0; t < steps; ++t) {
    const auto out = M::template step<PiecewiseLinear>(derived, state, {current, word});
    spikes.push_back(!M::is_rate && out.spike > 0 ? 1 : 0);
    EXPECT_TRUE(M::is_rate || out.spike == 0 || out.spike == 1);
    if constexpr (requires { state.z; }) {
      EXPECT_EQ(out.spike, state.z);
    }
  }
  return spikes;
}

// The first state variable, the one that the input moves.
template <class State>
auto& first_of(State& state) {
  return state.*(std::get<0>(State::columns()).member);
}

// Sets the refractory time to 7 steps. Returns the shortest interval between two spikes that this means, in steps; 0
// where the model has no such setting.
template <class Params>
int refract_for_seven_steps(Params& settings) {
  if constexpr (requires { settings.refractory_steps; }) {
    settings.refractory_steps = 7;  // is that interval
    return 7;
  } else if constexpr (requires { settings.tau_refractory; }) {
    settings.tau_refractory = 7 * dt;  // held for 7 steps, so the 8th may fire
    return 8;
  } else {
    return 0;
  }
}

constexpr std::uint32_t never = 0xFFFFFFFFu;  // a random word that no probability below 1 reaches
constexpr std::uint32_t always = 0;           // one that every probability above 0 reaches

TYPED_TEST(ModelLaw, IsSilentWithoutInput) {
  using M = typename TypeParam::template Of<float>;
  if (M::is_rate) GTEST_SKIP() << M::Params::name << " has no spikes";
  const auto spikes = run<M>(default_neuron<float, M>(), 0.0f, 500, never);
  EXPECT_EQ(std::count(spikes.begin(), spikes.end(), 1), 0);
}

TYPED_TEST(ModelLaw, FiresUnderStrongInput) {
  using M = typename TypeParam::template Of<float>;
  if (M::is_rate) GTEST_SKIP() << M::Params::name << " has no spikes";
  const auto spikes = run<M>(default_neuron<float, M>(), 10.0f, 100, always);
  EXPECT_GE(std::count(spikes.begin(), spikes.end(), 1), 2);
}

TYPED_TEST(ModelLaw, KeepsItsRefractoryTime) {
  using M = typename TypeParam::template Of<float>;
  typename M::Params settings;
  const int expected = refract_for_seven_steps(settings);
  if (expected == 0) GTEST_SKIP() << M::Params::name << " has no refractory time to set";
  const auto derived = M::derive(draw_parameters<typename M::NeuronParams>(settings, /*seed=*/1, 0, 0), dt);
  const auto spikes = run<M>(derived, 50.0f, 100, always);
  int last = -100;
  int shortest = 1000;
  for (int t = 0; t < 100; ++t) {
    if (spikes[static_cast<std::size_t>(t)] == 0) continue;
    if (last >= 0) shortest = std::min(shortest, t - last);
    last = t;
  }
  EXPECT_EQ(shortest, expected);
}

TYPED_TEST(ModelLaw, FiresWhereForcedEvenIfItHasJustFired) {
  using M = typename TypeParam::template Of<float>;
  if (M::is_rate) GTEST_SKIP() << M::Params::name << " has no spikes";
  const auto derived = default_neuron<float, M>();
  typename M::State state = M::initial_state(derived);
  for (const float forced : {0.0f, 1.0f, 1.0f, 0.0f, 1.0f}) {
    EXPECT_EQ(M::template step<PiecewiseLinear>(derived, state, {0.0f, never, forced}).spike, forced);
  }
}

// Of a model that learning can differentiate; of any other it is 0 always.
TYPED_TEST(ModelLaw, PseudoDerivativeIsPositiveSomewhereAndNeverNegative) {
  using M = typename TypeParam::template Of<double>;
  if (carries_error<M>) GTEST_SKIP() << M::Params::name << " has an error in its place";
  const auto derived = default_neuron<double, M>();
  double smallest = 1.0;
  double largest = 0.0;
  for (const double current : {0.04, 5.0}) {  // 5: spikes of the models in mV
    typename M::State state = M::initial_state(derived);
    for (int t = 0; t < 200; ++t) {
      const auto out = M::template step<PiecewiseLinear>(derived, state, {current, never});
      smallest = std::min(smallest, out.psi);
      largest = std::max(largest, out.psi);
    }
  }
  EXPECT_GE(smallest, 0.0);
  if constexpr (M::is_differentiable) {
    EXPECT_GT(largest, 0.01);
  } else {
    EXPECT_EQ(largest, 0.0);
  }
}

// A model that sends something at rest settles elsewhere, and only there are denormals looked for.
TYPED_TEST(ModelLaw, ComesToRestWithoutDenormals) {
  using M = typename TypeParam::template Of<float>;
  const auto derived = default_neuron<float, M>();
  typename M::State state = M::initial_state(derived);
  const float start = first_of(state);
  const bool is_active = M::template step<PiecewiseLinear>(derived, state, {0.0f, never}).spike != 0.0f;
  for (int t = 0; t < 3; ++t) M::template step<PiecewiseLinear>(derived, state, {0.01f, never});
  ASSERT_NE(first_of(state), start);
  for (int t = 0; t < 5000; ++t) M::template step<PiecewiseLinear>(derived, state, {0.0f, never});
  if (start == 0.0f && !is_active) {
    EXPECT_EQ(first_of(state), 0.0f);
  }
  const float at_rest = first_of(state);
  const auto expect_no_denormal = [&](const auto& column) {
    EXPECT_NE(std::fpclassify(state.*(column.member)), FP_SUBNORMAL) << column.name;
  };
  std::apply([&](const auto&... column) { (expect_no_denormal(column), ...); }, M::State::columns());
  for (int t = 0; t < 100; ++t) M::template step<PiecewiseLinear>(derived, state, {0.0f, never});
  EXPECT_NEAR(first_of(state), at_rest, is_active ? 1e-6f : 0.0f);
}

TYPED_TEST(ModelLaw, EligibilityConstantsAreDecays) {
  using M = typename TypeParam::template Of<double>;
  if constexpr (M::is_differentiable) {
    const auto k = M::eligibility(default_neuron<double, M>());
    if (M::is_rate) {
      EXPECT_GE(k.alpha, 0.0);  // 0: the unit has no memory
    } else {
      EXPECT_GT(k.alpha, 0.0);
    }
    EXPECT_LT(k.alpha, 1.0);
    EXPECT_GE(k.rho, 0.0);
    EXPECT_LT(k.rho, 1.0);
    EXPECT_GT(k.zeta, 0.0);
    EXPECT_GE(k.beta, 0.0);
    EXPECT_GE(k.reset, 0.0);
  } else {
    GTEST_SKIP() << M::Params::name << " is not differentiable";
  }
}

TYPED_TEST(ModelLaw, NamesColumnsOnceAndStoresWhatItLoads) {
  using State = typename TypeParam::template Of<float>::State;
  std::set<std::string_view> names;
  std::apply([&](const auto&... c) { (names.insert(c.name), ...); }, State::columns());
  EXPECT_EQ(names.size(), column_count<State>);

  constexpr std::size_t count = 5;
  std::vector<std::byte> memory(columns_size<State>(count));
  const ColumnsOf<State> columns = place_columns<State>(memory.data(), count);
  for (std::size_t i = 0; i < count; ++i) {
    State s;
    first_of(s) = static_cast<float>(i) + 0.5f;
    columns.store(i, s);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const State s = columns.load(i);
    EXPECT_EQ(first_of(s), static_cast<float>(i) + 0.5f);
    EXPECT_EQ(column_value<float>(columns.pointers, 0, i), static_cast<float>(i) + 0.5f);
  }
}

TYPED_TEST(ModelLaw, EverySettingIsDescribedAndInTheSchema) {
  using Params = typename TypeParam::template Of<float>::Params;
  const std::string text = describe("model", std::string(Params::name));
  const std::string schema = experiment_schema();
  for_each_field<Params>([&](const auto& field) {
    EXPECT_NE(text.find(field.key), std::string::npos) << field.key;
    EXPECT_NE(schema.find("\"" + std::string(field.key) + "\""), std::string::npos) << field.key;
    EXPECT_FALSE(field.help.empty()) << field.key;
  });
  EXPECT_FALSE(std::string(Params::source).empty());
}

}  // namespace
}  // namespace spikeweave
