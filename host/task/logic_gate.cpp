// Logic gate: two populations are driven by currents that stand for 0 or 1, and a third is taught to fire for some of
// the four pairs.
//
// Source: Payeur, Guerguiev, Zenke, Richards & Naud (2021), Nat. Neurosci. 24:1010-1019, Fig. 5, and the code published
// with it (exclusive or). Examples follow each other in the order 00, 10, 01, 11; an example predicts, then is taught:
// plasticity is on, and each output neuron gets a current into its dendrite that was fixed at the end of the
// prediction. E: its running average of events then [Hz].
//   to fire:      teaching_current / (E - rate_low), at most teaching_current; 0 from rate_high - tolerance on
//   not to fire: -teaching_current / (rate_high - E), likewise; 0 up to rate_low + tolerance
// Metrics, of the last four examples at the end of their predictions: rate_00 ... rate_11: mean of E over the output
// neurons; cost: sum of -ln r (to fire) or -ln(1 - r), r = (rate - rate_low)/(rate_high - rate_low) cut to .01 .. .99;
// gap: the lowest rate of those that are to fire minus the highest of the others; examples: taught so far. A rate is 0
// before the first example of its pair.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/task/tasks.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/learning/event_split.hpp"
#include "spikeweave/network/network.hpp"

namespace spikeweave {
namespace {

constexpr std::size_t pair_count = 4;
constexpr std::array<const char*, pair_count> pair_names{"00", "10", "01", "11"};

// Names of the models that a task can drive with a current, with blanks between them.
std::string driven_models() {
  std::string names;
  NeuronModels::for_each([&]<template <class> class Model>() {
    if constexpr (!takes_current<Model<float>>) return;
    names += (names.empty() ? "" : " ") + std::string(Model<float>::Params::name);
  });
  return names;
}

class LogicGate final : public Task, public ClosedLoop {
 public:
  // dt [ms]
  LogicGate(const LogicGateSettings& settings, double dt)
      : settings_(settings),
        cells_(static_cast<std::size_t>(settings.cells)),
        steps_(static_cast<std::size_t>(settings.steps)),
        warm_up_(trials_of(settings.warm_up, "warm_up", dt)),
        example_(trials_of(settings.example_time, "example_time", dt)),
        teaching_(trials_of(settings.teaching_time, "teaching_time", dt)),
        decay_(std::exp(-dt / settings.tau_average)),
        gain_(1000.0 / settings.tau_average),
        window_(std::floor(settings.burst_interval / dt + 1e-9)),
        splits_(cells_),
        events_(cells_, 0.0),
        current_(cells_, 0.0f),
        rates_(pair_count, 0.0) {}

  TaskShape shape() const override {
    TaskShape shape;
    shape.frame_steps = steps_;
    shape.max_steps = steps_;
    shape.encoding = Encoding::events;
    shape.cells = 3 * cells_;
    return shape;
  }
  std::size_t trial_count(Split) const override { return 0; }  // made without end; nothing to evaluate on

  void fill(Split, std::span<const std::uint64_t> ids, TrialBatch& batch) const override {
    SW_EXPECTS(ids.size() == 1, "logic_gate: trials continue each other, so they come one by one");
    batch = {};
    batch.batch = 1;
    batch.steps = steps_;
    batch.frames = 1;
    batch.length = {static_cast<std::int32_t>(steps_)};
    batch.segment.assign(steps_, -1);
    batch.clamp.assign(3 * cells_, 0.0f);
    batch.step_weight.assign(steps_, 0.0f);
    const std::uint64_t id = ids.front();
    if (id < warm_up_) return;
    const std::size_t pair = pair_of(id);
    for (std::size_t input = 0; input < 2; ++input) {
      const bool is_high = (pair >> input & 1) != 0;
      std::fill_n(batch.clamp.begin() + static_cast<std::ptrdiff_t>(input * cells_), cells_,
                  static_cast<float>(is_high ? settings_.high_current : settings_.low_current));
    }
    if (!is_taught(id)) return;
    std::copy(current_.begin(), current_.end(), batch.clamp.begin() + static_cast<std::ptrdiff_t>(2 * cells_));
    std::fill(batch.step_weight.begin(), batch.step_weight.end(), 1.0f);
  }
  std::string main_metric() const override { return "cost"; }
  ClosedLoop* closed_loop() override { return this; }

  void attach(const Network& network) override {
    const std::string place = "/network/populations";
    if (network.populations.size() < 3) {
      throw InputError(place, fmt::format("{} populations; logic_gate needs two inputs and an output, the first three",
                                          network.populations.size()));
    }
    for (std::size_t p = 0; p < 3; ++p) {
      const Population& population = network.populations[p];
      if (population.neurons.count != cells_) {
        throw InputError(fmt::format("{}/{}/size", place, p),
                         fmt::format("{}; /task/cells is {}", population.neurons.count, cells_));
      }
      if (!takes_currents(population.neuron)) {
        throw InputError(fmt::format("{}/{}/neuron/model", place, p),
                         fmt::format("{} takes no current from a task; expected one of {}", population.neuron.name(),
                                     driven_models()));
      }
    }
    neurons_ = network.neurons;
  }

