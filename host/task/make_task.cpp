#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "host/task/tasks.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {

std::unique_ptr<Task> make_task(const TaskSettings& settings, std::uint64_t seed, const std::string& directory,
                                double dt) {
  struct Maker {
    std::uint64_t seed;
    const std::string& directory;
    double dt;

    std::unique_ptr<Task> operator()(const PianoRollSettings& s) const { return make_piano_roll(s, directory); }
    std::unique_ptr<Task> operator()(const PatternGenerationSettings& s) const { return make_pattern_generation(s); }
    std::unique_ptr<Task> operator()(const EvidenceAccumulationSettings& s) const {
      return make_evidence_accumulation(s, seed, dt);
    }
    std::unique_ptr<Task> operator()(const StoreRecallSettings& s) const { return make_store_recall(s, seed, dt); }
    std::unique_ptr<Task> operator()(const SequencePredictionSettings& s) const {
      return make_sequence_prediction(s, seed);
    }
    std::unique_ptr<Task> operator()(const FrameClassificationSettings& s) const {
      return make_frame_classification(s, seed);
    }
    std::unique_ptr<Task> operator()(const BackgroundSettings& s) const { return make_background(s, dt); }
    std::unique_ptr<Task> operator()(const RewardedPairingSettings& s) const {
      return make_rewarded_pairing(s, seed, dt);
    }
    std::unique_ptr<Task> operator()(const EnergyRelaxationSettings& s) const { return make_energy_relaxation(s); }
    std::unique_ptr<Task> operator()(const NoiseClassificationSettings& s) const {
      return make_noise_classification(s, seed, dt);
    }
    std::unique_ptr<Task> operator()(const ImageClassificationSettings& s) const {
      return make_image_classification(s, directory);
    }
    std::unique_ptr<Task> operator()(const EventClassificationSettings& s) const {
      return make_event_classification(s, directory, dt);
    }
    std::unique_ptr<Task> operator()(const AudioClassificationSettings& s) const {
      return make_audio_classification(s, directory, dt);
    }
    std::unique_ptr<Task> operator()(const PatternClassificationSettings& s) const {
      return make_pattern_classification(s);
    }
    std::unique_ptr<Task> operator()(const LogicGateSettings& s) const { return make_logic_gate(s, dt); }
    std::unique_ptr<Task> operator()(const TeacherRegressionSettings& s) const {
      return make_teacher_regression(s, seed);
    }
    std::unique_ptr<Task> operator()(const RecordedSettings& s) const { return make_recorded(s, directory); }
  };

  std::unique_ptr<Task> task = settings.visit(Maker{seed, directory, dt});
  constexpr auto limit = std::numeric_limits<std::int32_t>::max();  // TrialBatch::length
  const std::size_t steps = task->shape().max_steps;
  if (steps > static_cast<std::size_t>(limit)) {
    throw InputError("/task", fmt::format("a trial of {} steps; at most {} are allowed", steps, limit));
  }
  return task;
}

}  // namespace spikeweave
