// The cross-checks of the protocols' settings.
#include "spikeweave/protocol/settings.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "host/config/kinds.hpp"
#include "host/config/text.hpp"
#include "spikeweave/core/error.hpp"
#include "spikeweave/protocol/forced_window.hpp"

namespace spikeweave {
namespace {

constexpr double most_points = 100000;         // of an axis
constexpr double most_neuron_steps = 1000000;  // of a trial of the protocol forced: half a gigabyte for a block

void require_steps(double time, double dt, const std::string& place) {
  const double steps = time / dt;
  if (std::abs(steps - std::round(steps)) <= 1e-9 * std::max(1.0, std::abs(steps))) return;
  throw InputError(place, fmt::format("{} is no whole number of steps of {} [ms]", number_text(time), number_text(dt)));
}

void require_grid(double from, double to, double step, double dt, const std::string& place) {
  require_steps(from, dt, place + "/from");
  require_steps(to, dt, place + "/to");
  require_steps(step, dt, place + "/step");
  if (!(from < to)) {
    throw InputError(place + "/from", fmt::format("{} is not below to, {}", number_text(from), number_text(to)));
  }
  if ((to - from) / step > most_points) {
    throw InputError(place + "/step", fmt::format("{} gives more than {} points", number_text(step), most_points));
  }
}

void require_ascending(const std::vector<double>& values, const std::string& place) {
  if (values.empty()) throw InputError(place, "empty; expected one or more numbers");
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (!(values[i - 1] < values[i])) {
      throw InputError(fmt::format("{}/{}", place, i), fmt::format("{} is not above the one before, {}",
                                                                   number_text(values[i]), number_text(values[i - 1])));
    }
  }
}

// A repeated pattern whose spikes of one side can fall on the same step: repeats must follow each other.
void require_apart(int repeats, double frequency, double length, const std::string& place) {
  if (repeats == 1 || 1000.0 / frequency > length) return;
  throw InputError(place, fmt::format("{} repeats the pattern of {} ms before it has ended; expected below {} [Hz]",
                                      number_text(frequency), number_text(length), number_text(1000.0 / length)));
}

// A train of pairs may overlap the next one, but has one spike per step.
void require_one_per_step(int repeats, double frequency, double dt, const std::string& place) {
  if (repeats == 1 || 1000.0 / frequency >= dt) return;
  throw InputError(place, fmt::format("{} is more than one per step of {} ms; expected at most {} [Hz]",
                                      number_text(frequency), number_text(dt), number_text(1000.0 / dt)));
}

void check(const PairProtocol& p, double dt, const std::string& place) {
  require_grid(p.from, p.to, p.step, dt, place);
  require_one_per_step(p.pairs, p.frequency, dt, place + "/frequency");
}

void check(const FrequencyProtocol& p, double dt, const std::string& place) {
  require_steps(p.difference, dt, place + "/difference");
  require_ascending(p.frequencies, place + "/frequencies");
  require_one_per_step(p.pairs, p.frequencies.back(), dt,
                       fmt::format("{}/frequencies/{}", place, p.frequencies.size() - 1));
}

void check(const TripletProtocol& p, double dt, const std::string& place) {
  require_steps(p.step, dt, place + "/step");
  if (p.longest < p.step || p.longest / p.step > 1000.0) {
    throw InputError(place + "/longest",
                     fmt::format("{} is outside [{}, {}], from step to 1000 of them [ms]", number_text(p.longest),
                                 number_text(p.step), number_text(1000.0 * p.step)));
  }
  require_apart(p.triplets, p.frequency, 2.0 * p.longest, place + "/frequency");
}

void check(const QuadrupletProtocol& p, double dt, const std::string& place) {
  require_steps(p.difference, dt, place + "/difference");
  require_grid(p.from, p.to, p.step, dt, place);
  const double longest = std::max(std::abs(p.from), std::abs(p.to));
  if (longest <= p.difference) {
    throw InputError(place + "/to", fmt::format("no T is beyond difference, {}", number_text(p.difference)));
  }
  require_apart(p.quadruplets, p.frequency, longest + p.difference, place + "/frequency");
}

void require_length(double duration, double warm_up, double dt, const std::string& place) {
  if (duration >= dt && (duration + warm_up) / dt <= 4e9) return;
  throw InputError(place + "/duration",
                   fmt::format("{} and the warm-up are outside one step to 4e9 of them [ms]", number_text(duration)));
}

void check(const PoissonProtocol& p, double dt, const std::string& place) {
  require_ascending(p.post_rates, place + "/post_rates");
  const auto require_probability = [dt](double rate, const std::string& here) {
    if (rate * dt <= 1000.0) return;
    throw InputError(here, fmt::format("{} is more than one per step of {} ms; expected at most {} [Hz]",
                                       number_text(rate), number_text(dt), number_text(1000.0 / dt)));
  };
  require_probability(p.pre_rate, place + "/pre_rate");
  require_probability(p.post_rates.back(), fmt::format("{}/post_rates/{}", place, p.post_rates.size() - 1));
  require_length(p.duration, p.warm_up, dt, place);
}

void check(const BurstPoissonProtocol& p, double dt, const std::string& place) {
  require_ascending(p.burst_probabilities, place + "/burst_probabilities");
  const double highest = std::max(p.burst_probabilities.back(), p.warm_up_probability);
  if (p.waiting_time(highest) < 0.0) {
    throw InputError(
        place + "/rate",
        fmt::format("{} leaves no time for tau_event and bursts; expected at most {} [Hz]", number_text(p.rate),
                    number_text(1000.0 / (1000.0 / p.rate - p.waiting_time(highest)))));
  }
  require_length(p.duration, p.warm_up, dt, place);
}

void check_rule(const EpropParams& rule, const NeuronModels::Settings& neuron, const std::string& place) {
  if (rule.signal == LearningSignal::global) {
    throw InputError(place + "/signal", "\"global\" needs outputs, and there are none; expected local");
  }
  if (rule.prediction == Prediction::membrane && !predicts(neuron)) {
    throw InputError(place + "/prediction", fmt::format("\"membrane\" needs a model that has a firing probability, "
                                                        "which {} has not; expected spike_trace",
                                                        neuron.name()));
  }
}

void check_rule(const BpttParams& rule, const NeuronModels::Settings&, const std::string& place) {
  throw InputError(place + "/rule", fmt::format("{} needs outputs, and there are none; expected eprop or a plasticity "
                                                "rule",
                                                in_quotes(rule.name)));
}

// A rule of phases compares what a teacher changes.
template <class Params>
requires Params::is_of_phases void check_rule(const Params& rule, const NeuronModels::Settings&,
                                              const std::string& place) {
  throw InputError(place + "/rule", fmt::format("{} needs phases, and there are none; expected eprop or a plasticity "
                                                "rule",
                                                in_quotes(rule.name)));
}

template <class Params>
void check_rule(const Plastic<Params>& rule, const NeuronModels::Settings&, const std::string& place) {
  if (rule.form != PlasticityForm::trial) {
    throw InputError(place + "/form", fmt::format("{} changes the weights while a trial runs; expected trial",
                                                  in_quotes(name_of(rule.form))));
  }
  PlasticityRules::visit(static_cast<const Params&>(rule), [&]<template <class> class Rule>() {
    if (Rule<double>::is_bilinear(rule)) return;
    throw InputError(place + "/form",
                     "with these settings a change depends on the weight or on single pairs, so it "
                     "cannot wait for the end of the trial, as this protocol has it");
  });
}

}  // namespace

