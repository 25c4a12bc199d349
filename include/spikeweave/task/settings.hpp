// The settings of every task. Adding one: its struct here, its name in TaskSettings, its file in host/task/, its line
// in make_task().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "spikeweave/core/choice.hpp"
#include "spikeweave/task/audio_settings.hpp"
#include "spikeweave/task/dynamics_settings.hpp"
#include "spikeweave/task/evaluation_trials.hpp"
#include "spikeweave/task/event_settings.hpp"
#include "spikeweave/task/image_settings.hpp"
#include "spikeweave/task/pattern_settings.hpp"
#include "spikeweave/task/task.hpp"
#include "spikeweave/task/teacher_settings.hpp"

namespace spikeweave {

struct PatternGenerationSettings {
  static constexpr std::string_view name = "pattern_generation";
  static constexpr std::string_view summary = "Produce a sum of sines from a frozen random spike pattern.";
  static constexpr std::string_view source =
      "Bellec et al. 2020, Nat. Commun. 11:3625, Supplement; NEST's e-prop tutorials";

  int inputs = 100;
  int outputs = 1;
  int steps = 1000;
  double input_probability = 0.05;
  std::vector<double> periods{1000, 500, 333, 200};
  int pattern_seed = 1;

  static constexpr auto fields() {
    using Self = PatternGenerationSettings;
    return std::tuple{
        field("inputs", &Self::inputs, "channels", closed(1, 1e6), "Input channels."),
        field("outputs", &Self::outputs, "", closed(1, 1e4), "Outputs, each with a target of its own."),
        field("steps", &Self::steps, "steps", closed(1, 1e6), "Length of the trial."),
        field("input_probability", &Self::input_probability, "1/step", probability,
              "Probability of an input spike in the frozen pattern; the first step is silent."),
        field("periods", &Self::periods, "steps", positive, "Periods of the sines; whole cycles fit the trial."),
        field("pattern_seed", &Self::pattern_seed, "", closed(0, 2147483647), "Seed of the pattern and the target."),
    };
  }
};

struct EvidenceAccumulationSettings {
  static constexpr std::string_view name = "evidence_accumulation";
  static constexpr std::string_view summary = "Tell after a delay on which side more cues were shown.";
  static constexpr std::string_view source = "Bellec et al. 2020, Nat. Commun. 11:3625, Fig. 3; Morcos & Harvey 2016";

  int cues = 7;
  int cue_steps = 100;
  int pause_steps = 50;
  int delay_steps = 1050;
  int recall_steps = 150;
  int group_size = 10;
  double favoured_probability = 0.7;
  double cue_rate = 40.0;
  double noise_rate = 10.0;
  EvaluationTrials evaluation{};

  static constexpr auto fields() {
    using Self = EvidenceAccumulationSettings;
    return std::tuple{
        field("cues", &Self::cues, "", closed(1, 1000), "Number of cues; odd, so that there is a majority."),
        field("cue_steps", &Self::cue_steps, "steps", closed(1, 1e6), "Length of a cue."),
        field("pause_steps", &Self::pause_steps, "steps", closed(0, 1e6), "Silence before each cue."),
        field("delay_steps", &Self::delay_steps, "steps", closed(0, 1e6), "Time between last cue and recall."),
        field("recall_steps", &Self::recall_steps, "steps", closed(1, 1e6), "Length of recall, the scored window."),
        field("group_size", &Self::group_size, "channels", closed(1, 1e6),
              "Channels of each of the four groups left, right, recall, noise."),
        field("favoured_probability", &Self::favoured_probability, "", probability,
              "Probability that a cue is on the trial's side."),
        field("cue_rate", &Self::cue_rate, "Hz", non_negative, "Rate of a group while it is on."),
        field("noise_rate", &Self::noise_rate, "Hz", non_negative, "Rate of the noise group, always on."),
        field("evaluation", &Self::evaluation, "Sizes of the splits for evaluation."),
    };
  }
  void validate(const std::string& place) const;
};

struct StoreRecallSettings {
  static constexpr std::string_view name = "store_recall";
  static constexpr std::string_view summary = "Remember the value shown with a store command until a recall command.";
  static constexpr std::string_view source = "after Bellec et al. 2018, NeurIPS 31";

  int slots = 12;
  int slot_steps = 100;
  int group_size = 10;
  double rate = 50.0;
  double store_probability = 1.0 / 6.0;
  double recall_probability = 1.0 / 6.0;
  EvaluationTrials evaluation{};

