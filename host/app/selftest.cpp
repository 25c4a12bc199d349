// spikeweave selftest: the published e-prop losses, reproduced on this machine.

#include "host/train/selftest.hpp"

#include <fmt/format.h>

#include <memory>

#include "host/app/backends.hpp"
#include "host/app/commands.hpp"

namespace spikeweave::app {

void add_selftest_command(CLI::App& program, int& status) {
  CLI::App* command =
      program.add_subcommand("selftest", "Reproduce 15 published e-prop losses; exit status 1 if one is off.");
  command->callback([&status] {
    const auto device = choose_backend({});
    const std::vector<SelftestRow> rows = run_selftest(device->kind() == "cpu" ? nullptr : device.get());
    fmt::print("{:<22} {:<10} {:>9} {:>18} {:>18} {:>10} {:>8}\n", "run", "arithmetic", "iteration", "published",
               "measured", "difference", "allowed");
    std::size_t passed = 0;
    for (const SelftestRow& row : rows) {
      fmt::print("{:<22} {:<10} {:>9} {:>18.12f} {:>18.12f} {:>10.1e} {:>8.0e}{}\n", row.run, row.target, row.iteration,
                 row.published, row.measured, row.difference(), row.allowed, row.passed() ? "" : "  FAILED");
      passed += row.passed() ? 1 : 0;
    }
    fmt::print("{} passed, {} failed{}\n", passed, rows.size() - passed,
               device->kind() == "cpu" ? "; no CUDA device, so the CPU only" : "");
    status = passed == rows.size() ? 0 : 1;
  });
}

}  // namespace spikeweave::app