void ForcedWindowSettings::validate(const std::string& place) const {
  require_grid(protocol.from, protocol.to, protocol.step, protocol.dt, place + "/protocol");
  const double neurons = (protocol.to - protocol.from) / protocol.step + 1.0;
  const double steps =
      (protocol.settle + protocol.silence + std::abs(protocol.from) + std::abs(protocol.to)) / protocol.dt;
  if (neurons * steps > most_neuron_steps) {
    throw InputError(place + "/protocol/step",
                     fmt::format("with from, to, settle and silence gives {:.0f} neurons in trials of {:.0f} steps; "
                                 "expected a product of at most {}",
                                 neurons, steps, most_neuron_steps));
  }
  if (is_rate_model(neuron)) {
    throw InputError(place + "/neuron/model",
                     fmt::format("{} sends rates; expected a model that fires", in_quotes(neuron.name())));
  }
  rule.visit([&](const auto& one) { check_rule(one, neuron, place + "/rule"); });
}

void WindowSettings::validate(const std::string& place) const {
  if (!(synapse.low < synapse.high)) {
    throw InputError(place + "/synapse/low",
                     fmt::format("{} is not below high, {}", number_text(synapse.low), number_text(synapse.high)));
  }
  protocol.visit([&](const auto& one) { check(one, synapse.dt, place + "/protocol"); });
}

}  // namespace spikeweave
