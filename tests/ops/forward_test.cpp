#include <gtest/gtest.h>

#include <numeric>

#include "ops/forward_network.hpp"
#include "support/backends.hpp"

namespace spikeweave {
namespace {

using test::ForwardCase;
using test::ForwardResult;
using test::PopulationCase;
using test::ProjectionCase;

class Forward : public test::OnBackend {
 protected:
  // Runs the case with every form of propagation of the backend and compares all bits.
  void expect_reference(const ForwardCase& c, const std::string& label) {
    const ForwardResult expected = test::run_reference(c);
    for (const DeviceOptions& options : forms(c.neurons())) {
      use(options);
      const bool has_traces = !is_resident(options.propagation);
      const ForwardResult actual = test::run_on(backend(), c, /*has_psi=*/true, has_traces);
      const std::string place = label + ", propagation " + std::to_string(static_cast<int>(options.propagation)) +
                                ", group " + std::to_string(options.group) + ", " +
                                std::to_string(options.current_bytes) + " bytes";
      ASSERT_EQ(actual.spikes, expected.spikes) << place;
      ASSERT_EQ(actual.psi, expected.psi) << place;
      ASSERT_EQ(actual.prediction, expected.prediction) << place;
      ASSERT_EQ(actual.outputs, expected.outputs) << place;
      ASSERT_EQ(actual.spike_count, expected.spike_count) << place;
      ASSERT_EQ(actual.drawn, expected.drawn) << place;
      if (has_traces) {
        ASSERT_EQ(actual.voltages, expected.voltages) << place;
      }
    }
    use({});
  }

