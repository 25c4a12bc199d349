// The cross-checks between the parts of an experiment: task, network, learning.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "host/config/validate.hpp"
#include "spikeweave/config/experiment.hpp"
#include "spikeweave/train/plan.hpp"

namespace spikeweave {
namespace {

// The ends of the network that the task has are connected, the others are not.
void check_ends_used(const NetworkSettings& network, bool has_inputs, bool has_outputs, const std::string& place) {
  const auto check = [&](bool exists, std::string_view name, std::vector<std::string> ProjectionSettings::*end,
                         const char* key) {
    const auto& all = network.projections;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& p) { return contains(p.*end, name); });
    if (exists && found == all.end()) {
      throw InputError(place, fmt::format("none is {} {}; at least one is needed", key, in_quotes(name)));
    }
    if (!exists && found != all.end()) {
      throw InputError(fmt::format("{}/{}/{}", place, found - all.begin(), key),
                       in_quotes(name) + " has no cells in this task");
    }
  };
  check(has_inputs, InputSettings::population, &ProjectionSettings::from, "from");
  check(has_outputs, "output", &ProjectionSettings::to, "to");
}

void check_learning(const EpropParams& rule, const NetworkSettings& network, bool has_outputs,
                    const std::string& place) {
  if (rule.signal == LearningSignal::global) {
    if (has_outputs) return;
    throw InputError(place + "/signal", "\"global\" needs outputs, and the task has none; expected local");
  }
  if (rule.prediction == Prediction::spike_trace) return;
  for (const PopulationSettings& population : network.populations) {
    if (!predicts(population.neuron)) {
      throw InputError(
          place + "/prediction",
          fmt::format("\"membrane\" needs a model that has a firing probability; that of population {} is {}",
                      in_quotes(population.name), population.neuron.name()));
    }
  }
}

bool is_differentiable(const NeuronModels::Settings& neuron) {
  return NeuronModels::visit(neuron.value.index(),
                             []<template <class> class Model>() { return Model<float>::is_differentiable; });
}

// The penalty and a local signal look at spikes, which a differentiable rate model has not.
void check_spikes(const LearningSettings& learning, const NetworkSettings& network, const std::string& place) {
  const auto rates = std::find_if(network.populations.begin(), network.populations.end(),
                                  [](const auto& p) { return is_rate_model(p.neuron) && is_differentiable(p.neuron); });
  if (rates == network.populations.end()) return;
  learning.visit([&]<class Rule>(const Rule& rule) {
    if constexpr (requires { rule.rate_regularization; }) {
      if (rule.rate_regularization.coefficient > 0.0) {
        throw InputError(place + "/rate_regularization/coefficient",
                         fmt::format("{} counts spikes, and {} of population {} has none; expected 0",
                                     number_text(rule.rate_regularization.coefficient), rates->neuron.name(),
                                     in_quotes(rates->name)));
      }
    }
    if constexpr (requires { rule.signal; }) {
      if (rule.signal == LearningSignal::local) {
        throw InputError(place + "/signal",
                         fmt::format("\"local\" predicts spikes, and {} of population {} has none; expected global",
                                     rates->neuron.name(), in_quotes(rates->name)));
      }
    }
  });
}

// Errors travel from the outputs.
void check_bptt(const Experiment& experiment, bool has_outputs, const std::string& place) {
  if (experiment.learning.get_if<BpttParams>() == nullptr) return;
  if (!has_outputs) throw InputError(place + "/learning/rule", "\"bptt\" needs outputs, and the task has none");
}

