// Background activity: Poisson input of constant rates, nothing to be learned, nothing scored. For networks that are
// watched rather than trained: their rates, intervals and weights.

#include <algorithm>

#include <fmt/format.h>

#include "host/task/tasks.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/core/sampling.hpp"

namespace spikeweave {
namespace {

class Background final : public Task {
 public:
  // dt [ms]
  Background(const BackgroundSettings& settings, double dt)
      : inputs_(static_cast<std::size_t>(settings.inputs)), steps_(static_cast<std::size_t>(settings.steps)) {
    const double mean = settings.rate * dt / 1000.0;
    if (mean > static_cast<double>(max_poisson_mean)) {
      throw InputError("/task/rate", fmt::format("{} Hz is {} events per step of {} ms; at most {} are allowed",
                                                 settings.rate, mean, dt, max_poisson_mean));
    }
    mean_ = static_cast<float>(mean);
  }

  TaskShape shape() const override {
    TaskShape shape;
    shape.inputs = inputs_;
    shape.outputs = 0;
    shape.frame_steps = steps_;
    shape.max_steps = steps_;
    shape.encoding = Encoding::poisson;
    return shape;
  }

  std::size_t trial_count(Split) const override { return 0; }  // made without end; nothing to evaluate on

  void fill(Split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    batch = {};
    batch.batch = ids.size();
    batch.steps = steps_;
    batch.frames = 1;
    batch.intensity.assign(ids.size() * inputs_, mean_);
    batch.length.assign(ids.size(), static_cast<std::int32_t>(steps_));
    batch.segment.assign(ids.size() * steps_, -1);
  }

 private:
  std::size_t inputs_, steps_;
  float mean_ = 0.0f;  // events per channel and step
};

}  // namespace

std::unique_ptr<Task> make_background(const BackgroundSettings& settings, double dt) {
  return std::make_unique<Background>(settings, dt);
}

}  // namespace spikeweave
