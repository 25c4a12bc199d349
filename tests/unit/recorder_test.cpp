#include "host/record/recorder.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/config/reader.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "host/record/npy_file.hpp"
#include "spikeweave/core/error.hpp"
#include "tests/support/scratch_folder.hpp"

namespace spikeweave {
namespace {

using Shape = std::vector<std::size_t>;
using Events = std::vector<std::int32_t>;

class Recorder : public ::testing::Test, protected ScratchFolder {
 protected:
  struct TestRun {
    Experiment experiment;
    std::unique_ptr<Backend<float>> backend = make_cpu_backend<float>(1);
    RunObserver observer{};
    std::unique_ptr<Trainer<float>> trainer{};
  };

  // A run of the experiment with this JSON text, its trainer's directory being the scratch folder.
  std::unique_ptr<TestRun> make(const std::string& json) const {
    auto run = std::make_unique<TestRun>();
    run->experiment = read_experiment(json, "e.json");
    run->trainer = std::make_unique<Trainer<float>>(*run->backend, run->experiment, path("."), run->observer);
    return run;
  }

  Hdf5File recorded(TestRun& run, std::uint64_t epoch) const {
    Hdf5File file = create_recording(path("r.h5"), *run.trainer, run.experiment);
    record_trials(file, *run.trainer, run.experiment, epoch);
    file.close();
    return Hdf5File::open_read(path("r.h5"));
  }

  // One neuron that gets 0.75 in each of 4 steps; a second trial has 2 steps of 0.5.
  std::unique_ptr<TestRun> one_neuron(const std::string& neuron) const {
    write_npy<float>(path("x.npy"), std::vector<float>{0.75f, 0.75f, 0.75f, 0.75f, 0.5f, 0.5f, 9.f, 9.f}, {2, 4, 1});
    write_npy<float>(path("y.npy"), std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, {2, 4, 1});
    write_npy<std::int32_t>(path("n.npy"), std::vector<std::int32_t>{4, 2}, {2});
    write_npy<float>(path("w.npy"), std::vector<float>{1.f}, {1, 1});
    return make(R"({"title": "one", "seed": 3, "task": {"type": "recorded",
        "train": {"input": "x.npy", "target": "y.npy", "length": "n.npy"},
        "test": {"input": "x.npy", "target": "y.npy", "length": "n.npy"}},
      "network": {"populations": [{"name": "a", "size": 1, "neuron": )" +
                neuron + R"(}],
        "readout": {"tau": 0, "gain": "unit"},
        "projections": [{"from": "input", "to": "a", "weights_file": "w.npy"},
                        {"from": "a", "to": "output", "weights_file": "w.npy"}]},
      "recording": {"trials": 2, "states": ["v", "r", "z"], "neurons": 5}})");
  }
};

// 30 steps, 8 inputs, 6 + 4 neurons; 3 trials in batches of 2. seed 5.
constexpr const char* evidence = R"({"seed": 5,
  "task": {"type": "evidence_accumulation", "cues": 1, "cue_steps": 10, "pause_steps": 5, "delay_steps": 5,
           "recall_steps": 10, "group_size": 2, "cue_rate": 400, "noise_rate": 100,
           "evaluation": {"valid": 4, "test": 5}},
  "network": {"populations": [{"name": "a", "size": 6, "neuron": {"model": "lif", "tau_m": 10}},
                              {"name": "b", "size": 4, "neuron": {"model": "alif", "tau_m": 10}}],
    "projections": [{"from": "input", "to": ["a", "b"], "weights": {"distribution": "normal", "mean": 0.5, "std": 1}},
                    {"from": ["a", "b"], "to": ["a", "b"]}, {"from": ["a", "b"], "to": "output"}]},
  "training": {"epochs": 2, "batch_size": 4, "updates_per_epoch": 3, "evaluation_batch": 2},
  "recording": {"trials": 3, "states": ["v", "a"], "neurons": 3}})";

