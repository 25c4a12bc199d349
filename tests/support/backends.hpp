// Every operation is tested on the CPU, on the emulated device in three thread orders, and on a CUDA device.
//
//   class Dropout : public test::OnBackend {};
//   SW_ON_ALL_BACKENDS(Dropout);
//   TEST_P(Dropout, ...) { backend().dropout(...); }
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "kernels/device_backend.hpp"
#include "spikeweave/backend/backend.hpp"
#include "spikeweave/backend/buffer.hpp"

namespace spikeweave::test {

enum class TestBackend { cpu, emulated_ascending, emulated_descending, emulated_shuffled, cuda };

std::string name_of(TestBackend kind);

// Why it cannot be used here; empty if it can.
std::string missing_reason(TestBackend kind);

// The emulated ones set the thread order of all launches that follow. options: not read by the CPU.
std::unique_ptr<Backend<float>> make_test_backend(TestBackend kind, const DeviceOptions& options = {});

class OnBackend : public testing::TestWithParam<TestBackend> {
 protected:
  // Skips where there is no GPU; fails instead if the environment has SW_REQUIRE_CUDA=1.
  void SetUp() override;

  Backend<float>& backend() { return *backend_; }
  void use(const DeviceOptions& options) { backend_ = make_test_backend(GetParam(), options); }
  bool is_device() const { return GetParam() != TestBackend::cpu; }
  bool has_clusters() const;  // of blocks; the emulated device has

  template <class T>
  Buffer<T, float> put(const std::vector<T>& values, std::initializer_list<std::size_t> shape) {
    Buffer<T, float> buffer(*backend_, shape, "test");
    buffer.upload(values);
    return buffer;
  }
  // Filled with bits that are wrong everywhere: NaN, -1 or the largest unsigned number.
  template <class T>
  Buffer<T, float> poisoned(std::initializer_list<std::size_t> shape) {
    Buffer<T, float> buffer(*backend_, shape, "test");
    std::vector<T> bits(buffer.size());
    if (!bits.empty()) std::memset(bits.data(), 0xff, bits.size() * sizeof(T));
    buffer.upload(bits);
    return buffer;
  }

 private:
  std::unique_ptr<Backend<float>> backend_;
};

}  // namespace spikeweave::test

#define SW_ON_ALL_BACKENDS(suite)                                                                   \
  INSTANTIATE_TEST_SUITE_P(                                                                         \
      Backends, suite,                                                                              \
      testing::Values(test::TestBackend::cpu, test::TestBackend::emulated_ascending,                \
                      test::TestBackend::emulated_descending, test::TestBackend::emulated_shuffled, \
                      test::TestBackend::cuda),                                                     \
      [](const testing::TestParamInfo<test::TestBackend>& kind) { return test::name_of(kind.param); })