 private:
  static bool is_resident(Propagation form) {
    return form == Propagation::resident_block || form == Propagation::resident_cluster ||
           form == Propagation::resident_grid || form == Propagation::streamed_grid;
  }
  std::vector<DeviceOptions> forms(std::size_t neurons) const {
    if (!is_device() || neurons == 0) return {{.propagation = Propagation::automatic}};
    std::vector<DeviceOptions> list{
        {.propagation = Propagation::automatic},
        {.propagation = Propagation::gather, .current_bytes = 1},  // a step at a time
        {.propagation = Propagation::gemm},
    };
    if (neurons <= 1024) list.push_back({.propagation = Propagation::trial_block});
    if (neurons <= 1024) list.push_back({.propagation = Propagation::trial_block, .current_bytes = 1});
    const auto add = [&](Propagation form, unsigned group) {
      constexpr std::size_t threads = 512;
      // A cluster may have a part of its weights on the chip.
      const std::size_t shared_bytes = form == Propagation::resident_cluster ? 260'000 : 200'000;
      const std::size_t tile = (neurons + group - 1) / group;
      const bool is_on_chip = form != Propagation::streamed_grid;
      if (form == Propagation::resident_cluster && !has_clusters()) return;
      if (tile > threads || (is_on_chip && neurons * tile * sizeof(float) > shared_bytes)) return;
      list.push_back({.propagation = form, .group = group});
      list.push_back({.propagation = form, .group = group, .current_bytes = 1});
    };
    add(Propagation::resident_block, 1);
    add(Propagation::resident_cluster, 2);
    add(Propagation::resident_cluster, 4);
    add(Propagation::resident_grid, 1);  // several groups
    add(Propagation::resident_grid, 3);
    add(Propagation::streamed_grid, 4);
    return list;
  }
};

SW_ON_ALL_BACKENDS(Forward);

constexpr auto linear = PseudoDerivative::piecewise_linear;

ProjectionCase projection(std::size_t pre_begin, std::size_t pre_count, std::size_t post_begin, std::size_t post_count,
                          std::uint32_t stream, double low, double high) {
  return {pre_begin, pre_count, post_begin, post_count, test::random_floats(pre_count * post_count, stream, low, high)};
}

// One LIF population with dense input and recurrent weights that keep some of the neurons firing.
ForwardCase lif_case(std::size_t batch, std::size_t neurons, std::size_t inputs, std::size_t steps) {
  ForwardCase c;
  c.steps = steps;
  c.inputs = inputs;
  c.populations = {{0, linear, neurons}};
  for (std::size_t b = 0; b < batch; ++b) c.length.push_back(static_cast<std::int32_t>(steps - b % steps));
  c.input = {projection(0, inputs, 0, neurons, 1, -0.1, 0.4)};
  c.recurrent = {projection(0, neurons, 0, neurons, 2, -0.1, 0.1)};
  c.events = test::random_bits(batch * steps * inputs, 3, 0.3);
  return c;
}

// Of the spikes within the trials, how many there are and how many there could be.
void expect_alive(const ForwardCase& c) {
  const ForwardResult r = test::run_reference(c);
  const auto spikes = std::accumulate(r.spike_count.begin(), r.spike_count.end(), 0u);
  const auto steps = std::accumulate(c.length.begin(), c.length.end(), 0);
  EXPECT_GT(spikes, 0u);
  EXPECT_LT(spikes, static_cast<unsigned>(steps) * c.neurons());
}

TEST_P(Forward, EqualsThePlainLoopForAllSizes) {
  for (const std::size_t batch : {1u, 3u}) {
    for (const std::size_t neurons : {0u, 1u, 31u, 32u, 33u, 255u, 257u, 1000u}) {
      const ForwardCase c = lif_case(batch, neurons, 20, 4);
      if (neurons > 1) expect_alive(c);

      expect_reference(c, std::to_string(batch) + " trials, " + std::to_string(neurons) + " neurons");
    }
  }
}

TEST_P(Forward, EqualsThePlainLoopBeyondOneBlock) {
  expect_reference(lif_case(2, 1030, 9, 3), "1030 neurons");
}

TEST_P(Forward, EqualsThePlainLoopForMoreInputsThanAListHolds) {
  for (const std::size_t inputs : {0u, 1u, 1023u, 1024u, 1025u, 2100u}) {
    expect_reference(lif_case(2, 5, inputs, 3), std::to_string(inputs) + " inputs");
  }
}

TEST_P(Forward, EqualsThePlainLoopForMoreTrialsThanATileHolds) {
  expect_reference(lif_case(65, 66, 10, 3), "65 trials");
}

// Two projections into overlapping ranges, one population without input, all models.
ForwardCase mixed_case() {
  ForwardCase c;
  c.steps = 12;
  c.frame_steps = 4;
  c.inputs = 10;
  c.length = {12, 7, 0};
  c.populations = {
      {0, linear, 5}, {1, PseudoDerivative::fast_sigmoid, 34}, {2, linear, 7}, {1, PseudoDerivative::arctan, 3}};
  c.input = {projection(0, 6, 0, 46, 1, 0.0, 0.4), projection(4, 6, 5, 20, 2, -0.3, 0.5)};
  c.recurrent = {projection(0, 49, 0, 49, 3, -0.1, 0.1), projection(5, 34, 39, 10, 4, 0.0, 0.5),
                 projection(3, 1, 0, 1, 5, 0.2, 0.3)};
  c.events = test::random_bits(3 * 12 * 10, 6, 0.3);
  for (std::size_t i = 0; i < c.events.size(); i += 7) c.events[i] *= 3;  // several events in one step
  return c;
}

TEST_P(Forward, EqualsThePlainLoopForSeveralModelsAndProjections) {
  expect_alive(mixed_case());

  expect_reference(mixed_case(), "events");
}

// A population of each model of the list. Weights are such that models in mV and models with a threshold of 0.6 fire.
ForwardCase every_model_case() {
  ForwardCase c;
  c.steps = 40;
  c.inputs = 12;
  c.length = {40, 25};
  for (std::size_t model = 0; model < NeuronModels::Settings::names.size(); ++model) {
    c.populations.push_back({model, linear, 6});
  }
  const std::size_t n = c.neurons();
  c.input = {projection(0, 12, 0, n, 1, -3.0, 4.0)};
  c.recurrent = {projection(0, n, 0, n, 2, -0.8, 0.8)};
  c.events = test::random_bits(2 * 40 * 12, 3, 0.4);
  return c;
}

TEST_P(Forward, EqualsThePlainLoopForEveryModelOfTheList) {
  const ForwardCase c = every_model_case();
  const ForwardResult r = test::run_reference(c);
  for (std::size_t p = 0; p < c.populations.size(); ++p) {
    for (const float v : r.voltages[p]) ASSERT_TRUE(std::isfinite(v)) << NeuronModels::Settings::names[p];
    if (test::is_rate_model(c.populations[p].model)) continue;
    const auto first = r.spike_count.begin() + static_cast<std::ptrdiff_t>(6 * p);
    const auto spikes = std::accumulate(first, first + 6, 0u);
    EXPECT_GT(spikes, 0u) << NeuronModels::Settings::names[p];
    EXPECT_LT(spikes, 6u * 40u) << NeuronModels::Settings::names[p];
  }

  expect_reference(c, "every model");
}

// Without input and connections; escape_lif and burst_neuron are left out because they fire by themselves. In trial 0
// neurons 0, 2, 4, ... are forced in steps 3, 4 and 9, step 4 within their refractory time; in trial 1 one neuron in
// step 0. The view of forced spikes leaves the last neuron out.
TEST_P(Forward, NeuronsFireInTheStepsWhereTheyAreForced) {
  ForwardCase c = every_model_case();
  std::erase_if(c.populations, [](const PopulationCase& p) {
    const std::string_view name = NeuronModels::Settings::names[p.model];
    return name == "escape_lif" || name == "burst_neuron" || test::is_rate_model(p.model);
  });
  c.input.clear();
  c.recurrent.clear();
  c.forced_neurons = c.neurons() - 1;
  c.forced.assign(2 * c.steps * c.forced_neurons, 0);
  std::vector<std::uint8_t> expected(2 * c.steps * c.neurons(), 0);
  const auto force = [&](std::size_t b, std::size_t t, std::size_t neuron) {
    c.forced[(b * c.steps + t) * c.forced_neurons + neuron] = 1;
    expected[(b * c.steps + t) * c.neurons() + neuron] = 1;
  };
  for (const std::size_t t : {3u, 4u, 9u}) {
    for (std::size_t neuron = 0; neuron < c.forced_neurons; neuron += 2) force(0, t, neuron);
  }
  force(1, 0, c.forced_neurons - 1);

  expect_reference(c, "forced");

  EXPECT_EQ(test::run_on(backend(), c).spikes, expected);
}

TEST_P(Forward, MaskSilencesAnInputForItsFrameAndScaleMultipliesTheSum) {
  ForwardCase c = mixed_case();
  c.mask = test::random_bits(3 * 3 * 10, 7, 0.7);
  c.input_scale = 1.0f / 0.7f;
  expect_alive(c);

  expect_reference(c, "events and mask");
}

TEST_P(Forward, ValuesHoldForAWholeFrame) {
  ForwardCase c = mixed_case();
  c.events.clear();
  c.values = test::random_floats(3 * 3 * 10, 8, -0.2, 0.6);
  c.values[3] = 0.0f;
  expect_alive(c);
  expect_reference(c, "values");

  c.mask = test::random_bits(3 * 3 * 10, 9, 0.5);
  c.input_scale = 2.0f;
  expect_reference(c, "values and mask");
}

TEST_P(Forward, DrawsItsEventsAsEncodeDoes) {
  for (const Encoding encoding : {Encoding::bernoulli, Encoding::poisson}) {
    ForwardCase c = mixed_case();
    c.encoding = encoding;
    c.intensity = test::random_floats(3 * 3 * 10, 11, 0.0, encoding == Encoding::bernoulli ? 0.6 : 1.5);
    c.events = test::drawn_events(backend(), c);
    expect_alive(c);
    expect_reference(c, "drawn");
  }
}

TEST_P(Forward, DrawsEventsForTheBlockOfNeuronsThatTheyReach) {
  ForwardCase c = lif_case(2, 2100, 9, 6);
  c.input = {projection(0, 9, 1030, 700, 1, -0.1, 0.4)};
  c.intensity = test::random_floats(2 * 6 * 9, 13, 0.0, 0.6);
  c.events = test::drawn_events(backend(), c);
  expect_reference(c, "drawn");
}

TEST_P(Forward, DrawsMoreEventsThanSharedMemoryHolds) {
  ForwardCase c = lif_case(2, 5, 12300, 3);
  c.intensity = test::random_floats(2 * 3 * 12300, 12, 0.0, 0.01);
  c.events = test::drawn_events(backend(), c);

  expect_reference(c, "drawn");
}

TEST_P(Forward, SilentInputGivesNoSpike) {
  ForwardCase c = lif_case(3, 33, 8, 4);
  std::fill(c.events.begin(), c.events.end(), std::uint8_t{0});

  expect_reference(c, "silent");

  EXPECT_EQ(test::run_on(backend(), c).spike_count, std::vector<std::uint32_t>(99, 0));
}

TEST_P(Forward, AllNeuronsFireTogether) {
  ForwardCase c = lif_case(1, 257, 4, 3);
  std::fill(c.events.begin(), c.events.end(), std::uint8_t{1});
  std::fill(c.input[0].weights.begin(), c.input[0].weights.end(), 1000.0f);

  expect_reference(c, "all firing");

  const ForwardResult r = test::run_on(backend(), c);
  EXPECT_EQ(std::vector<std::uint8_t>(r.spikes.begin(), r.spikes.begin() + 257), std::vector<std::uint8_t>(257, 1));
}

// More spikes in a step than are listed at a time, and neurons between threshold and rest to see what they give.
TEST_P(Forward, AddsUpLongListsOfSpikes) {
  ForwardCase c = lif_case(2, 300, 6, 5);
  c.forced_neurons = 300;
  for (std::size_t n = 0; n < 2 * 5 * 300; ++n) {
    const bool is_first_step = n / 300 % 5 == 0;
    c.forced.push_back(is_first_step && n % 5 != 0 ? 1 : 0);
  }
  expect_alive(c);

  expect_reference(c, "long lists");
}

// In a cluster of two, the weights of the last 90 or so of 410 pre cells are not on the chip; the first of them are in
// the second projection. Lists are short where weights take the memory, and begin anew within a projection.
TEST_P(Forward, AddsUpWeightsThatAreOnlyPartlyOnTheChip) {
  ForwardCase c = lif_case(3, 360, 6, 6);
  c.recurrent = {projection(0, 250, 0, 360, 2, -0.1, 0.1), projection(200, 160, 0, 360, 4, -0.1, 0.1)};
  c.forced_neurons = 360;
  for (std::size_t n = 0; n < 3 * 6 * 360; ++n) {
    const bool is_first_step = n / 360 % 6 == 0;
    c.forced.push_back(is_first_step && n % 5 != 0 ? 1 : 0);
  }
  expect_alive(c);

  expect_reference(c, "partly on the chip");
}

// More spikes in a step than the longest list holds.
TEST_P(Forward, AddsUpListsLongerThanAnyIsKept) {
  ForwardCase c = lif_case(1, 1040, 6, 3);
  c.forced_neurons = 1040;
  for (std::size_t n = 0; n < 3 * 1040; ++n) c.forced.push_back(n < 1040 && n % 100 != 99 ? 1 : 0);
  expect_alive(c);

  expect_reference(c, "longest lists");
}

// The first 44 of 49 neurons: some made to fire, some made silent, some left alone, in all models.
TEST_P(Forward, ForcedSpikesStandWhateverTheState) {
  ForwardCase c = mixed_case();
  c.populations[3].shape = PseudoDerivative::constant;
  c.forced_neurons = 44;
  const std::vector<float> draws = test::random_floats(3 * 12 * 44, 10, 0.0, 3.0);
  for (const float draw : draws) c.forced.push_back(static_cast<std::uint8_t>(draw));

  expect_reference(c, "forced");

  const ForwardResult r = test::run_on(backend(), c);
  for (std::size_t t = 0; t < 12; ++t) {
    for (std::size_t j = 0; j < 44; ++j) {
      const std::uint8_t forced = c.forced[t * 44 + j];
      if (forced != 0) {
        ASSERT_EQ(r.spikes[t * 49 + j], forced == 1 ? 1 : 0) << "step " << t << " neuron " << j;
      }
    }
  }
}

TEST_P(Forward, PsiAndTracesAreOptional) {
  const ForwardCase c = mixed_case();

  const ForwardResult r = test::run_on(backend(), c, /*has_psi=*/false, /*has_traces=*/false);

  EXPECT_EQ(r.spikes, test::run_reference(c).spikes);
  EXPECT_TRUE(r.psi.empty());
}

// One LIF neuron with alpha = 1/2, threshold 1, refractory for 2 steps, input 1 in every step; a second one, refractory
// for 0 steps, that the first drives with weight 2.
//   first  v:  1 (fires at equality)  0.5 + 1 - 1 = 0.5 (refractory)  0.25 + 1 = 1.25 (fires)  0.625 (r.)  1.3125
//   (fires) psi = 0.3 * max(0, 1 - |v - 1|), 0 while refractory second v:  0   2 (fires)   1 - 1 = 0   0 + 2 (fires) 1
//   - 1 = 0
TEST_P(Forward, TwoNeuronsByHand) {
  const std::vector<float> constants{0.5f, 0.5f, 1.0f, 1.0f, 1.0f, 1.0f, 2.0f, 0.0f, 0.3f, 0.3f, 1.0f, 1.0f};
  using Derived = LifDerived<float>;
  std::vector<std::byte> bytes(columns_size<Derived>(2));
  const auto columns = place_columns<Derived>(bytes.data(), 2);
  for (std::size_t j = 0; j < 2; ++j) {
    Derived d{};
    d.alpha = constants[j], d.zeta = constants[2 + j], d.v_threshold = constants[4 + j];
    d.refractory_steps = constants[6 + j], d.psi_height = constants[8 + j], d.psi_scale = constants[10 + j];
    columns.store(j, d);
  }
  const auto derived = put<std::byte>(bytes, {bytes.size()});
  auto state = poisoned<std::byte>({columns_size<MembraneState<float>>(2)});
  const auto length = put<std::int32_t>({5}, {1});
  const auto events = put<std::uint8_t>({1, 1, 1, 1, 1}, {1, 5, 1});
  const auto input_weights = put<float>({1.0f}, {1, 1});
  const auto recurrent_weights = put<float>({2.0f}, {1, 1});
  auto spikes = poisoned<std::uint8_t>({1, 5, 2});
  auto psi = poisoned<float>({1, 5, 2});
  auto count = poisoned<std::uint32_t>({1, 2});
  ForwardArgs<float> args;
  args.batch = 1;
  args.steps = 5;
  args.neuron_count = args.cell_count = 2;
  args.length = length.cview();
  args.events = events.cview();
  args.input.at[args.input.count++] = {0, 1, 0, 1, input_weights.data()};
  args.recurrent.at[args.recurrent.count++] = {0, 1, 1, 1, recurrent_weights.data(), 1};
  args.populations = {{.model = 0, .begin = 0, .count = 2, .state = state.data(), .derived = derived.data()}};
  args.spikes = spikes.view();
  args.psi = psi.view();
  args.spike_count = count.view();

  backend().forward(args);

  EXPECT_EQ(spikes.download(), (std::vector<std::uint8_t>{1, 0, 0, 1, 1, 0, 0, 1, 1, 0}));
  EXPECT_EQ(count.download(), (std::vector<std::uint32_t>{3, 2}));
  const std::vector<float> expected{0.3f, 0.0f, 0.0f, 0.0f, 0.225f, 0.0f, 0.0f, 0.0f, 0.20625f, 0.0f};
  const std::vector<float> actual = psi.download();
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_FLOAT_EQ(actual[i], expected[i]) << "element " << i;
}

}  // namespace
}  // namespace spikeweave
