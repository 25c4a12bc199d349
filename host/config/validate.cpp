// The cross-checks that the settings structs declare.
#include "host/config/validate.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "spikeweave/config/experiment.hpp"

namespace spikeweave {
namespace {

constexpr std::string_view output_name = "output";
constexpr std::size_t most_projections = 16;  // of each kind: from the input, from the bias, between populations, ...

Words population_names(const NetworkSettings& network) {
  Words names;
  for (const PopulationSettings& population : network.populations) names.push_back(population.name);
  return names;
}

// Ends of projections that are second compartments: what they receive, or what they send.
std::vector<std::string> compartment_names(const NetworkSettings& network, std::string_view SecondCompartment::*side) {
  std::vector<std::string> names;
  for (const PopulationSettings& population : network.populations) {
    const std::string_view name = second_compartment(population.neuron).*side;
    if (!name.empty()) names.push_back(fmt::format("{}/{}", population.name, name));
  }
  return names;
}

void check_names(const NetworkSettings& network, const std::string& place) {
  const Words names = population_names(network);
  if (names.empty()) throw InputError(place, "empty; at least one population is needed");
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string here = fmt::format("{}/{}/name", place, i);
    if (names[i].empty()) throw InputError(here, "missing; expected a name");
    if (names[i] == InputSettings::population || names[i] == bias_population || names[i] == output_name) {
      throw InputError(here, in_quotes(names[i]) + " is taken; input, bias and output are there by themselves");
    }
    if (names[i].find('/') != Words::value_type::npos) {
      throw InputError(here,
                       in_quotes(names[i]) + " has a slash, which stands between a population and its compartment");
    }
    const auto first = static_cast<std::size_t>(std::find(names.begin(), names.end(), names[i]) - names.begin());
    if (first < i)
      throw InputError(here, fmt::format("{} is the name of population {} too", in_quotes(names[i]), first));
  }
}

// One end of a projection: known names; one of `alone` by itself, or populations that follow each other.
void check_end(const std::vector<std::string>& end, const Words& populations, const Words& alone,
               const std::string& place) {
  Words known = populations;
  known.insert(known.end(), alone.begin(), alone.end());
  if (end.empty()) throw InputError(place, "missing; expected one or more of " + join(known));
  for (const std::string& name : end) {
    if (std::find(known.begin(), known.end(), name) == known.end()) throw InputError(place, not_one_of(name, known));
  }
  for (const std::string_view name : alone) {
    if (!contains(end, name)) continue;
    if (end.size() > 1)
      throw InputError(place, in_quotes(name) + " stands only by itself; found " + join(words_of(end)));
    return;
  }
  const auto first = std::find(populations.begin(), populations.end(), end.front());
  const bool stretch =
      end.size() <= static_cast<std::size_t>(populations.end() - first) && std::equal(end.begin(), end.end(), first);
  if (!stretch) {
    throw InputError(place, fmt::format("{} do not follow each other in the order of declaration, {}",
                                        join(words_of(end)), join(populations)));
  }
}

// Between populations, to ones behind them all, so that a step can run them in order.
void check_within_step(const ProjectionSettings& projection, const Words& populations, const std::string& place) {
  const auto place_of = [&populations](const std::string& end) {
    return std::find(populations.begin(), populations.end(), end_name(end).population) - populations.begin();
  };
  const bool is_between = place_of(projection.from.front()) < std::ssize(populations) &&
                          place_of(projection.to.front()) < std::ssize(populations);
  if (!is_between || place_of(projection.from.back()) >= place_of(projection.to.front())) {
    throw InputError(
        place + "/within_step",
        fmt::format("true, but {} is not between populations of which those it leads to are declared "
                    "behind all others, {}; expected false",
                    join(words_of(projection.from)) + " -> " + join(words_of(projection.to)), join(populations)));
  }
  if (!projection.delay.is_constant() || projection.delay.value != 0.0) {
    throw InputError(place + "/delay", "what arrives within the step has no delay; expected 0");
  }
}

void check_projection(const ProjectionSettings& projection, const NetworkSettings& network, const std::string& place) {
  const Words populations = population_names(network);
  const auto sending = compartment_names(network, &SecondCompartment::output);
  const auto receiving = compartment_names(network, &SecondCompartment::input);
  Words starts{InputSettings::population, bias_population}, ends{output_name};
  starts.insert(starts.end(), sending.begin(), sending.end());
  ends.insert(ends.end(), receiving.begin(), receiving.end());
  check_end(projection.from, populations, starts, place + "/from");
  check_end(projection.to, populations, ends, place + "/to");
  if (contains(projection.from, InputSettings::population) && contains(projection.to, output_name)) {
    throw InputError(place + "/to",
                     "\"output\" cannot be reached from \"input\"; expected one or more of " + join(populations));
  }
  if (contains(projection.from, bias_population)) {
    if (contains(projection.to, output_name)) {
      throw InputError(
          place + "/to",
          "\"output\" has biases of its own, /network/readout/bias; expected one or more of " + join(populations));
    }
    if (projection.connectivity.get_if<AllToAll>() == nullptr || !projection.delay.is_constant() ||
        projection.delay.value != 0.0) {
      throw InputError(place + "/from", "\"bias\" reaches all neurons of its populations without delay");
    }
  }
  if (projection.within_step) check_within_step(projection, populations, place);
  if (projection.symmetric &&
      (projection.from != projection.to || projection.connectivity.get_if<AllToAll>() == nullptr ||
       !projection.delay.is_constant())) {
    throw InputError(place + "/symmetric",
                     "true, but not all pairs of the same populations are connected with one delay; expected false");
  }
  if (!(projection.low < projection.high)) {
    throw InputError(place + "/low", fmt::format("{} is not below high, {}", number_text(projection.low),
                                                 number_text(projection.high)));
  }
}

void check_projection_counts(const NetworkSettings& network, const std::string& place) {
  std::size_t from_input = 0, from_bias = 0, to_output = 0, between = 0;
  for (const ProjectionSettings& projection : network.projections) {
    ++(contains(projection.from, InputSettings::population) ? from_input
       : contains(projection.from, bias_population)         ? from_bias
       : contains(projection.to, output_name)               ? to_output
                                                            : between);
  }
  const auto require_few = [&place](std::size_t count, const char* what) {
    if (count > most_projections) {
      throw InputError(place, fmt::format("{} are {}; at most {} are allowed", count, what, most_projections));
    }
  };
  require_few(from_input, "from \"input\"");
  require_few(from_bias, "from \"bias\"");
  require_few(between, "between populations");
  require_few(to_output, "to \"output\"");
}
// Symmetric and adaptive feedback mirror the readout's weights, so a neuron has at most one projection to the output.
void check_readouts_apart(const NetworkSettings& network, const std::string& place) {
  Words read;
  for (std::size_t i = 0; i < network.projections.size(); ++i) {
    if (!contains(network.projections[i].to, output_name)) continue;
    for (const std::string& name : network.projections[i].from) {
      if (std::find(read.begin(), read.end(), name) != read.end()) {
        throw InputError(fmt::format("{}/{}/from", place, i),
                         in_quotes(name) + " projects to \"output\" already; one projection is allowed");
      }
      read.push_back(name);
    }
  }
}

}  // namespace

