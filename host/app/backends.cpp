#include "host/app/backends.hpp"

#include <fmt/format.h>

#include "host/cpu/cpu_backend.hpp"
#include "spikeweave/core/error.hpp"
#if SW_HAS_CUDA
#include "kernels/device_backend.hpp"
#endif

namespace spikeweave::app {

std::string missing_cuda() {
#if SW_HAS_CUDA
  return "";
#else
  return "this build has no CUDA; configure with -DSW_CUDA=ON (cmake --preset cuda)";
#endif
}

std::vector<std::string> cuda_devices() {
  std::vector<std::string> lines;
#if SW_HAS_CUDA
  for (const DeviceInfo& device : cuda::devices()) {
    lines.push_back(fmt::format("cuda {}: {}, compute capability {}.{}, {} multiprocessors, {:.1f} GiB", device.index,
                                device.name, device.major, device.minor, device.multiprocessor_count,
                                static_cast<double>(device.memory_bytes) / (1024.0 * 1024.0 * 1024.0)));
  }
#endif
  return lines;
}

void add_backend_options(CLI::App& command, BackendChoice& choice) {
  command.add_option("--backend", choice.name, "auto takes the GPU if one works")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}));
  command.add_option("--threads", choice.threads, "CPU threads; 0: all")->check(CLI::NonNegativeNumber);
  command.add_option("--device", choice.device, "number of the CUDA device")->check(CLI::NonNegativeNumber);
}

std::unique_ptr<Backend<float>> choose_backend(const BackendChoice& choice) {
  if (choice.name == "cuda") {
    if (!missing_cuda().empty()) throw InputError("--backend cuda", missing_cuda());
#if SW_HAS_CUDA
    if (cuda_devices().empty()) throw InputError("--backend cuda", "no CUDA device works on this machine");
    return cuda::make_backend(choice.device);
#endif
  }
#if SW_HAS_CUDA
  if (choice.name == "auto" && !cuda_devices().empty()) {
    try {
      return cuda::make_backend(choice.device);
    } catch (const Error&) {  // a GPU that is there but does not work: what was taken instead is said by the command
    }
  }
#endif
  return make_cpu_backend<float>(choice.threads);
}

}  // namespace spikeweave::app