TEST_F(Recorder, TracesOfOneNeuronAreThoseWorkedOutByHand) {
  // tau_m = 1/ln 2 ms: alpha = 0.5. Threshold 1, refractory for 2 steps, input 0.75 in trial 0 and 0.5 in trial 1.
  const auto run = one_neuron(R"({"model": "lif", "tau_m": 1.4426950408889634, "v_threshold": 1,
                                  "refractory_steps": 2})");

  const Hdf5File file = recorded(*run, 0);

  // step 0: v = 0.75. 1: 0.375 + 0.75 = 1.125, fires. 2: 0.5625 + 0.75 - 1 = 0.3125, r = 1.
  // 3: 0.15625 + 0.75 = 0.90625, r = 0. Trial 1: 0.5, 0.75, then no steps.
  const std::vector<float> v = file.read<float>("/epoch_0/states/a/v").values;
  ASSERT_EQ(file.shape("/epoch_0/states/a/v"), (Shape{2, 4, 1}));
  EXPECT_FLOAT_EQ(v[0], 0.75f);
  EXPECT_FLOAT_EQ(v[1], 1.125f);
  EXPECT_FLOAT_EQ(v[2], 0.3125f);
  EXPECT_FLOAT_EQ(v[3], 0.90625f);
  EXPECT_FLOAT_EQ(v[4], 0.5f);
  EXPECT_FLOAT_EQ(v[5], 0.75f);
  EXPECT_TRUE(std::isnan(v[6]));
  EXPECT_TRUE(std::isnan(v[7]));
  const std::vector<float> r = file.read<float>("/epoch_0/states/a/r").values;
  EXPECT_EQ(std::vector<float>(r.begin(), r.begin() + 6), (std::vector<float>{0, 2, 1, 0, 0, 0}));
  EXPECT_EQ(file.read<std::int32_t>("/epoch_0/spikes").values, (Events{0, 1, 0}));
  const std::vector<float> y = file.read<float>("/epoch_0/outputs").values;  // tau = 0: the weight 1 where it fires
  EXPECT_EQ(std::vector<float>(y.begin(), y.begin() + 6), (std::vector<float>{0, 1, 0, 0, 0, 0}));
  EXPECT_TRUE(std::isnan(y[6]));
}

TEST_F(Recorder, FileTellsInputsTargetsAndUnits) {
  const auto run = one_neuron(R"({"model": "alif"})");

  const Hdf5File file = recorded(*run, 7);

  EXPECT_EQ(file.read<std::int32_t>("/epoch_7/lengths").values, (Events{4, 2}));
  EXPECT_EQ(file.shape("/epoch_7/input_values"), (Shape{2, 4, 1}));
  EXPECT_EQ(file.read<float>("/epoch_7/input_values").values[5], 0.5f);
  EXPECT_TRUE(std::isnan(file.read<float>("/epoch_7/input_values").values[6]));
  EXPECT_EQ(file.read<std::int32_t>("/epoch_7/segments").values, (Events{0, 1, 2, 3, 0, 1, -1, -1}));
  const std::vector<double> targets = file.read<double>("/epoch_7/targets").values;
  EXPECT_EQ(std::vector<double>(targets.begin(), targets.begin() + 6), (std::vector<double>{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(std::isnan(targets[6]));
  EXPECT_EQ(file.string_attribute("/epoch_7/states/a/v", "units"), "threshold units");
  EXPECT_EQ(file.string_attribute("/epoch_7/states/a/v", "axes"), "trial, step, neuron");
  EXPECT_EQ(file.integer_attribute("/epoch_7/states/a/v", "first_neuron"), 0);
  EXPECT_EQ(file.string_attribute("/epoch_7", "split"), "test");
  EXPECT_EQ(file.integer_attribute("/epoch_7", "frame_steps"), 1);
  EXPECT_EQ(file.string_attribute("/", "title"), "one");
  EXPECT_EQ(file.integer_attribute("/", "seed"), 3);
  EXPECT_EQ(file.read<double>("/dt").values, std::vector<double>{1.0});
  EXPECT_EQ(file.read<std::int64_t>("/populations/a").values, (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(file.string_attribute("/populations/a", "model"), "alif");
}

TEST_F(Recorder, EventsAndOutputsAreThoseOfTheSimulator) {
  const auto run = make(evidence);
  TrialBatch batch;
  run->trainer->task().fill(Split::test, std::vector<std::uint64_t>{0, 1, 2}, batch);
  std::vector<std::uint32_t> keys;
  for (const std::uint64_t id : {0, 1, 2}) keys.push_back(Trainer<float>::trial_key(Split::test, id));
  Simulator<float>& simulator = run->trainer->simulator();
  simulator.run(batch, keys, {});
  const auto events = [&](const std::vector<std::uint8_t>& all, std::size_t cells) {
    Events rows;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i] == 0) continue;
      for (const std::size_t n : {i / cells / batch.steps, i / cells % batch.steps, i % cells}) {
        rows.push_back(static_cast<std::int32_t>(n));
      }
    }
    return rows;
  };
  const Events spikes = events(simulator.spikes(), 10);
  const Events inputs = events(simulator.input_events(), 8);
  const std::vector<float> outputs = simulator.output();
  ASSERT_GT(spikes.size(), 100u);

  const Hdf5File file = recorded(*run, 0);

  EXPECT_EQ(file.read<std::int32_t>("/epoch_0/spikes").values, spikes);
  EXPECT_EQ(file.read<std::int32_t>("/epoch_0/input_events").values, inputs);
  EXPECT_EQ(file.shape("/epoch_0/outputs"), (Shape{3, 30, 2}));
  EXPECT_EQ(file.read<float>("/epoch_0/outputs").values, outputs);
  EXPECT_EQ(file.read<std::int32_t>("/epoch_0/targets").values, batch.target_class);
  EXPECT_EQ(file.string_attribute("/epoch_0/spikes", "columns"), "trial, step, neuron");
  EXPECT_EQ(file.list("/epoch_0/states/a"), std::vector<std::string>{"v"});
  EXPECT_EQ(file.list("/epoch_0/states/b"), (std::vector<std::string>{"a", "v"}));
  EXPECT_EQ(file.shape("/epoch_0/states/b/a"), (Shape{3, 30, 3}));
  EXPECT_EQ(file.integer_attribute("/epoch_0/states/b/a", "first_neuron"), 6);
}

TEST_F(Recorder, SeveralEventsAtOnceAreSeveralRows) {
  write_npy<float>(path("x.npy"), std::vector<float>{3.f, 0.f, 3.f, 3.f}, {1, 4, 1});
  const auto run = make(R"({"task": {"type": "recorded", "encoding": "poisson",
                                     "train": {"input": "x.npy", "target": "x.npy"}},
    "network": {"populations": [{"name": "a", "size": 2}],
                "projections": [{"from": "input", "to": "a"}, {"from": "a", "to": "output"}]},
    "recording": {"trials": 1}})");

  const Hdf5File file = recorded(*run, 0);

  Events rows;
  const std::vector<std::uint8_t> counts = run->trainer->simulator().input_events();
  for (std::int32_t t = 0; t < 4; ++t) {
    for (int n = 0; n < counts[static_cast<std::size_t>(t)]; ++n) rows.insert(rows.end(), {0, t, 0});
  }
  ASSERT_GT(*std::max_element(counts.begin(), counts.end()), 1);
  EXPECT_EQ(file.read<std::int32_t>("/epoch_0/input_events").values, rows);
  EXPECT_EQ(file.string_attribute("/epoch_0", "split"), "train");
}