void NetworkSettings::validate(const std::string& place) const {
  check_names(*this, place + "/populations");
  for (std::size_t i = 0; i < projections.size(); ++i) {
    check_projection(projections[i], *this, fmt::format("{}/projections/{}", place, i));
  }
  check_projection_counts(*this, place + "/projections");
  check_readouts_apart(*this, place + "/projections");
}
void SequencePredictionSettings::validate(const std::string& place) const {
  if (sequences.empty()) throw InputError(place + "/sequences", "empty; at least one sequence is needed");
  std::string elements;
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const std::string& sequence = sequences[s];
    const std::string here = fmt::format("{}/sequences/{}", place, s);
    if (sequence.size() < 2) throw InputError(here, in_quotes(sequence) + " is too short; expected 2 elements or more");
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      if (i > 0 && sequence[i] == sequence[i - 1]) {
        throw InputError(here, in_quotes(sequence) + " has an element that follows itself");
      }
      if (elements.find(sequence[i]) == std::string::npos) elements += sequence[i];
    }
  }
  if (elements.size() < 3) {
    throw InputError(place + "/sequences",
                     fmt::format("{} elements in all; with fewer than 3 there is nothing to choose", elements.size()));
  }
}

void EnergyRelaxationSettings::validate(const std::string& place) const {
  if (high < low) {
    throw InputError(place + "/high", fmt::format("{} is below low, {}", number_text(high), number_text(low)));
  }
  if (phases.empty()) throw InputError(place + "/phases", "empty; at least one phase is needed");
  for (std::size_t p = 0; p < phases.size(); ++p) {
    const std::string here = fmt::format("{}/phases/{}", place, p);
    if (phases[p].name.empty()) throw InputError(here + "/name", "empty; expected a name");
    if (phases[p].clamp && visible == 0) {
      throw InputError(here + "/clamp", fmt::format("true, but {}/visible is 0; expected 1 or more there", place));
    }
    for (std::size_t q = 0; q < p; ++q) {
      if (phases[q].name == phases[p].name) {
        throw InputError(here + "/name", fmt::format("{} is the name of phase {} too", in_quotes(phases[p].name), q));
      }
    }
  }
}