// What a plasticity rule cannot be combined with.
void check_plasticity(const Experiment& experiment, const std::string& place) {
  visit_plasticity(experiment.learning, [&]<template <class> class Rule>(const auto& settings) {
    const TrainingSettings& training = experiment.training;
    if (settings.form == PlasticityForm::trial) {
      if (!Rule<double>::is_bilinear(settings)) {
        throw InputError(
            place + "/learning/form",
            fmt::format("with these settings a change of {} depends on the weight or on single pairs, so it "
                        "cannot wait for the end of the trial; expected event or step",
                        settings.name));
      }
    } else {
      if (training.batch_size != 1) {
        throw InputError(
            place + "/training/batch_size",
            fmt::format("{}, but the weights change while a trial runs; expected 1 (or /learning/form trial)",
                        training.batch_size));
      }
      if (training.parameter_average != 0.0) {
        throw InputError(place + "/training/parameter_average",
                         fmt::format("{} averages updates, and the weights change while a trial runs; expected 0",
                                     number_text(training.parameter_average)));
      }
    }
    for (std::size_t p = 0; p < experiment.network.projections.size(); ++p) {
      const ProjectionSettings& projection = experiment.network.projections[p];
      const bool is_bias = projection.from.front() == bias_population;
      if (!projection.trainable || !(is_bias || projection.within_step)) continue;
      throw InputError(fmt::format("{}/network/projections/{}/trainable", place, p),
                       fmt::format("true, but {} changes no {}; expected false", settings.name,
                                   is_bias ? "biases" : "weights of what arrives within a step"));
    }
    if (experiment.network.input.dropout != 0.0) {
      throw InputError(place + "/network/input/dropout",
                       fmt::format("{} hides input from the neurons, not from {}; expected 0",
                                   number_text(experiment.network.input.dropout), settings.name));
    }
    if (training.clip_norm != 0.0) {
      throw InputError(place + "/training/clip_norm", fmt::format("{} clips a gradient, and {} has none; expected 0",
                                                                  number_text(training.clip_norm), settings.name));
    }
  });
}

// Weights of steps and learning rates of projections, which only some plasticity rules know while a trial runs.
void check_weights(const Experiment& experiment, bool weighs_steps, const std::string& place) {
  const bool is_known = weighs_changes(experiment.learning);
  if (weighs_steps && !is_known) {
    throw InputError(place + "/learning/rule",
                     fmt::format("{} cannot be switched off for a time, as {} wants; expected burst_dependent, with "
                                 "/learning/form event or step",
                                 experiment.learning.name(), experiment.task.name()));
  }
  if (is_known || !changes_within_trial(experiment.learning)) return;
  for (std::size_t p = 0; p < experiment.network.projections.size(); ++p) {
    const ProjectionSettings& projection = experiment.network.projections[p];
    if (!projection.trainable || projection.learning_rate_factor == 1.0 || contains(projection.to, "output")) continue;
    throw InputError(fmt::format("{}/network/projections/{}/learning_rate_factor", place, p),
                     fmt::format("{}, but {} changes weights while a trial runs at rates of its own; expected 1, or "
                                 "/learning/form trial",
                                 number_text(projection.learning_rate_factor), experiment.learning.name()));
  }
}

// Weights that change while a trial runs need a rule that goes forward in time.
void check_update(const Experiment& experiment, const std::string& place) {
  const UpdateSettings& update = experiment.training.update;
  if (update_steps(update) == 0) return;
  const bool goes_forward = !is_plasticity(experiment.learning) && !is_of_phases(experiment.learning) &&
                            has_traces(experiment.learning.value.index());
  if (goes_forward) return;
  throw InputError(place + "/training/update/mode",
                   fmt::format("{}, but {} {}; expected trial", in_quotes(update.name()), experiment.learning.name(),
                               is_plasticity(experiment.learning) ? "says by /learning/form when weights change"
                                                                  : "needs the whole trial"));
}

// Parts of a batch are exact where its trials need nothing of each other.
void check_slice(const Experiment& experiment, const std::string& place) {
  const int slice = experiment.training.slice;
  if (slice == 0 || slice >= experiment.training.batch_size || may_slice(experiment)) return;
  throw InputError(place + "/training/slice",
                   fmt::format("{} trials of a batch of {}, but the batch cannot be taken apart: its state is carried, "
                               "weights change within a trial, the rate penalty is over the batch, or its energy is "
                               "recorded; expected 0",
                               slice, experiment.training.batch_size));
}