  void observe(std::span<const std::uint8_t> spikes, std::size_t steps) override {
    const auto window = static_cast<float>(window_);
    for (std::size_t t = 0; t < steps; ++t) {
      const std::uint8_t* const row = spikes.data() + t * neurons_ + 2 * cells_;
      for (std::size_t j = 0; j < cells_; ++j) {
        const float event = splits_[j].split(window, static_cast<float>(row[j])).event;
        events_[j] = decay_ * events_[j] + gain_ * static_cast<double>(event);
      }
    }
    const std::uint64_t id = trial_++;
    if (id < warm_up_) return;
    if (!is_taught(id) && is_taught(id + 1)) predict(pair_of(id));
  }

  void report(std::span<const double>, std::map<std::string, double>& metrics) const override {
    double cost = 0.0, lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
    for (std::size_t pair = 0; pair < pair_count; ++pair) {
      const double rate = rates_[pair];
      const bool fires = settings_.outputs[pair] != 0;
      const double share =
          std::clamp((rate - settings_.rate_low) / (settings_.rate_high - settings_.rate_low), 0.01, 0.99);
      cost -= std::log(fires ? share : 1.0 - share);
      if (fires) lowest = std::min(lowest, rate);
      if (!fires) highest = std::max(highest, rate);
      metrics[fmt::format("rate_{}", pair_names[pair])] = rate;
    }
    metrics["cost"] = cost;
    metrics["gap"] = lowest - highest;
    metrics["examples"] = static_cast<double>(trial_ <= warm_up_ ? 0 : (trial_ - warm_up_) / example_);
  }

  // Trials observed, rates of the last examples, then of each output neuron: split, average, current.
  std::vector<double> save() const override {
    std::vector<double> saved{static_cast<double>(trial_)};
    saved.insert(saved.end(), rates_.begin(), rates_.end());
    for (std::size_t j = 0; j < cells_; ++j) {
      saved.insert(saved.end(), {static_cast<double>(splits_[j].recent), static_cast<double>(splits_[j].is_open),
                                 events_[j], static_cast<double>(current_[j])});
    }
    return saved;
  }
  void load(const std::vector<double>& saved) override {
    const std::size_t expected = 1 + pair_count + 4 * cells_;
    if (saved.size() != expected) {
      throw InputError("task memory", fmt::format("{} numbers; expected {}", saved.size(), expected));
    }
    trial_ = static_cast<std::uint64_t>(saved[0]);
    std::copy_n(saved.begin() + 1, pair_count, rates_.begin());
    for (std::size_t j = 0; j < cells_; ++j) {
      const double* const own = saved.data() + 1 + pair_count + 4 * j;
      splits_[j] = {static_cast<float>(own[0]), static_cast<float>(own[1])};
      events_[j] = own[2];
      current_[j] = static_cast<float>(own[3]);
    }
  }

 private:
  std::uint64_t trials_of(double time, const char* key, double dt) const {
    const double trial = static_cast<double>(settings_.steps) * dt;
    const double trials = time / trial;
    if (std::abs(trials - std::round(trials)) > 1e-6 * std::max(1.0, trials)) {
      throw InputError(std::string("/task/") + key,
                       fmt::format("{} ms; expected a multiple of a trial, {} ms", time, trial));
    }
    return static_cast<std::uint64_t>(std::llround(trials));
  }
  std::size_t pair_of(std::uint64_t id) const { return (id - warm_up_) / example_ % pair_count; }
  bool is_taught(std::uint64_t id) const { return (id - warm_up_) % example_ >= example_ - teaching_; }

  // What the outputs do at the end of a prediction, and the currents that teach them.
  void predict(std::size_t pair) {
    double sum = 0.0;
    for (std::size_t j = 0; j < cells_; ++j) {
      sum += events_[j];
      current_[j] = static_cast<float>(teaching(events_[j], settings_.outputs[pair] != 0));
    }
    rates_[pair] = sum / static_cast<double>(cells_);
  }
  double teaching(double rate, bool fires) const {
    const LogicGateSettings& s = settings_;
    const double distance = fires ? rate - s.rate_low : s.rate_high - rate;  // from the wrong rate
    if (distance >= s.rate_high - s.rate_low - s.tolerance) return 0.0;
    const double strength = distance > s.tolerance ? s.teaching_current / distance : s.teaching_current;
    return fires ? strength : -strength;
  }

  const LogicGateSettings settings_;
  const std::size_t cells_, steps_;
  const std::uint64_t warm_up_, example_, teaching_;  // [trials]
  const double decay_, gain_, window_;
  std::size_t neurons_ = 0;

  std::uint64_t trial_ = 0;  // observed
  std::vector<EventSplit<float>> splits_;
  std::vector<double> events_;  // running average [Hz]
  std::vector<float> current_;  // of the teacher [pA]
  std::vector<double> rates_;   // of the last example of each pair
};

}  // namespace

std::unique_ptr<Task> make_logic_gate(const LogicGateSettings& settings, double dt) {
  return std::make_unique<LogicGate>(settings, dt);
}

}  // namespace spikeweave
