// The program `spikeweave`. Exit status: 0 done, 1 failed, 2 bad input.

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>

#include "host/app/commands.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/version.hpp"

namespace {

// CLI11 would say only that a command is missing.
void require_known_command(const CLI::App& program, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::string known;
  for (const CLI::App* command : program.get_subcommands({})) {
    if (command->get_name() == argv[1]) return;
    known += " " + command->get_name();
  }
  throw spikeweave::InputError(argv[1], "unknown command; known commands are" + known);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"Spiking networks that learn sequences, on CPU and CUDA."};
  program.name("spikeweave");
  program.set_version_flag("--version", fmt::format("spikeweave {} ({})", spikeweave::version, spikeweave::git_commit));
  program.require_subcommand(1);
  int status = 0;
  spikeweave::app::add_run_command(program, status);
  spikeweave::app::add_check_command(program, status);
  spikeweave::app::add_describe_command(program, status);
  spikeweave::app::add_bench_command(program, status);
  spikeweave::app::add_plan_command(program, status);
  spikeweave::app::add_gradcheck_command(program, status);
  spikeweave::app::add_compare_command(program, status);
  spikeweave::app::add_window_command(program, status);
  spikeweave::app::add_rates_command(program, status);
  spikeweave::app::add_selftest_command(program, status);
  spikeweave::app::add_devices_command(program, status);
  try {
    require_known_command(program, argc, argv);
    program.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return program.exit(request);  // --help, --version
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "spikeweave: %s\n", error.what());
    return 2;
  } catch (const spikeweave::InputError& error) {
    std::fprintf(stderr, "spikeweave: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spikeweave: %s\n", error.what());
    return 1;
  }
  return status;
}