// Slices of a trial are exact where what goes on from one to the next is kept.
void check_slice_steps(const Experiment& experiment, const std::string& place) {
  const int steps = experiment.training.slice_steps;
  if (steps == 0 || may_slice_steps(experiment)) return;
  throw InputError(place + "/training/slice_steps",
                   fmt::format("{} steps, but a trial cannot be taken apart: its state is carried, a plasticity rule "
                               "changes its weights, or its energy is recorded; expected 0",
                               steps));
}

// The energy is that of energy units.
void check_energy(const Experiment& experiment, const std::string& place) {
  if (!experiment.recording.energy) return;
  for (std::size_t p = 0; p < experiment.network.projections.size(); ++p) {
    if (experiment.network.projections[p].from.front() != bias_population) continue;
    throw InputError(
        place + "/recording/energy",
        fmt::format("true, but projection {} is from bias, which the energy does not have; expected false, or "
                    "the parameter bias of the units",
                    p));
  }
  for (const PopulationSettings& population : experiment.network.populations) {
    if (population.neuron.get_if<EnergyUnitParams<Distribution>>() != nullptr) continue;
    throw InputError(place + "/recording/energy",
                     fmt::format("true, but population {} is of model {}; expected false, or energy_unit everywhere",
                                 in_quotes(population.name), population.neuron.name()));
  }
}

// A plasticity rule that looks at spikes changes no weights onto a population that has none.
void check_rates(const Experiment& experiment, const std::string& place) {
  const NetworkSettings& network = experiment.network;
  const auto rates = std::find_if(network.populations.begin(), network.populations.end(),
                                  [](const PopulationSettings& p) { return is_rate_model(p.neuron); });
  if (rates == network.populations.end()) return;
  if (network.readout.dropout > 0.0) {
    throw InputError(place + "/network/readout/dropout",
                     fmt::format("{}, but population {} is of a rate model, for which there is no dropout; expected 0",
                                 number_text(network.readout.dropout), in_quotes(rates->name)));
  }
  visit_plasticity(experiment.learning, [&]<template <class> class Rule>(const auto& settings) {
    if constexpr (requires { Rule<double>::reads_rates(settings); }) {
      if (Rule<double>::reads_rates(settings)) return;
    }
    for (std::size_t i = 0; i < network.projections.size(); ++i) {
      if (!network.projections[i].trainable) continue;
      for (const PopulationSettings& population : network.populations) {
        if (!is_rate_model(population.neuron) || !reaches(network.projections[i].to, population.name)) continue;
        throw InputError(fmt::format("{}/network/projections/{}/trainable", place, i),
                         fmt::format("true, but rule {} looks at the spikes of population {}, and {} has none; "
                                     "expected false, or a rule for rates",
                                     settings.name, in_quotes(population.name), population.neuron.name()));
      }
    }
  });
}

// Names of the state variables of all models that the network uses, each once.
Words state_names(const NetworkSettings& network) {
  Words names;
  for (const PopulationSettings& population : network.populations) {
    NeuronModels::visit(population.neuron.value.index(), [&]<template <class> class Model>() {
      std::apply(
          [&](const auto&... column) {
            const auto add = [&](std::string_view name) {
              if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
            };
            (add(column.name), ...);
          },
          Model<float>::State::columns());
    });
  }
  return names;
}

Words differentiable_models() {
  Words names;
  NeuronModels::for_each([&]<template <class> class Model>() {
    if constexpr (Model<float>::is_differentiable) names.push_back(Model<float>::Params::name);
  });
  return names;
}

