// The commands of the program. Each registers itself and runs when it was chosen; errors are exceptions.
#pragma once

#include <CLI/CLI.hpp>

namespace spikeweave::app {

// Each adds its subcommand to the program; `status` gets its exit status when it has run.
void add_run_command(CLI::App& program, int& status);
void add_bench_command(CLI::App& program, int& status);
void add_compare_command(CLI::App& program, int& status);
void add_check_command(CLI::App& program, int& status);
void add_describe_command(CLI::App& program, int& status);
void add_selftest_command(CLI::App& program, int& status);
void add_devices_command(CLI::App& program, int& status);
void add_gradcheck_command(CLI::App& program, int& status);
void add_plan_command(CLI::App& program, int& status);
void add_rates_command(CLI::App& program, int& status);
void add_window_command(CLI::App& program, int& status);

}  // namespace spikeweave::app
