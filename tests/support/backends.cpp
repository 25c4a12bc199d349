#include "support/backends.hpp"

#include <cstdlib>
#include <string_view>

#include "emulation/execution.hpp"
#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::test {
namespace {

constexpr std::uint64_t shuffle_seed = 11;

emulation::ThreadOrder order_of(TestBackend kind) {
  if (kind == TestBackend::emulated_descending) return emulation::ThreadOrder::descending;
  if (kind == TestBackend::emulated_shuffled) return emulation::ThreadOrder::shuffled;
  return emulation::ThreadOrder::ascending;
}

std::unique_ptr<Backend<float>> make_cuda([[maybe_unused]] const DeviceOptions& options) {
#if defined(SW_HAS_CUDA)
  return cuda::make_backend(0, options);
#else
  throw Error("backend \"cuda\": this build has no CUDA");
#endif
}

}  // namespace

std::string name_of(TestBackend kind) {
  switch (kind) {
    case TestBackend::cpu:
      return "Cpu";
    case TestBackend::emulated_ascending:
      return "EmulatedAscending";
    case TestBackend::emulated_descending:
      return "EmulatedDescending";
    case TestBackend::emulated_shuffled:
      return "EmulatedShuffled";
    case TestBackend::cuda:
      break;
  }
  return "Cuda";
}

std::string missing_reason(TestBackend kind) {
  if (kind != TestBackend::cuda) return "";
  static const std::string reason = [] {
    try {
      static_cast<void>(make_cuda({}));
      return std::string();
    } catch (const Error& error) {
      return std::string(error.what());
    }
  }();
  return reason;
}

std::unique_ptr<Backend<float>> make_test_backend(TestBackend kind, const DeviceOptions& options) {
  if (kind == TestBackend::cpu) return make_cpu_backend<float>();
  if (kind == TestBackend::cuda) return make_cuda(options);
  emulation::set_thread_order(order_of(kind), shuffle_seed);
  return emulated::make_backend(0, options);
}

bool OnBackend::has_clusters() const {
#if defined(SW_HAS_CUDA)
  if (GetParam() == TestBackend::cuda) return cuda::devices().front().major >= 9;
#endif
  return is_device();
}

void OnBackend::SetUp() {
  const std::string reason = missing_reason(GetParam());
  if (!reason.empty()) {
    const char* required = std::getenv("SW_REQUIRE_CUDA");
    if (required != nullptr && std::string_view(required) == "1") FAIL() << reason;
    GTEST_SKIP() << reason;
  }
  backend_ = make_test_backend(GetParam());
}

}  // namespace spikeweave::test
