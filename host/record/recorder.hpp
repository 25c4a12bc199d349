// Records trials for people to look at: spikes, inputs, outputs, targets and states. docs/recording.md describes the
// file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/record/hdf5_file.hpp"
#include "spikeweave/config/experiment.hpp"
#include "spikeweave/network/network.hpp"
#include "spikeweave/train/simulator.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave {

// One trace for each of settings.states and each population that has it, of its first settings.neurons neurons.
// Throws InputError at /recording/states/N for a name that no population has.
std::vector<StateTrace> state_traces(const Network& network, const RecordingSettings& settings);

// A new recording with what holds for the whole run; replaces what is at path.
template <class Real>
Hdf5File create_recording(const std::string& path, const Trainer<Real>& trainer, const Experiment& experiment);

// Runs the first experiment.recording.trials trials of the test split (without one: of validation, else of training)
// with the current parameters and writes them below /epoch_<epoch>. The run itself goes on as if this had not happened.
// An epoch is recorded once; a second time is an Error.
template <class Real>
void record_trials(Hdf5File& file, Trainer<Real>& trainer, const Experiment& experiment, std::uint64_t epoch);

}  // namespace spikeweave
