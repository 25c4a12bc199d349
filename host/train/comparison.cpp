#include "spikeweave/train/comparison.hpp"

#include <limits>
#include <memory>
#include <optional>

#include "host/train/stopwatch.hpp"

namespace spikeweave {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

// Of each projection that has feedback weights beside it.
std::vector<double> feedback_angles(const NetworkState<float>& state) {
  const Network& network = state.network;
  const std::vector<float> parameters = state.parameters();
  const std::vector<float> all = state.feedback();
  std::vector<double> angles;
  for (const Projection& projection : network.projections) {
    const std::optional<FeedbackBlock> block = state.feedback_block(projection);
    std::vector<double> forward, back;
    for (std::size_t w = 0; w < projection.size() && block; ++w) {
      forward.push_back(parameters[projection.offset + w]);
      back.push_back(all[block->at(projection, w)]);
    }
    angles.push_back(forward.empty() ? none : angle_between(back.data(), forward.data(), forward.size()));
  }
  return angles;
}

class Angles {
 public:
  Angles(Trainer<float>& trainer, const Experiment& experiment, std::size_t trials) : trainer_(trainer) {
    try {
      check_ = std::make_unique<GradientCheck<float>>(trainer, experiment, trials);
    } catch (const InputError& error) {
      missing_ = error.what();
    }
  }
  const std::string& missing() const { return missing_; }

  void measure(ComparedEpoch& epoch) {
    const Network& network = trainer_.network();
    epoch.feedback = feedback_angles(trainer_.state());
    epoch.errors.assign(network.populations.size(), none);
    epoch.updates.assign(network.projections.size(), none);
    if (check_ == nullptr) return;
    const GradientAgreement agreement = check_->run();
    for (std::size_t p = 0; p < agreement.layers.size(); ++p) epoch.errors[p] = agreement.layers[p].degrees;
    const GradientRecord<float>& record = check_->record();
    const std::vector<double> update(record.update.begin(), record.update.end());
    const std::vector<double> exact(record.gradient.begin(), record.gradient.end());
    for (std::size_t p = 0; p < network.projections.size(); ++p) {
      const Projection& projection = network.projections[p];
      if (!projection.settings.trainable) continue;
      epoch.updates[p] =
          angle_between(update.data() + projection.offset, exact.data() + projection.offset, projection.size());
    }
  }

 private:
  Trainer<float>& trainer_;
  std::unique_ptr<GradientCheck<float>> check_;
  std::string missing_;
};

}  // namespace

ComparedRun compare_rule(Backend<float>& backend, const Experiment& experiment, const std::string& directory,
                         const std::string& name, std::size_t trials, RunObserver& observer) {
  Trainer<float> trainer(backend, experiment, directory, observer);
  const auto batch = static_cast<std::size_t>(experiment.training.batch_size);
  Angles angles(trainer, experiment, trials > 0 ? trials : batch);
  ComparedRun run;
  run.name = name;
  run.no_angles = angles.missing();
  for (const Population& population : trainer.network().populations) run.populations.push_back(population.name);
  for (const Projection& projection : trainer.network().projections) run.projections.push_back(projection.name);
  run.epochs.emplace_back();
  angles.measure(run.epochs.back());
  while (!trainer.finished()) {
    ComparedEpoch epoch;
    const Stopwatch watch;
    const double cpu = process_seconds();
    trainer.run_epoch();
    epoch.epoch = trainer.epoch();
    epoch.seconds = run.epochs.back().seconds + watch.seconds();
    epoch.cpu_seconds = run.epochs.back().cpu_seconds + process_seconds() - cpu;
    SplitMetrics& splits = trainer.result().epochs.back().splits;
    epoch.train = splits["train"];
    epoch.valid = splits["valid"];
    angles.measure(epoch);
    run.epochs.push_back(epoch);
  }
  trainer.finish();
  run.result = trainer.result();
  return run;
}

}  // namespace spikeweave
