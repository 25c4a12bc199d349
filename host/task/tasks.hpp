// The tasks, one factory and one file each. make_task() picks one; tests call them directly.
//
// Settings are taken as the reader left them, in range and validated. seed: of the experiment. dt [ms].
// Throws InputError, named from "/task": settings that do not go together, data that does not fit.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "spikeweave/task/settings.hpp"

namespace spikeweave {

std::unique_ptr<Task> make_pattern_generation(const PatternGenerationSettings& settings);
std::unique_ptr<Task> make_evidence_accumulation(const EvidenceAccumulationSettings& settings, std::uint64_t seed,
                                                 double dt);
std::unique_ptr<Task> make_store_recall(const StoreRecallSettings& settings, std::uint64_t seed, double dt);
std::unique_ptr<Task> make_sequence_prediction(const SequencePredictionSettings& settings, std::uint64_t seed);
std::unique_ptr<Task> make_frame_classification(const FrameClassificationSettings& settings, std::uint64_t seed);
std::unique_ptr<Task> make_piano_roll(const PianoRollSettings& settings, const std::string& directory);
std::unique_ptr<Task> make_background(const BackgroundSettings& settings, double dt);
std::unique_ptr<Task> make_rewarded_pairing(const RewardedPairingSettings& settings, std::uint64_t seed, double dt);
std::unique_ptr<Task> make_energy_relaxation(const EnergyRelaxationSettings& settings);
std::unique_ptr<Task> make_noise_classification(const NoiseClassificationSettings& settings, std::uint64_t seed,
                                                double dt);
std::unique_ptr<Task> make_image_classification(const ImageClassificationSettings& settings,
                                                const std::string& directory);
std::unique_ptr<Task> make_event_classification(const EventClassificationSettings& settings,
                                                const std::string& directory, double dt);
std::unique_ptr<Task> make_audio_classification(const AudioClassificationSettings& settings,
                                                const std::string& directory, double dt);
std::unique_ptr<Task> make_pattern_classification(const PatternClassificationSettings& settings);
std::unique_ptr<Task> make_logic_gate(const LogicGateSettings& settings, double dt);
std::unique_ptr<Task> make_teacher_regression(const TeacherRegressionSettings& settings, std::uint64_t seed);
std::unique_ptr<Task> make_recorded(const RecordedSettings& settings, const std::string& directory);

}  // namespace spikeweave
