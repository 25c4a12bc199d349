// The cross-checks of phases, teachers and second compartments.
#include <algorithm>
#include <string>

#include "host/config/validate.hpp"
#include "spikeweave/config/experiment.hpp"

namespace spikeweave {
namespace {

bool is_taught(const TrialPhase& phase) {
  return phase.teacher != TeacherMode::none;
}

// The population that is taught, of a model that does what the phases want.
void check_teacher(const Experiment& experiment, const std::string& place) {
  const auto& sequence = experiment.phases.sequence;
  const std::string& teaches = experiment.phases.teaches;
  if (std::none_of(sequence.begin(), sequence.end(), is_taught)) {
    if (teaches.empty()) return;
    throw InputError(place + "/teaches", in_quotes(teaches) + ", but no phase has a teacher; expected nothing");
  }
  Words names;
  for (const PopulationSettings& population : experiment.network.populations) names.push_back(population.name);
  const auto name = std::find(names.begin(), names.end(), teaches);
  if (name == names.end()) throw InputError(place + "/teaches", not_one_of(teaches, names));
  const auto& neuron = experiment.network.populations[static_cast<std::size_t>(name - names.begin())].neuron;
  if (!is_rate_model(neuron)) {
    throw InputError(place + "/teaches", fmt::format("{} is of model {}, which sends spikes; expected a rate model",
                                                     in_quotes(teaches), neuron.name()));
  }
  for (std::size_t p = 0; p < sequence.size(); ++p) {
    if (sequence[p].teacher != TeacherMode::nudge || takes_nudges(neuron)) continue;
    throw InputError(
        fmt::format("{}/sequence/{}/teacher", place, p),
        fmt::format("\"nudge\", but {} is of model {}, which can only be clamped", in_quotes(teaches), neuron.name()));
  }
}

// What a rule of phases can train.
void check_phase_rule(const Experiment& experiment, const std::string& place) {
  const NetworkSettings& network = experiment.network;
  const bool needs_errors = experiment.learning.get_if<LocalErrorParams>() != nullptr;
  for (std::size_t i = 0; i < network.projections.size(); ++i) {
    const ProjectionSettings& projection = network.projections[i];
    if (!projection.trainable || projection.transpose_of >= 0 || contains(projection.to, "output")) continue;
    const std::string here = fmt::format("{}/network/projections/{}", place, i);
    for (const PopulationSettings& population : network.populations) {
      if (!reaches(projection.to, population.name)) continue;
      if (needs_errors ? carries_errors(population.neuron) : is_rate_model(population.neuron)) continue;
      throw InputError(
          here + "/trainable",
          fmt::format("true, but rule {} needs {}, and population {} is of model {}; expected false",
                      experiment.learning.name(), needs_errors ? "neurons that carry errors" : "a rate model",
                      in_quotes(population.name), population.neuron.name()));
    }
    const bool is_sparse = projection.connectivity.get_if<AllToAll>() == nullptr || !projection.delay.is_constant();
    const bool is_from_input = contains(projection.from, InputSettings::population);
    if ((is_sparse && !projection.within_step && !is_from_input) ||
        (is_from_input && !(projection.delay.is_constant() && projection.delay.value == 0.0))) {
      throw InputError(here + "/delay", fmt::format("rule {} takes products of one step, so the projection is "
                                                    "all_to_all with one delay, from input without; or not trainable",
                                                    experiment.learning.name()));
    }
  }
}

// Neurons that compare averages of phases get as many as they compare, and are learned from behind them.
void check_averages(const Experiment& experiment, const std::string& place) {
  const auto& sequence = experiment.phases.sequence;
  const auto count = std::count_if(sequence.begin(), sequence.end(), [](const TrialPhase& p) { return p.average; });
  const auto& populations = experiment.network.populations;
  int most = 0;
  for (std::size_t p = 0; p < populations.size(); ++p) {
    const int compared = compared_averages(populations[p].neuron);
    most = std::max(most, compared);
    if (compared == 0 || compared == count) continue;
    throw InputError(place + "/sequence",
                     fmt::format("average is true in {} phases; {} is of model {}, which compares {}", count,
                                 in_quotes(populations[p].name), populations[p].neuron.name(), compared));
  }
  int seen = 0;
  for (std::size_t p = 0; p < sequence.size(); ++p) {
    const std::string here = fmt::format("{}/sequence/{}", place, p);
    seen += sequence[p].average ? 1 : 0;
    if (sequence[p].average && most == 0) {
      throw InputError(here + "/average", "true, but no population's model compares averages; expected false");
    }
    if (sequence[p].weight != 0.0 && (seen < most || (most > 0 && sequence[p].average))) {
      throw InputError(here + "/weight",
                       fmt::format("{}, but averages are compared behind the last phase in which they "
                                   "are taken; expected 0",
                                   number_text(sequence[p].weight)));
    }
  }
}

}  // namespace

void TrialPhases::validate(const std::string& place) const {
  for (std::size_t p = 0; p < sequence.size(); ++p) {
    const std::string here = fmt::format("{}/sequence/{}", place, p);
    if (sequence[p].name.empty()) throw InputError(here + "/name", "missing; expected a name");
    for (std::size_t q = 0; q < p; ++q) {
      if (sequence[q].name == sequence[p].name) {
        throw InputError(here + "/name", fmt::format("{} is the name of phase {} too", in_quotes(sequence[p].name), q));
      }
      if (sequence[p].scored && is_taught(sequence[q])) {
        throw InputError(here + "/scored",
                         fmt::format("true behind phase {}, in which a teacher is there; evaluation has none, so "
                                     "what is scored comes first",
                                     in_quotes(sequence[q].name)));
      }
    }
  }
}

void check_phases(const Experiment& experiment, bool has_outputs, const std::string& place) {
  const std::string here = place + "/phases";
  const auto& sequence = experiment.phases.sequence;
  check_teacher(experiment, here);
  const bool is_phase_rule = is_of_phases(experiment.learning);
  const bool is_weighted_rule = weighs_changes(experiment.learning);
  if (is_phase_rule) check_phase_rule(experiment, place);
  if (is_phase_rule) check_averages(experiment, here);
  if (sequence.empty()) return;
  const auto any = [&sequence](auto&& is_it) { return std::any_of(sequence.begin(), sequence.end(), is_it); };
  if (has_outputs && !any([](const TrialPhase& phase) { return phase.scored; })) {
    throw InputError(here + "/sequence", "no phase is scored; at least one is needed");
  }
  if ((is_phase_rule || is_weighted_rule) && !any([](const TrialPhase& phase) { return phase.weight != 0.0; })) {
    throw InputError(here + "/sequence", fmt::format("weight is 0 in all phases, so {} learns nothing; expected "
                                                     "another in one of them",
                                                     experiment.learning.name()));
  }
  for (std::size_t p = 0; p < sequence.size() && !is_phase_rule; ++p) {
    if (sequence[p].weight != 0.0 && !is_weighted_rule) {
      throw InputError(
          fmt::format("{}/sequence/{}/weight", here, p),
          fmt::format("{}, but {} does not weigh its changes by phases, as local_error, contrastive and, with "
                      "/learning/form event or step, burst_dependent do; expected 0",
                      number_text(sequence[p].weight), experiment.learning.name()));
    }
    if (is_taught(sequence[p]) && !is_plasticity(experiment.learning)) {
      throw InputError(fmt::format("{}/sequence/{}/teacher", here, p),
                       fmt::format("{} follows the gradient of a network without a teacher; expected none",
                                   experiment.learning.name()));
    }
  }
}

// Rules of phases know them; plasticity rules those that send spikes, while a trial runs.
void check_compartments(const Experiment& experiment, const std::string& place) {
  if (is_of_phases(experiment.learning)) return;
  const bool is_online = changes_within_trial(experiment.learning);
  const NetworkSettings& network = experiment.network;
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const PopulationSettings& population = network.populations[p];
    if (!second_compartment(population.neuron).exists) continue;
    if (!is_online || is_rate_model(population.neuron)) {
      throw InputError(
          fmt::format("{}/network/populations/{}/neuron/model", place, p),
          fmt::format("{} has a second compartment, which {} does not know; expected /learning/rule {}",
                      in_quotes(population.neuron.name()), experiment.learning.name(),
                      is_rate_model(population.neuron) ? "local_error or contrastive"
                                                       : "of plasticity, with /learning/form event or step"));
    }
    for (std::size_t i = 0; i < network.projections.size(); ++i) {
      const ProjectionSettings& projection = network.projections[i];
      const auto is_second = [&](const std::string& end) {
        return end_name(end).population == population.name && !end_name(end).compartment.empty();
      };
      if (!projection.trainable || std::none_of(projection.to.begin(), projection.to.end(), is_second)) continue;
      throw InputError(fmt::format("{}/network/projections/{}/trainable", place, i),
                       fmt::format("true, but {} changes no weights onto second compartments; expected false",
                                   experiment.learning.name()));
    }
  }
}

}  // namespace spikeweave
