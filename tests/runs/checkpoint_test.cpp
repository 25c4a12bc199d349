#include "host/record/checkpoint.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <zlib.h>

#include "host/record/hdf5_file.hpp"
#include "spikeweave/core/error.hpp"
#include "tests/runs/snapshots.hpp"
#include "tests/support/scratch_folder.hpp"

namespace spikeweave {
namespace {

using test::evidence;
using test::expect_same_bits;
using test::experiment_with;

// Any bits: not a state that a run can have.
template <class Real>
TrainerSnapshot<Real> odd_snapshot() {
  using Limits = std::numeric_limits<double>;
  TrainerSnapshot<Real> snapshot;
  snapshot.epoch = 1;
  snapshot.batch_count = 123;
  snapshot.update_count = std::numeric_limits<std::uint64_t>::max();
  snapshot.parameters = {Real(-0.0), std::numeric_limits<Real>::denorm_min(), Real(0.1),
                         std::numeric_limits<Real>::quiet_NaN()};
  snapshot.first_moment = {1, 2, 3, Real(1) / Real(3)};
  snapshot.second_moment = {4, 5, 6, std::numeric_limits<Real>::max()};
  snapshot.average = {7, 8, 9, -std::numeric_limits<Real>::infinity()};
  snapshot.feedback = {1, 2, 3, 4, 5, 6};
  snapshot.best_score = -Limits::infinity();
  snapshot.best_epoch = 3;
  snapshot.running_metric = 0.1 + 0.2;
  snapshot.carried = {std::byte{0}, std::byte{255}, std::byte{7}};
  snapshot.result.title = "\"quoted\" \xC3\xA4";
  snapshot.result.epochs = {{0, {}, 0.5}, {1, {}, 0.1}};
  Metrics& metrics = snapshot.result.epochs[1].splits["train"];
  metrics = {{"a", -0.0}, {"b", Limits::denorm_min()}, {"c", Limits::max()}, {"d", 1.0}, {"e", 1e23}, {"f", 5e-324}};
  std::mt19937_64 random(2024);
  while (metrics.size() < 2000) {
    const auto value = std::bit_cast<double>(random());
    if (std::isfinite(value)) metrics["m" + std::to_string(metrics.size())] = value;
  }
  snapshot.result.digest = {{"test", "00ff"}};
  snapshot.result.warnings = {"line\nbreak"};
  return snapshot;
}

TrainerSnapshot<float> uniform_snapshot(std::uint64_t n) {
  constexpr std::size_t count = 100000;  // long enough to be killed in the middle of
  TrainerSnapshot<float> snapshot;
  snapshot.epoch = n;
  snapshot.batch_count = n + 1;
  snapshot.update_count = n;
  const std::vector<float> values(count, static_cast<float>(n));
  snapshot.parameters = snapshot.first_moment = snapshot.second_moment = snapshot.average = values;
  snapshot.feedback = snapshot.best_parameters = values;
  return snapshot;
}

class Checkpoint : public ::testing::Test, protected ScratchFolder {
 protected:
  std::string file() const { return path("checkpoint.h5"); }

  // The error of loading is an InputError that begins with the path and has the text.
  template <class Real = float>
  void expect_refused(const Experiment& experiment, const std::string& text) const {
    try {
      load_checkpoint<Real>(file(), experiment);
      ADD_FAILURE() << "no error; expected: " << text;
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()).find(file() + ": "), 0u) << error.what();
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what() << "\nexpected: " << text;
    }
  }
  void put_sealed(const std::string& bytes) const {
    const uLong checksum = crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
    std::array<char, 40> seal{};
    std::snprintf(seal.data(), seal.size(), "\nspikeweave-crc32: %08lx\n", checksum);
    put("checkpoint.h5", bytes + seal.data());
  }
};

TEST_F(Checkpoint, EveryNumberSurvivesBitForBit) {
  const Experiment experiment = experiment_with(evidence, {});

  save_checkpoint(file(), odd_snapshot<float>(), experiment);
  expect_same_bits(load_checkpoint<float>(file(), experiment), odd_snapshot<float>());

  save_checkpoint(file(), odd_snapshot<double>(), experiment);
  expect_same_bits(load_checkpoint<double>(file(), experiment), odd_snapshot<double>());
}

TEST_F(Checkpoint, OtherPrecisionIsRefused) {
  const Experiment experiment = experiment_with(evidence, {});
  save_checkpoint(file(), odd_snapshot<double>(), experiment);

  expect_refused<float>(experiment, "holds float64 numbers; this run computes in float32");
}

