#include "spikeweave/protocol/forced_window.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "host/cpu/cpu_backend.hpp"
#include "host/protocol/running_mean.hpp"
#include "spikeweave/train/simulator.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t block = 50;  // trials run together
constexpr std::size_t background_channel = 0, pre_channel = 1;

// The step of each event, from the start of a trial.
struct Times {
  std::vector<std::size_t> post;  // forced spike of each cell, one cell per D
  std::size_t pre = 0;
  std::size_t settled = 0;
  std::size_t steps = 0;
};

Times times_of(const ForcedProtocol& p) {
  const auto settle = static_cast<std::int64_t>(std::ceil(p.settle / p.dt));
  const std::int64_t pre = settle + std::max<std::int64_t>(0, -steps_of(p.from, p.dt));
  Times times;
  std::int64_t last = pre;
  for (const double difference : grid_of(p.from, p.to, p.step)) {
    const std::int64_t post = pre + steps_of(difference, p.dt);
    times.post.push_back(static_cast<std::size_t>(post));
    last = std::max(last, post);
  }
  times.pre = static_cast<std::size_t>(pre);
  times.settled = static_cast<std::size_t>(settle);
  times.steps = static_cast<std::size_t>(last + static_cast<std::int64_t>(std::ceil(p.silence / p.dt)));
  return times;
}

// One neuron per D; all of them get both channels.
Network network_of(const ForcedWindowSettings& settings, const Times& times) {
  const std::size_t cells = times.post.size();
  NetworkSettings network;
  network.dt = settings.protocol.dt;
  network.populations = {{"post", static_cast<int>(cells), settings.neuron}};
  network.projections.resize(1);
  network.projections[0].from = {"input"};
  network.projections[0].to = {"post"};
  return build_network(network,
                       {.inputs = 2,
                        .outputs = 0,
                        .frame_steps = 1,
                        .max_steps = times.steps,
                        .loss = LossKind::softmax,
                        .encoding = Encoding::current,
                        .cells = cells,
                        .state = ""},
                       settings.protocol.seed);
}

class Experimenter {
 public:
  explicit Experimenter(const ForcedWindowSettings& settings)
      : settings_(settings),
        times_(times_of(settings.protocol)),
        backend_(make_cpu_backend<float>()),
        network_(network_of(settings, times_)),
        state_(*backend_, network_, {}, settings.protocol.seed),
        simulator_(state_, settings.rule, LossKind::softmax, Reduction::sum, 1, settings.protocol.seed),
        trials_(trial_batch()) {
    std::vector<float> weights(2 * cells(), 0.0f);
    std::fill_n(weights.begin() + static_cast<std::ptrdiff_t>(background_channel * cells()), cells(), 1.0f);
    state_.set_parameters(weights);
  }

  ProtocolResult run() {
    const std::size_t blocks = (static_cast<std::size_t>(settings_.protocol.trials) + block - 1) / block;
    std::vector<RunningMean> means(cells());
    RunningMean rate, baseline;
    for (std::size_t n = 0; n < blocks; ++n) {
      const std::vector<double> forced = change(n, true);
      const std::vector<double> free = change(n, false);
      rate.add(settled_rate());
      for (std::size_t j = 0; j < cells(); ++j) {
        baseline.add(free[j]);
        means[j].add(forced[j] - free[j]);
      }
    }
    ProtocolResult result{{{"difference", "D = t_post - t_pre", "ms",
                            grid_of(settings_.protocol.from, settings_.protocol.to, settings_.protocol.step)}},
                          {},
                          "weight"};
    ProtocolCurve curve{"forced", {}, {}};
    for (const RunningMean& mean : means) {
      curve.change.push_back(mean.mean());
      curve.error.push_back(mean.standard_error());
    }
    result.curves.push_back(std::move(curve));
    result.run_count = blocks * block;
    result.figures = {{"rate", "spikes per step without the forced spike", rate.mean()},
                      {"baseline", "change by a pre spike without the forced spike", baseline.mean()}};
    return result;
  }

 private:
  std::size_t cells() const { return times_.post.size(); }

  // Without currents and forced spikes.
  TrialBatch trial_batch() const {
    TrialBatch batch;
    batch.batch = block;
    batch.steps = batch.frames = times_.steps;
    batch.length.assign(block, static_cast<std::int32_t>(times_.steps));
    batch.segment.assign(block * times_.steps, -1);
    batch.intensity.assign(block * times_.steps * 2, 0.0f);
    batch.forced.assign(block * times_.steps * cells(), 0);
    return batch;
  }

  // The noise is a function of (seed, trial, step): a run with forced spikes and one without see the same.
  void fill_trials(std::size_t first, bool forces) {
    for (std::size_t b = 0; b < block; ++b) {
      const RandomStream noise(settings_.protocol.seed, Purpose::task, 0, static_cast<std::uint32_t>(first + b));
      for (std::size_t t = 0; t < times_.steps; ++t) {
        trials_.intensity[(b * times_.steps + t) * 2 + background_channel] =
            static_cast<float>(settings_.protocol.mean + settings_.protocol.deviation * noise.normal(t));
      }
      trials_.intensity[(b * times_.steps + times_.pre) * 2 + pre_channel] = 1.0f;
      for (std::size_t j = 0; j < cells(); ++j) {
        trials_.forced[(b * times_.steps + times_.post[j]) * cells() + j] = forces ? 1 : 0;
      }
    }
  }

  // [cells], mean over the block. The pre channel's weights do not change meanwhile: the rule's change is their
  // gradient, with the other sign; a mean over trials of eprop, a sum of plasticity rules.
  std::vector<double> change(std::size_t index, bool forces) {
    const std::size_t first = index * block;
    fill_trials(first, forces);
    std::vector<std::uint32_t> keys;
    for (std::size_t b = 0; b < block; ++b) keys.push_back(static_cast<std::uint32_t>(first + b));
    simulator_.run(trials_, keys, {.training = true, .traces = {}});
    simulator_.compute_gradient();
    const std::vector<float> gradient = state_.arrays.gradient.download();
    const double share = is_plasticity(settings_.rule) ? 1.0 / static_cast<double>(block) : 1.0;
    std::vector<double> change;
    for (std::size_t j = 0; j < cells(); ++j) {
      change.push_back(-share * static_cast<double>(gradient[pre_channel * cells() + j]));
    }
    return change;
  }

  // Spikes per neuron and step of the last block, behind `settle`.
  double settled_rate() const {
    const std::vector<std::uint8_t> spikes = simulator_.spikes();
    double count = 0.0;
    for (std::size_t row = 0; row < block * times_.steps; ++row) {
      if (row % times_.steps < times_.settled) continue;
      for (std::size_t j = 0; j < cells(); ++j) count += spikes[row * cells() + j];
    }
    return count / static_cast<double>(block * (times_.steps - times_.settled) * cells());
  }

  const ForcedWindowSettings& settings_;
  Times times_;
  std::unique_ptr<Backend<float>> backend_;
  Network network_;
  NetworkState<float> state_;
  Simulator<float> simulator_;
  TrialBatch trials_;
};

}  // namespace

ProtocolResult run_forced_window(const ForcedWindowSettings& settings) {
  return Experimenter(settings).run();
}

}  // namespace spikeweave
