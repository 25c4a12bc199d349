#include "host/cpu/cpu_backend.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>

#include "host/cpu/dense_product.hpp"
#include "host/cpu/operations.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "CPU";
}

// What Linux can give without swapping; without its file, no limit is known.
std::size_t available_memory() {
  std::ifstream file("/proc/meminfo");
  const std::string key = "MemAvailable:";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size())) * 1024;  // the file counts in KiB
  }
  return std::numeric_limits<std::size_t>::max();
}

template <class Real>
class CpuBackend final : public Backend<Real> {
 public:
  explicit CpuBackend(int threads) : threads_(threads > 0 ? threads : omp_get_max_threads()) {}

  std::string kind() const override { return "cpu"; }
  std::string device_name() const override {
    return processor_name() + ", " + std::to_string(threads_) + (threads_ == 1 ? " thread" : " threads");
  }

  void* allocate(std::size_t bytes, const std::string& what) override {
    // Large arrays on huge pages where the system has them: a spike touches weights all over.
    const std::size_t unit = bytes >= 2 * huge_page ? huge_page : alignment;
    const std::size_t rounded = (bytes + unit - 1) / unit * unit;
    // The system would give more than there is, and end the program when it is used.
    void* memory = unit == huge_page && rounded > free_memory() ? nullptr : std::aligned_alloc(unit, rounded);
    if (memory == nullptr) {
      throw Error("out of memory: " + what + ": " + std::to_string(bytes) + " bytes asked, " +
                  std::to_string(free_memory()) + " free; `spikeweave plan` says what fits");
    }
    if (unit == huge_page) static_cast<void>(madvise(memory, rounded, MADV_HUGEPAGE));  // a hint
    return memory;
  }
  void free(void* memory) noexcept override { std::free(memory); }
  void upload(void* to, const void* from_host, std::size_t bytes) override { std::memcpy(to, from_host, bytes); }
  void download(void* to_host, const void* from, std::size_t bytes) override { std::memcpy(to_host, from, bytes); }
  void zero(void* memory, std::size_t bytes) override { std::memset(memory, 0, bytes); }
  void synchronize() override {}
  std::size_t free_memory() const override { return available_memory(); }

  Method method(const ForwardArgs<Real>&) const override {
    return {fmt::format(
                "a trial per thread, gathers over spikes, a product where {:.0f} % of the inputs or more are active",
                100.0 * cpu::dense_share),
            0};
  }
  Method method(const OuterProductArgs<Real>& args) const override {
    if (args.events.empty()) return {"a sum over frames and non-zero values", 0};
    return {fmt::format("a gather over spikes, or a product where {:.0f} % of the cells or more are active",
                        100.0 * cpu::dense_share),
            0};
  }

  void encode(const EncodeArgs& args) override { cpu::encode(args, threads_); }
  void dropout(const DropoutArgs& args) override { cpu::dropout(args, threads_); }
  void forward(const ForwardArgs<Real>& args) override { cpu::forward(args, threads_); }
  void plasticity_factors(const PlasticityFactorArgs<Real>& args) override { cpu::plasticity_factors(args, threads_); }
  void readout(const ReadoutArgs<Real>& args) override { cpu::readout(args, threads_); }
  void loss(const LossArgs<Real>& args) override { cpu::loss(args, threads_); }
  void rate_penalty(const RatePenaltyArgs<Real>& args) override { cpu::rate_penalty(args); }
  void local_signal(const LocalSignalArgs<Real>& args) override { cpu::local_signal(args, threads_); }
  void adjoint(const AdjointArgs<Real>& args) override { cpu::adjoint(args, threads_); }
  void phase_factor(const PhaseFactorArgs<Real>& args) override { cpu::phase_factor(args, threads_); }
  void readout_adjoint(const ReadoutAdjointArgs<Real>& args) override { cpu::readout_adjoint(args, threads_); }
  void sent_trace(const SentTraceArgs<Real>& args) override { cpu::sent_trace(args, threads_); }
  void outer_product(const OuterProductArgs<Real>& args) override { cpu::outer_product(args, threads_); }
  void eligibility(const EligibilityArgs<Real>& args) override { cpu::eligibility(args, threads_); }
  void apply(const ApplyArgs<Real>& args) override { cpu::apply(args, threads_); }
  void mirror(const MirrorArgs<Real>& args) override { cpu::mirror(args, threads_); }
  void transpose(const TransposeArgs<Real>& args) override { cpu::transpose(args); }
  double sum_of_squares(View<const Real> values) override { return cpu::sum_of_squares(values); }
  void spike_digest(const SpikeDigestArgs& args) override { cpu::spike_digest(args, threads_); }

 private:
  static constexpr std::size_t alignment = 64;  // a cache line, and the widest vector register
  static constexpr std::size_t huge_page = std::size_t{1} << 21;
  int threads_;
};

}  // namespace

template <class Real>
std::unique_ptr<Backend<Real>> make_cpu_backend(int threads) {
  return std::make_unique<CpuBackend<Real>>(threads);
}
template std::unique_ptr<Backend<float>> make_cpu_backend<float>(int);
template std::unique_ptr<Backend<double>> make_cpu_backend<double>(int);

}  // namespace spikeweave
