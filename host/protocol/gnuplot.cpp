#include "host/protocol/gnuplot.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

using TemporaryFile = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

TemporaryFile temporary_file() {
  TemporaryFile file(std::tmpfile(), &std::fclose);
  if (!file) throw Error("gnuplot: no temporary file: " + std::generic_category().message(errno));
  return file;
}

// The last line that is not empty.
std::string last_line(std::FILE* file) {
  std::rewind(file);
  std::string line, last;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    if (line.find_first_not_of(" \t^") != std::string::npos) last = line;
    line.clear();
  }
  return line.empty() ? last : line;
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("''") : std::string(1, c);
  return result + "'";
}

void run_gnuplot(const std::string& script) {
  // Files instead of pipes: neither side can wait for the other, and a gnuplot that ends early raises no SIGPIPE.
  const TemporaryFile input = temporary_file();
  const TemporaryFile messages = temporary_file();
  if (std::fwrite(script.data(), 1, script.size(), input.get()) != script.size() || std::fflush(input.get()) != 0) {
    throw Error("gnuplot: cannot write its script: " + std::generic_category().message(errno));
  }
  std::rewind(input.get());

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(input.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(messages.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(messages.get()), STDERR_FILENO);
  char name[] = "gnuplot";
  char no_start_file[] = "-d";  // ~/.gnuplot must not change the picture
  char* arguments[] = {name, no_start_file, nullptr};
  pid_t child = 0;
  const int failure = posix_spawnp(&child, name, &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure == ENOENT) {
    throw InputError("gnuplot",
                     "not found, and it draws the picture; install the package gnuplot-nox, or give --no-picture");
  }
  if (failure != 0) throw Error("gnuplot: cannot be started: " + std::generic_category().message(failure));

  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw Error("gnuplot: " + std::generic_category().message(errno));
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw Error("gnuplot: failed: " + last_line(messages.get()));
}

}  // namespace spikeweave
