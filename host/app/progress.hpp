// What a person sees while a run goes on: one changing line on a terminal, one line per epoch where output is piped.
#pragma once

#include <chrono>
#include <string>

#include "spikeweave/train/trainer.hpp"

namespace spikeweave::app {

class ProgressDisplay final : public RunObserver {
 public:
  // label: stands in front of every line. metric: the one that is shown, e.g. "nll".
  ProgressDisplay(std::string label, bool quiet);

  void set_metric(const std::string& metric) { metric_ = metric; }
  void on_update(const Progress& progress) override;
  void on_epoch(const EpochResult& epoch, const Progress& progress) override;
  void on_warning(const std::string& text) override;

 private:
  using Clock = std::chrono::steady_clock;
  std::string time_left(const Progress& progress);
  void clear_line();

  std::string label_;
  std::string metric_ = "loss";
  bool quiet_;
  bool terminal_;
  bool line_shown_ = false;
  bool started_ = false;
  std::uint64_t first_update_ = 0;
  double rate_ = 0.0;  // [Hz] of the last batch
  Clock::time_point start_{};
  Clock::time_point last_shown_{};
};

}  // namespace spikeweave::app
