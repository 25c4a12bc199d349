// Memory, devices and errors of the CUDA backend, on the emulated device.
#include "kernels/device_backend.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "emulation/runtime_api.hpp"
#include "spikeweave/backend/buffer.hpp"
#include "spikeweave/core/error.hpp"
#include "support/backends.hpp"
#include "support/random_values.hpp"

namespace spikeweave {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(DeviceBackend, MissingMemoryIsAnErrorThatNamesTheArray) {
  const auto backend = emulated::make_backend(0);
  emulation::set_memory_limit(emulation::allocated_bytes() + 1000);

  const std::string message = message_of([&] { backend->allocate(4096, "spikes (batch_size)"); });
  emulation::set_memory_limit();

  EXPECT_EQ(message,
            "GPU out of memory: spikes (batch_size): 4096 bytes asked, 1000 free; `spikeweave plan` says what fits");
}

TEST(DeviceBackend, GivesAllMemoryBack) {
  const std::size_t before = emulation::allocated_bytes();
  {
    const auto backend = emulated::make_backend(0);
    const Buffer<float, float> values(*backend, {300}, "values");
    EXPECT_EQ(backend->sum_of_squares(values.cview()), 0.0);  // takes scratch memory
    EXPECT_GT(emulation::allocated_bytes(), before);
  }

  EXPECT_EQ(emulation::allocated_bytes(), before);
}

TEST(DeviceBackend, DeviceThatDoesNotExistIsAnError) {
  EXPECT_EQ(message_of([] { emulated::make_backend(7); }),
            "backend \"emulated\": device 7 does not exist; devices are 0 to 0");
  EXPECT_EQ(message_of([] { emulated::make_backend(-1); }),
            "backend \"emulated\": device -1 does not exist; devices are 0 to 0");
}

TEST(DeviceBackend, ListsTheDevices) {
  const std::vector<DeviceInfo> devices = emulated::devices();

  ASSERT_EQ(devices.size(), 1u);
  EXPECT_EQ(devices[0].name, emulated::make_backend(0)->device_name());
  EXPECT_EQ(devices[0].major, 9);
  EXPECT_GT(devices[0].memory_bytes, 0u);
}

#if defined(SW_HAS_CUDA)
TEST(DeviceBackend, MachineWithoutAGpuIsAClearError) {
  if (!cuda::devices().empty()) GTEST_SKIP() << "this machine has a GPU";

  EXPECT_TRUE(message_of([] { cuda::make_backend(0); }).starts_with("backend \"cuda\": no CUDA device: "));
}
#endif

class Memory : public test::OnBackend {};

SW_ON_ALL_BACKENDS(Memory);

TEST_P(Memory, DownloadGivesWhatUploadTook) {
  const std::vector<float> values{1.0f, -2.0f, 3.5f};

  EXPECT_EQ(put<float>(values, {3}).download(), values);
}

// Small uploads wait in 8 MiB of page-locked memory, which these go round.
TEST_P(Memory, UploadsLeaveTheirSourceFree) {
  std::vector<Buffer<float, float>> buffers;
  for (int n = 0; n < 5; ++n) buffers.push_back(poisoned<float>({700'000}));
  buffers.push_back(poisoned<float>({2'500'000}));
  const auto values_of = [](std::size_t n, std::size_t size) { return test::random_floats(size, 70 + n); };
  for (std::size_t n = 0; n < buffers.size(); ++n) {
    std::vector<float> values = values_of(n, buffers[n].size());
    buffers[n].upload(values);
    std::fill(values.begin(), values.end(), -1.0f);
  }
  for (std::size_t n = 0; n < buffers.size(); ++n) {
    EXPECT_EQ(buffers[n].download(), values_of(n, buffers[n].size())) << n;
  }
}

TEST_P(Memory, ZeroClears) {
  auto buffer = poisoned<float>({33});

  buffer.zero();

  EXPECT_EQ(buffer.download(), std::vector<float>(33, 0.0f));
}

// Of the emulated device: 4 multiprocessors with 227 KiB of shared memory, clusters.
TEST(DeviceBackend, KeepsTheWeightsInTheSmallestGroupThatHoldsThem) {
  const auto backend = emulated::make_backend(0);
  const auto method = [&](std::size_t neurons, std::size_t batch) {
    ForwardArgs<float> args;
    args.batch = batch;
    args.steps = 7;
    args.neuron_count = args.cell_count = neurons;
    args.recurrent.at[args.recurrent.count++] = {0, neurons, 0, neurons, nullptr, 1};
    EXPECT_EQ(backend->method(args).scratch_bytes, batch * 7 * neurons * sizeof(float));  // input currents
    return backend->method(args).text;
  };
  const std::string before = "input currents of many steps as one product; then ";
  const std::string on_chip = before + "one launch, weights on the chip, ";

  EXPECT_EQ(method(100, 4), on_chip + "a block for 1 trials at a time");
  EXPECT_EQ(method(100, 40), on_chip + "a block for 12 trials at a time");
  EXPECT_EQ(method(300, 4), on_chip + "a cluster of 2 blocks for 2 trials at a time");
  EXPECT_EQ(method(900, 64), on_chip + "a cluster of 16 blocks for 32 trials at a time");
  EXPECT_EQ(method(1000, 4), on_chip + "a cluster of 16 blocks for 4 trials at a time");  // most of the weights
  EXPECT_EQ(method(1500, 4),
            before + "one launch, weights through the L2 cache, 4 blocks of the grid for 4 trials at a time");
  EXPECT_EQ(method(3000, 4), before + "two launches per step, the spikes' currents as a gather");
  EXPECT_EQ(method(5000, 64), before + "two launches per step, the spikes' currents as a dense product");
}

// Three populations, each of which projects to the next one alone; room for 8 of 20 steps.
TEST(DeviceBackend, RunsPopulationByPopulationWhereNoProjectionLeadsBack) {
  const auto backend = emulated::make_backend(0, {.current_bytes = 8 * 4 * 300 * sizeof(float)});
  ForwardArgs<float> args;
  args.batch = 4;
  args.steps = 20;
  args.neuron_count = args.cell_count = 300;
  for (const std::size_t begin : {0u, 100u, 200u}) args.populations.push_back({.begin = begin, .count = 100});
  for (const std::size_t begin : {0u, 100u}) {
    args.recurrent.at[args.recurrent.count++] = {begin, 100, begin + 100, 100, nullptr, 1};
  }
  const std::string method =
      "input currents of many steps as one product; then population by population, what arrives in many steps as one "
      "product and these steps in one launch";

  EXPECT_EQ(backend->method(args).text, method);
  EXPECT_EQ(backend->method(args).scratch_bytes, 8 * 4 * 300 * sizeof(float));
  args.recurrent.at[1].delay = 3;
  EXPECT_EQ(backend->method(args).text, method);
  ForwardArgs<float> other = args;
  other.steps = 7;  // too few rows for a product
  EXPECT_EQ(backend->method(other).text, "a launch per step and projection");
  other = args;
  other.recurrent.at[1].post_begin = 50;  // leads back
  EXPECT_EQ(backend->method(other).text, "a launch per step and projection");
  other = args;
  other.recurrent.at[0].post_count = 50;
  other.recurrent.at[0].post_begin = 100;
  other.populations = {{.begin = 0, .count = 150}, {.begin = 150, .count = 150}};  // leads within a population
  EXPECT_EQ(backend->method(other).text, "a launch per step and projection");
  other = args;
  other.traces.resize(1);
  EXPECT_EQ(backend->method(other).text, "a launch per step and projection");
}

}  // namespace
}  // namespace spikeweave
