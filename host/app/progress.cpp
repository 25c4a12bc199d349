#include "host/app/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace spikeweave::app {

ProgressDisplay::ProgressDisplay(std::string label, bool quiet)
    : label_(std::move(label)), quiet_(quiet), terminal_(isatty(STDOUT_FILENO) == 1) {}

void ProgressDisplay::clear_line() {
  if (line_shown_) fmt::print("\r\x1b[K");
  line_shown_ = false;
}

// Estimated from the updates since the run (or its resumption) began.
std::string ProgressDisplay::time_left(const Progress& progress) {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto done = static_cast<double>(progress.update - first_update_);
  if (done <= 0.0) return "?";
  const auto seconds =
      static_cast<long>(elapsed / done * static_cast<double>(progress.updates - progress.update) + 0.5);
  return seconds >= 3600 ? fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60)
                         : fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
}

void ProgressDisplay::on_update(const Progress& progress) {
  if (!started_) {
    started_ = true;
    start_ = Clock::now();
    first_update_ = progress.update;
  }
  rate_ = progress.mean_rate;
  const auto now = Clock::now();
  if (quiet_ || !terminal_ || now - last_shown_ < std::chrono::milliseconds(200)) return;
  last_shown_ = now;
  clear_line();
  fmt::print("{} epoch {}/{}  update {}/{}  loss {:.4f}  rate {:.1f} Hz  {} left", label_, progress.epoch,
             progress.epochs, progress.update, progress.updates, progress.loss, progress.mean_rate,
             time_left(progress));
  std::fflush(stdout);
  line_shown_ = true;
}

void ProgressDisplay::on_epoch(const EpochResult& epoch, const Progress& progress) {
  if (quiet_) return;
  clear_line();
  std::string line = fmt::format("{} epoch {:>3}/{}", label_, epoch.epoch, progress.epochs);
  for (const auto& [split, metrics] : epoch.splits) {
    const auto found = metrics.find(metric_);
    if (found != metrics.end()) line += fmt::format("  {} {} {:.4f}", split, metric_, found->second);
  }
  fmt::print("{}  rate {:.1f} Hz  {:.2f} s  {} left\n", line, rate_, epoch.seconds, time_left(progress));
  std::fflush(stdout);
}

void ProgressDisplay::on_warning(const std::string& text) {
  clear_line();
  fmt::print(stderr, "spikeweave: warning: {}\n", text);
}

}  // namespace spikeweave::app
