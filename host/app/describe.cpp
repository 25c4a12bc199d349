// spikeweave describe: models, rules, tasks and every setting, from their declarations.

#include "host/config/describe.hpp"

#include <fmt/format.h>

#include <memory>

#include "host/app/commands.hpp"
#include "host/config/schema.hpp"

namespace spikeweave::app {

void add_describe_command(CLI::App& program, int&) {
  struct Options {
    std::string kind, name;
    bool schema = false;
    bool settings = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      program.add_subcommand("describe", "Explain models, rules, feedback, optimizers, tasks and protocols.");
  command->add_option("kind", options->kind, "model, rule, feedback, optimizer, task or protocol");
  command->add_option("name", options->name, "one of its names, e.g. lif");
  command->add_flag("--schema", options->schema, "print the JSON Schema of the experiment file");
  command->add_flag("--settings", options->settings, "print every key of the experiment file as Markdown");
  command->callback([options] {
    if (options->schema) {
      fmt::print("{}\n", experiment_schema());
    } else if (options->settings) {
      fmt::print("{}", settings_reference());
    } else {
      fmt::print("{}", describe(options->kind, options->name));
    }
  });
}

}  // namespace spikeweave::app