  static constexpr auto fields() {
    using Self = StoreRecallSettings;
    return std::tuple{
        field("slots", &Self::slots, "", closed(2, 1e5), "Time slots of a trial; the first one stores."),
        field("slot_steps", &Self::slot_steps, "steps", closed(1, 1e6), "Length of a slot."),
        field("group_size", &Self::group_size, "channels", closed(1, 1e6),
              "Channels of each of the four groups value 0, value 1, store, recall."),
        field("rate", &Self::rate, "Hz", non_negative, "Rate of a group while it is on."),
        field("store_probability", &Self::store_probability, "", probability, "Probability that a later slot stores."),
        field("recall_probability", &Self::recall_probability, "", probability, "Else, probability that it recalls."),
        field("evaluation", &Self::evaluation, "Sizes of the splits for evaluation."),
    };
  }
};

enum class ElementPattern { bernoulli, frozen };
template <>
struct EnumNames<ElementPattern> {
  static constexpr std::array<std::string_view, 2> names{"bernoulli", "frozen"};
};

enum class SequenceReadout { none, next_element };
template <>
struct EnumNames<SequenceReadout> {
  static constexpr std::array<std::string_view, 2> names{"none", "next_element"};
};

struct SequencePredictionSettings {
  static constexpr std::string_view name = "sequence_prediction";
  static constexpr std::string_view summary = "Tell the next element of a sequence of spike patterns from its start.";
  static constexpr std::string_view source = "own definition, docs/stdp-from-eprop.md; after Alonso, Wang & Teeter";

  std::vector<std::string> sequences{"ABCD"};
  int group_size = 20;
  int element_steps = 20;
  int silence_steps = 60;
  double on_probability = 0.08;
  double background_probability = 0.005;
  ElementPattern pattern = ElementPattern::bernoulli;
  double jitter = 0.0;
  int pattern_seed = 1;
  SequenceReadout readout = SequenceReadout::none;
  EvaluationTrials evaluation{};

  static constexpr auto fields() {
    using Self = SequencePredictionSettings;
    return std::tuple{
        field(
            "sequences", &Self::sequences,
            "Sequences, each a word whose letters are the elements; they may share elements. Every letter has a group "
            "of neurons, in the order of first appearance: the first neurons of the network."),
        field("group_size", &Self::group_size, "neurons", closed(1, 1e6), "Neurons of an element's group."),
        field("element_steps", &Self::element_steps, "steps", closed(1, 1e6), "Length of an element."),
        field("silence_steps", &Self::silence_steps, "steps", closed(0, 1e6), "Silence after a training sequence."),
        field("on_probability", &Self::on_probability, "1/step", probability,
              "Probability that a neuron of the shown element's group is made to fire."),
        field("background_probability", &Self::background_probability, "1/step", probability,
              "Probability that any neuron of the groups is made to fire, shown or not."),
        field("pattern", &Self::pattern,
              "bernoulli: an element's spikes are drawn anew at every showing; frozen: drawn once for each element."),
        field("jitter", &Self::jitter, "steps", non_negative,
              "frozen: standard deviation by which each spike is moved; what leaves the element's window is lost."),
        field("pattern_seed", &Self::pattern_seed, "", closed(0, 2147483647), "frozen: seed of the patterns."),
        field("readout", &Self::readout,
              "none: the answer is read from the voltages; next_element: outputs learn the next element (softmax)."),
        field("evaluation", &Self::evaluation, "Sizes of the splits for evaluation."),
    };
  }
  bool has_inputs() const { return false; }
  bool has_outputs() const { return readout != SequenceReadout::none; }
  void validate(const std::string& place) const;
};

struct FrameClassificationSettings {
  static constexpr std::string_view name = "frame_classification";
  static constexpr std::string_view summary = "Tell the class of every frame of a noisy feature sequence.";
  static constexpr std::string_view source = "stand-in for TIMIT phones, Bellec et al. 2020, Fig. 2";

  int classes = 8;
  int features = 12;
  int frames = 60;
  int frame_steps = 10;
  double change_probability = 0.125;
  double drift_frequency = 0.6;
  double feature_scale = 0.8;
  double noise = 1.5;
  int pattern_seed = 1;
  EvaluationTrials evaluation{};

  static constexpr auto fields() {
    using Self = FrameClassificationSettings;
    return std::tuple{
        field("classes", &Self::classes, "", closed(2, 1e4), "Number of classes."),
        field("features", &Self::features, "channels", closed(1, 1e6), "Features of a frame, given as currents."),
        field("frames", &Self::frames, "", closed(1, 1e6), "Frames of a trial."),
        field("frame_steps", &Self::frame_steps, "steps", closed(1, 1e5), "Length of a frame."),
        field("change_probability", &Self::change_probability, "1/frame", probability,
              "Probability that the class changes to another one."),
        field("drift_frequency", &Self::drift_frequency, "rad/frame", any_value,
              "A frame of class c and age n is M_c + D_c cos(drift_frequency n) + noise."),
        field("feature_scale", &Self::feature_scale, "", non_negative, "Standard deviation of M and D."),
        field("noise", &Self::noise, "", non_negative, "Standard deviation of the noise."),
        field("pattern_seed", &Self::pattern_seed, "", closed(0, 2147483647), "Seed of M and D."),
        field("evaluation", &Self::evaluation, "Sizes of the splits for evaluation."),
    };
  }
};

struct PianoRollSettings {
  static constexpr std::string_view name = "piano_roll";
  static constexpr std::string_view summary = "Predict the next frame of a piano roll.";
  static constexpr std::string_view source = "Boulanger-Lewandowski, Bengio & Vincent 2012, ICML";