TEST_F(Checkpoint, EveryDamagedByteIsFound) {
  const Experiment experiment = experiment_with(evidence, {});
  save_checkpoint(file(), odd_snapshot<float>(), experiment);
  const std::string good = file_bytes(file());

  for (std::size_t at = 0; at < good.size(); at += at + 600 < good.size() ? 499 : 1) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    put("checkpoint.h5", bad);
    EXPECT_THROW(load_checkpoint<float>(file(), experiment), InputError) << "byte " << at;
  }
}

TEST_F(Checkpoint, FileThatIsCutShortIsRefused) {
  const Experiment experiment = experiment_with(evidence, {});
  save_checkpoint(file(), odd_snapshot<float>(), experiment);
  const std::string good = file_bytes(file());

  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{27}, std::size_t{28}, good.size() / 2,
                                 good.size() - 28, good.size() - 1}) {
    put("checkpoint.h5", good.substr(0, size));
    expect_refused(experiment, "not a checkpoint, or cut short");
  }
  put("checkpoint.h5", good + "\n");
  expect_refused(experiment, "not a checkpoint, or cut short");
}

TEST_F(Checkpoint, OtherFilesAreRefused) {
  const Experiment experiment = experiment_with(evidence, {});

  expect_refused(experiment, "No such file");
  put_sealed("some text");
  expect_refused(experiment, "not an HDF5 file");
  std::filesystem::remove(file());
  std::filesystem::create_directory(file());
  expect_refused(experiment, "");
}

TEST_F(Checkpoint, OtherVersionIsRefused) {
  Hdf5File other = Hdf5File::create(file());
  other.write_attribute("/", "version", std::int64_t{4});
  other.close();
  put_sealed(file_bytes(file()));

  expect_refused(experiment_with(evidence, {}), "checkpoint version 4; this program reads 3");
}

TEST_F(Checkpoint, OtherExperimentIsRefusedWithThePlaceAndBothValues) {
  save_checkpoint(file(), odd_snapshot<float>(), experiment_with(evidence, {}));
  const auto expect_named = [this](const std::string& change, const std::string& text) {
    expect_refused(experiment_with(evidence, {change}), text);
  };

  expect_named("/seed=12", "/seed is 11 in the checkpoint and 12 now");
  expect_named("/network/populations/0/size=7", "/network/populations/0/size is 6 in the checkpoint and 7 now");
  expect_named("/optimizer/type=sgd", "/optimizer/type is \"adam\" in the checkpoint and \"sgd\" now");
  expect_named("/training/clip_norm=1", "/training/clip_norm is 0.5 in the checkpoint and 1.0 now");
  expect_named(R"(/network/populations/1/neuron/tau_m={"distribution": "uniform", "low": 1, "high": 2})",
               "/network/populations/1/neuron/tau_m is 10.0 in the checkpoint and {");
  expect_named(R"(/network/populations/2={"name": "c", "size": 1})",
               "/network/populations/2 is absent in the checkpoint and {\"name\":\"c\"");
}

TEST_F(Checkpoint, TitleEpochsRecordingAndCheckpointMayChange) {
  save_checkpoint(file(), odd_snapshot<float>(), experiment_with(evidence, {}));

  const Experiment changed = experiment_with(
      evidence,
      {"/title=new", "/training/epochs=9", R"(/recording={"trials": 3, "states": ["v"]})", "/checkpoint/every=7"});

  expect_same_bits(load_checkpoint<float>(file(), changed), odd_snapshot<float>());
}

// Saves snapshots 2, 3, 4, ... over and over. Every array of snapshot n holds n alone.
[[noreturn]] void save_for_ever(const std::string& path, const Experiment& experiment) {
  for (std::uint64_t n = 2;; ++n) {
    try {
      save_checkpoint(path, uniform_snapshot(n), experiment);
    } catch (...) {
      _exit(1);
    }
  }
}

TEST_F(Checkpoint, KilledWhileItSavesLeavesAWholeFile) {
  const Experiment experiment = experiment_with(evidence, {});
  save_checkpoint(file(), uniform_snapshot(1), experiment);
  std::mt19937 random(7);
  std::size_t left_behind = 0;
  std::uint64_t newest = 0;

  for (int kill_number = 0; kill_number < 20; ++kill_number) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) save_for_ever(file(), experiment);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 100000));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself";

    const TrainerSnapshot<float> found = load_checkpoint<float>(file(), experiment);

    expect_same_bits(found, uniform_snapshot(found.epoch));
    newest = std::max(newest, found.epoch);
    for (const auto& entry : std::filesystem::directory_iterator(path("."))) {
      if (entry.path().string().find(".tmp") == std::string::npos) continue;
      std::filesystem::remove(entry.path());
      ++left_behind;
    }
  }

  EXPECT_GT(newest, 1u) << "no child had the time to save";
  EXPECT_GT(left_behind, 0u) << "no child was killed while it wrote";
}

}  // namespace
}  // namespace spikeweave