// A rule that needs a pseudo-derivative changes no weights onto a population whose model has none.
void check_trainable(const NetworkSettings& network, const LearningSettings& learning, const std::string& place) {
  if (!learning.visit([](const auto& rule) { return rule.needs_pseudo_derivative; })) return;
  for (std::size_t i = 0; i < network.projections.size(); ++i) {
    const ProjectionSettings& projection = network.projections[i];
    if (!projection.trainable) continue;
    for (std::size_t p = 0; p < network.populations.size(); ++p) {
      const PopulationSettings& population = network.populations[p];
      if (!reaches(projection.to, population.name) || is_differentiable(population.neuron)) continue;
      throw InputError(
          fmt::format("{}/populations/{}/neuron/model", place, p),
          fmt::format("{} has no pseudo-derivative, so rule {} cannot train projection {} onto it; expected one of {}, "
                      "or \"trainable\": false in {}/projections/{}",
                      in_quotes(population.neuron.name()), learning.name(), i, join(differentiable_models()), place,
                      i));
    }
  }
}
}  // namespace

void PublishedFigure::validate(const std::string& place) const {
  const std::size_t slash = metric.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == metric.size()) {
    throw InputError(place + "/metric", in_quotes(metric) + " is not split/metric; expected e.g. test/accuracy");
  }
  if (source.empty()) throw InputError(place + "/source", "missing; expected where the value is published");
}

void Experiment::validate(const std::string& place) const {
  bool has_inputs = true;
  bool has_outputs = true;
  bool weighs_steps = false;
  task.visit([&]<class Task>(const Task& settings) {
    if constexpr (requires { settings.has_inputs(); }) has_inputs = settings.has_inputs();
    if constexpr (requires { settings.has_outputs(); }) has_outputs = settings.has_outputs();
    weighs_steps = requires {
      requires Task::weighs_steps;
    };
    // A task that makes its trials declares how many are for evaluation, or none; its training split has no end unless
    // it says how many examples there are.
    bool has_end = !(
        requires { &Task::evaluation; } || requires { Task::is_endless; });
    if constexpr (requires { settings.examples; }) has_end = settings.examples > 0;
    if (!has_end && training.updates_per_epoch == 0) {
      throw InputError(place + "/training/updates_per_epoch",
                       fmt::format("0 means one pass over the training split, and that of {} has no end; expected 1 "
                                   "or more",
                                   Task::name));
    }
  });
  check_ends_used(network, has_inputs, has_outputs, place + "/network/projections");
  if (const auto* rule = learning.get_if<EpropParams>()) {
    check_learning(*rule, network, has_outputs, place + "/learning");
  }
  check_bptt(*this, has_outputs, place);
  check_spikes(learning, network, place + "/learning");
  if (training.compare_readout_only && !has_outputs) {
    throw InputError(place + "/training/compare_readout_only",
                     "the task has no outputs, so there is no readout to learn");
  }
  check_plasticity(*this, place);
  check_weights(*this, weighs_steps, place);
  check_update(*this, place);
  check_slice(*this, place);
  check_slice_steps(*this, place);
  check_rates(*this, place);
  check_energy(*this, place);
  check_trainable(network, learning, place + "/network");
  check_phases(*this, has_outputs, place);
  check_compartments(*this, place);
  const Words states = state_names(network);
  for (auto state = recording.states.begin(); state != recording.states.end(); ++state) {
    const std::string here = fmt::format("{}/recording/states/{}", place, state - recording.states.begin());
    if (std::find(states.begin(), states.end(), *state) == states.end())
      throw InputError(here, not_one_of(*state, states));
    if (std::find(recording.states.begin(), state, *state) != state) {
      throw InputError(here, in_quotes(*state) + " stands here twice");
    }
  }
}

double LearningRateSchedule::factor(std::uint64_t update, std::uint64_t total) const {
  const auto n = static_cast<double>(update);
  const double warmup = n < warmup_updates ? (n + 1.0) / warmup_updates : 1.0;
  if (kind == ScheduleKind::constant || total == 0) return warmup;
  const double done = n / static_cast<double>(total);
  return warmup * (final_fraction + (1.0 - final_fraction) * 0.5 * (1.0 + std::cos(std::numbers::pi * done)));
}

}  // namespace spikeweave