void LogicGateSettings::validate(const std::string& place) const {
  if (outputs.size() != 4) {
    throw InputError(place + "/outputs", fmt::format("{} values; expected 4, for 00, 10, 01, 11", outputs.size()));
  }
  if (std::count(outputs.begin(), outputs.end(), 1) % 4 == 0) {
    throw InputError(place + "/outputs", "all the same; expected a 0 and a 1");
  }
  if (teaching_time >= example_time) {
    throw InputError(place + "/teaching_time",
                     fmt::format("{} ms is not below example_time, {} ms", teaching_time, example_time));
  }
  if (rate_high <= rate_low) {
    throw InputError(place + "/rate_high", fmt::format("{} Hz is not above rate_low, {} Hz", rate_high, rate_low));
  }
}

void NoiseClassificationSettings::validate(const std::string& place) const {
  if (scored_steps <= steps) return;
  throw InputError(place + "/scored_steps",
                   fmt::format("{} of a trial of {} steps; expected no more than those", scored_steps, steps));
}

void PatternClassificationSettings::validate(const std::string& place) const {
  if (patterns.empty()) throw InputError(place + "/patterns", "empty; at least one pattern is needed");
  const std::size_t inputs = patterns.front().input.size();
  int most = 0;
  for (std::size_t p = 0; p < patterns.size(); ++p) {
    const std::string here = fmt::format("{}/patterns/{}/input", place, p);
    if (patterns[p].input.empty()) throw InputError(here, "empty; expected one number for each input channel");
    if (patterns[p].input.size() != inputs) {
      throw InputError(here, fmt::format("{} numbers; pattern 0 has {}", patterns[p].input.size(), inputs));
    }
    most = std::max(most, patterns[p].label);
  }
  if (most == 0) throw InputError(place + "/patterns", "label is 0 in all; expected two classes or more");
}

void TeacherRegressionSettings::validate(const std::string& place) const {
  constexpr double most = 1e8;
  double count = 0.0, below = inputs;
  for (const int size : hidden) count += below * size, below = size;
  count += below * outputs;
  if (count > most) {
    throw InputError(place + "/hidden",
                     fmt::format("the teacher has {:.0f} weights; at most {:.0f} are allowed", count, most));
  }
  if (window_steps <= steps) return;
  throw InputError(place + "/window_steps",
                   fmt::format("{} is more than the {} steps of a trial", window_steps, steps));
}

void EvidenceAccumulationSettings::validate(const std::string& place) const {
  if (cues % 2 == 0) throw InputError(place + "/cues", fmt::format("{} is even; expected an odd number", cues));
}

void PianoRollSettings::validate(const std::string& place) const {
  if (file.empty()) throw InputError(place + "/file", "missing; expected the name of a file");
}

void ImageClassificationSettings::validate(const std::string& place) const {
  const auto check_split = [&place](const ImageSplit& split, std::string_view key, bool needed) {
    if (!needed && split.images.empty() && split.labels.empty()) return;
    const char* const missing = split.images.empty() ? "images" : split.labels.empty() ? "labels" : nullptr;
    if (missing) throw InputError(fmt::format("{}/{}/{}", place, key, missing), "missing; expected the name of a file");
  };
  check_split(train, "train", true);
  check_split(valid, "valid", false);
  check_split(test, "test", false);
}

void EventClassificationSettings::validate(const std::string& place) const {
  if (train.file.empty()) throw InputError(place + "/train/file", "missing; expected the name of a file");
}

void AudioClassificationSettings::validate(const std::string& place) const {
  if (train.file.empty()) throw InputError(place + "/train/file", "missing; expected the name of a file");
  if (low < high) return;
  throw InputError(place + "/low", fmt::format("{} Hz is not below /high, {} Hz", low, high));
}

void RecordedSettings::validate(const std::string& place) const {
  const auto check_split = [&place](const RecordedSplit& split, std::string_view key, bool needed) {
    const bool given = !split.input.empty() || !split.target.empty() || !split.length.empty();
    if (!needed && !given) return;
    const char* const missing = split.input.empty() ? "input" : split.target.empty() ? "target" : nullptr;
    if (missing) throw InputError(fmt::format("{}/{}/{}", place, key, missing), "missing; expected the name of a file");
  };
  check_split(train, "train", true);
  check_split(valid, "valid", false);
  check_split(test, "test", false);
  if (loss == LossKind::softmax && classes < 2) {
    throw InputError(place + "/classes",
                     fmt::format("{} is too few for the loss softmax; expected 2 or more", classes));
  }
  if (encoding == Encoding::automatic) {
    throw InputError(place + "/encoding",
                     "recorded data do not say what they are; expected current bernoulli poisson "
                     "or events");
  }
}
}  // namespace spikeweave