TEST_F(Recorder, RecordingChangesNothingOfTheRun) {
  const auto plain = make(evidence);
  const auto with_recording = make(evidence);
  Hdf5File file = create_recording(path("r.h5"), *with_recording->trainer, with_recording->experiment);

  for (std::uint64_t epoch = 1; epoch <= 2; ++epoch) {
    plain->trainer->run_epoch();
    with_recording->trainer->run_epoch();
    record_trials(file, *with_recording->trainer, with_recording->experiment, epoch);
  }
  plain->trainer->finish();
  with_recording->trainer->finish();

  EXPECT_EQ(plain->trainer->snapshot().parameters, with_recording->trainer->snapshot().parameters);
  EXPECT_EQ(plain->trainer->result().final, with_recording->trainer->result().final);
  EXPECT_EQ(plain->trainer->result().digest, with_recording->trainer->result().digest);
  file.close();
  EXPECT_EQ(Hdf5File::open_read(path("r.h5")).list(),
            (std::vector<std::string>{"dt", "epoch_1", "epoch_2", "populations"}));
}

TEST_F(Recorder, NoMoreTrialsThanTheSplitHas) {
  auto run = make(evidence);
  run->experiment.recording.trials = 100;
  run->experiment.recording.spikes = false;

  const Hdf5File file = recorded(*run, 0);

  EXPECT_EQ(file.shape("/epoch_0/lengths"), Shape{5});
  EXPECT_FALSE(file.exists("/epoch_0/spikes"));
}

TEST_F(Recorder, TracesAreOfThePopulationsThatHaveTheState) {
  const auto run = make(evidence);

  const std::vector<StateTrace> traces = state_traces(run->trainer->network(), run->experiment.recording);

  ASSERT_EQ(traces.size(), 3u);  // v of a and b, a of b
  EXPECT_EQ(traces[1].population, 1u);
  EXPECT_EQ(traces[1].column, 0u);
  EXPECT_EQ(traces[2].population, 1u);
  EXPECT_EQ(traces[2].column, 3u);  // v z r a
  EXPECT_EQ(traces[2].neurons, (std::vector<std::size_t>{0, 1, 2}));
}

TEST_F(Recorder, UnknownStateIsAnErrorThatListsTheKnownOnes) {
  auto run = make(evidence);
  run->experiment.recording.states = {"v", "w"};

  try {
    state_traces(run->trainer->network(), run->experiment.recording);
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()), "/recording/states/1: \"w\" is not one of v z r a");
  }
}

}  // namespace
}  // namespace spikeweave