  std::string file;
  int frame_steps = 5;
  double current = 1.0;

  static constexpr auto fields() {
    using Self = PianoRollSettings;
    return std::tuple{
        field(
            "file", &Self::file,
            "MATLAB file with traindata, validdata, testdata (T x 88), or JSON with train, valid, test (lists of MIDI "
            "pitches), .gz allowed; relative to the experiment file."),
        field("frame_steps", &Self::frame_steps, "steps", closed(1, 1000), "Simulation steps per frame."),
        field("current", &Self::current, "", any_value, "Input of a sounding note in every step of its frame."),
    };
  }
  void validate(const std::string& place) const;
};

// The user's own arrays. One file may hold several: x.h5:/train/input.
struct RecordedSplit {
  std::string input;
  std::string target;
  std::string length;

  static constexpr auto fields() {
    using Self = RecordedSplit;
    return std::tuple{
        field("input", &Self::input, "[trials, frames, channels]; x.npy, x.npy.gz or x.h5:/data/set."),
        field("target", &Self::target,
              "[trials, frames, outputs] real, or [trials] or [trials, frames] classes (softmax; -1: not scored)."),
        field("length", &Self::length, "[trials] frames of each trial; without it all have the same length."),
    };
  }
};

struct RecordedSettings {
  static constexpr std::string_view name = "recorded";
  static constexpr std::string_view summary = "Inputs and targets from the user's HDF5 or NPY files.";
  static constexpr std::string_view source = "-";

  RecordedSplit train{}, valid{}, test{};
  int frame_steps = 1;
  LossKind loss = LossKind::squared_error;
  int classes = 0;
  Encoding encoding = Encoding::current;
  int window_steps = 0;

  static constexpr auto fields() {
    using Self = RecordedSettings;
    return std::tuple{
        field("train", &Self::train, "Training split."),
        field("valid", &Self::valid, "Validation split; may be empty."),
        field("test", &Self::test, "Test split; may be empty."),
        field("frame_steps", &Self::frame_steps, "steps", closed(1, 1e6), "Simulation steps per frame of the input."),
        field("loss", &Self::loss, "Loss of the outputs."),
        field("classes", &Self::classes, "", closed(0, 1e6), "softmax: number of classes."),
        field("encoding", &Self::encoding, "What the input is: currents, probabilities, expected counts, or events."),
        field("window_steps", &Self::window_steps, "steps", closed(0, 1e9),
              "One class per trial: length of the scored window at the trial's end; 0: the whole trial."),
    };
  }
  void validate(const std::string& place) const;
};

struct NoiseClassificationSettings {
  static constexpr std::string_view name = "noise_classification";
  static constexpr std::string_view summary = "Random spikes of any size and random classes: for measuring speed.";
  static constexpr std::string_view source = "own; sizes as of the Spiking Heidelberg Digits by default";

  int inputs = 700;
  int classes = 20;
  int steps = 1000;
  double rate = 10.0;
  int scored_steps = 1000;

  static constexpr bool is_endless = true;
  static constexpr auto fields() {
    using Self = NoiseClassificationSettings;
    return std::tuple{
        field("inputs", &Self::inputs, "channels", closed(1, 1e8), "Input channels."),
        field("classes", &Self::classes, "", closed(1, 1e6), "Classes, and outputs."),
        field("steps", &Self::steps, "steps", closed(1, 1e9), "Length of a trial."),
        field("rate", &Self::rate, "Hz", non_negative, "Rate of every channel; at most one spike in a step."),
        field("scored_steps", &Self::scored_steps, "steps", closed(1, 1e9), "The last so many steps are scored."),
    };
  }
  void validate(const std::string& place) const;
};

using TaskSettings =
    Choice<"type", PianoRollSettings, PatternGenerationSettings, EvidenceAccumulationSettings, StoreRecallSettings,
           SequencePredictionSettings, FrameClassificationSettings, RecordedSettings, BackgroundSettings,
           RewardedPairingSettings, EnergyRelaxationSettings, NoiseClassificationSettings, ImageClassificationSettings,
           EventClassificationSettings, AudioClassificationSettings, PatternClassificationSettings, LogicGateSettings,
           TeacherRegressionSettings>;

// seed: of the experiment. directory: where relative file names start. dt [ms].
std::unique_ptr<Task> make_task(const TaskSettings& settings, std::uint64_t seed, const std::string& directory,
                                double dt);

}  // namespace spikeweave
