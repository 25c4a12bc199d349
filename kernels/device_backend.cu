// The CUDA backend: device, stream, memory; every operation is one call.
#include "kernels/device_backend.hpp"

#include <cstring>
#include <string>

#include "kernels/operations.cuh"
#include "spikeweave/core/error.hpp"

#define SW_STRINGIFY_(text) #text
#define SW_STRINGIFY(text) SW_STRINGIFY_(text)

namespace spikeweave::SW_DEVICE {
namespace {

constexpr const char* backend_kind = SW_STRINGIFY(SW_DEVICE);

class DeviceBackend final : public Backend<float> {
 public:
  DeviceBackend(int device, const DeviceOptions& options) : device_(device) {
    activate();
    context_.options = options;
    cudaDeviceProp properties;
    SW_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
    context_.device = {.multiprocessors = static_cast<unsigned>(properties.multiProcessorCount),
                       .shared_bytes = properties.sharedMemPerBlockOptin,
                       .has_clusters = properties.major >= 9};
    SW_CUDA_CHECK(cudaStreamCreateWithFlags(&context_.stream, cudaStreamNonBlocking));
  }
  DeviceBackend(const DeviceBackend&) = delete;
  DeviceBackend& operator=(const DeviceBackend&) = delete;
  ~DeviceBackend() override {
    static_cast<void>(cudaSetDevice(device_));
    static_cast<void>(cudaStreamSynchronize(context_.stream));  // uploads may be under way
    static_cast<void>(cudaStreamDestroy(context_.stream));
  }

  std::string kind() const override { return backend_kind; }
  std::string device_name() const override {
    cudaDeviceProp properties;
    SW_CUDA_CHECK(cudaGetDeviceProperties(&properties, device_));
    return properties.name;
  }

  void* allocate(std::size_t bytes, const std::string& what) override {
    activate();
    return allocate_device_memory(bytes, what);
  }
  void free(void* memory) noexcept override {
    static_cast<void>(cudaSetDevice(device_));
    static_cast<void>(cudaFree(memory));
  }
  void upload(void* to, const void* from_host, std::size_t bytes) override {
    activate();
    const bool is_staged = bytes <= Staging::capacity;
    const void* const from =
        is_staged ? std::memcpy(staging_.take(bytes, context_.stream), from_host, bytes) : from_host;
    SW_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, context_.stream));
    if (!is_staged) wait();  // the caller may now change its memory
  }
  void download(void* to_host, const void* from, std::size_t bytes) override {
    activate();
    SW_CUDA_CHECK(cudaMemcpyAsync(to_host, from, bytes, cudaMemcpyDeviceToHost, context_.stream));
    wait();
  }
  void zero(void* memory, std::size_t bytes) override {
    activate();
    SW_CUDA_CHECK(cudaMemsetAsync(memory, 0, bytes, context_.stream));
  }
  std::size_t free_memory() const override {
    SW_CUDA_CHECK(cudaSetDevice(device_));
    std::size_t free = 0;
    std::size_t total = 0;
    SW_CUDA_CHECK(cudaMemGetInfo(&free, &total));
    return free;
  }
  Method method(const ForwardArgs<float>& args) const override {
    activate();
    return forward_method(context_, args);
  }
  Method method(const OuterProductArgs<float>& args) const override { return outer_product_method(args); }
  void synchronize() override {
    activate();
    wait();
  }

  void encode(const EncodeArgs& args) override { SW_DEVICE::encode(activated(), args); }
  void dropout(const DropoutArgs& args) override { SW_DEVICE::dropout(activated(), args); }
  void forward(const ForwardArgs<float>& args) override { SW_DEVICE::forward(activated(), args); }
  void plasticity_factors(const PlasticityFactorArgs<float>& args) override {
    SW_DEVICE::plasticity_factors(activated(), args);
  }
  void readout(const ReadoutArgs<float>& args) override { SW_DEVICE::readout(activated(), args); }
  void loss(const LossArgs<float>& args) override { SW_DEVICE::loss(activated(), args); }
  void rate_penalty(const RatePenaltyArgs<float>& args) override { SW_DEVICE::rate_penalty(activated(), args); }
  void local_signal(const LocalSignalArgs<float>& args) override { SW_DEVICE::local_signal(activated(), args); }
  void adjoint(const AdjointArgs<float>& args) override { SW_DEVICE::adjoint(activated(), args); }
  void phase_factor(const PhaseFactorArgs<float>& args) override { SW_DEVICE::phase_factor(activated(), args); }
  void readout_adjoint(const ReadoutAdjointArgs<float>& args) override {
    SW_DEVICE::readout_adjoint(activated(), args);
  }
  void sent_trace(const SentTraceArgs<float>& args) override { SW_DEVICE::sent_trace(activated(), args); }
  void outer_product(const OuterProductArgs<float>& args) override { SW_DEVICE::outer_product(activated(), args); }
  void eligibility(const EligibilityArgs<float>& args) override { SW_DEVICE::eligibility(activated(), args); }
  void apply(const ApplyArgs<float>& args) override { SW_DEVICE::apply(activated(), args); }
  void mirror(const MirrorArgs<float>& args) override { SW_DEVICE::mirror(activated(), args); }
  void transpose(const TransposeArgs<float>& args) override { SW_DEVICE::transpose(activated(), args); }
  double sum_of_squares(View<const float> values) override { return SW_DEVICE::sum_of_squares(activated(), values); }
  void spike_digest(const SpikeDigestArgs& args) override { SW_DEVICE::spike_digest(activated(), args); }

 private:
  // The device is a property of the calling thread, and another backend may have chosen its own.
  void activate() const { SW_CUDA_CHECK(cudaSetDevice(device_)); }
  Context& activated() {
    activate();
    return context_;
  }

  void wait() {
    SW_CUDA_CHECK(cudaStreamSynchronize(context_.stream));
    staging_.clear();
  }

  int device_;
  Context context_;
  Staging staging_;
};

}  // namespace

std::unique_ptr<Backend<float>> make_backend(int device, const DeviceOptions& options) {
  const std::string place = std::string("backend \"") + backend_kind + "\": ";
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    static_cast<void>(cudaGetLastError());  // reported here, so a later check must not find it again
    throw Error(place + "no CUDA device: " + cudaGetErrorString(status));
  }
  if (count == 0) throw Error(place + "no CUDA device: the driver lists none");
  if (device < 0 || device >= count) {
    throw Error(place + "device " + std::to_string(device) + " does not exist; devices are 0 to " +
                std::to_string(count - 1));
  }
  return std::make_unique<DeviceBackend>(device, options);
}

std::vector<DeviceInfo> devices() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());  // no driver is an answer here, not an error
    return {};
  }
  std::vector<DeviceInfo> list;
  for (int device = 0; device < count; ++device) {
    cudaDeviceProp properties;
    SW_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
    list.push_back({.index = device,
                    .name = properties.name,
                    .major = properties.major,
                    .minor = properties.minor,
                    .multiprocessor_count = properties.multiProcessorCount,
                    .memory_bytes = properties.totalGlobalMem});
  }
  return list;
}

}  // namespace spikeweave::SW_DEVICE
