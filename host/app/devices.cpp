// spikeweave devices: what this build can run on.

#include <fmt/format.h>

#include "host/app/backends.hpp"
#include "host/app/commands.hpp"
#include "host/cpu/cpu_backend.hpp"

namespace spikeweave::app {

void add_devices_command(CLI::App& program, int&) {
  CLI::App* command = program.add_subcommand("devices", "List what this build can run on.");
  command->callback([] {
    fmt::print("cpu: {}\n", make_cpu_backend<float>()->device_name());
    for (const std::string& line : cuda_devices()) fmt::print("{}\n", line);
    if (!missing_cuda().empty()) {
      fmt::print("cuda: {}\n", missing_cuda());
    } else if (cuda_devices().empty()) {
      fmt::print("cuda: no device works on this machine\n");
    }
  });
}

}  // namespace spikeweave::app
