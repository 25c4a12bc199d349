// The file from which a stopped run goes on, bit for bit.
//
// HDF5, then one line of text with the CRC-32 of all bytes before it: a file that is cut or damaged is told from a good
// one before HDF5 reads it. Real is the precision of the run, n the number of parameters.
//   attribute version                  2; another number is not read
//   attribute precision                float32, float64: the element type of the arrays
//   /parameters /first_moment /second_moment /average     [n] Real
//   /feedback                          [outputs * neurons] Real
//   /best_parameters                   [n] Real, or [0] before the first evaluation
//   /carried                           [any] uint8, what goes on from trial to trial where /training/carry_state is on
//   /epoch /batch_count /update_count /best_epoch   uint64
//   /best_score /running_metric        float64
//   /experiment                        [bytes] uint8: JSON text, every effective setting
//   /result                            [bytes] uint8: JSON text as in result_json.hpp; infinity comes back as NaN
#pragma once

#include <string>

#include "spikeweave/config/experiment.hpp"
#include "spikeweave/train/trainer.hpp"

namespace spikeweave {

// Replaces the file at path as a whole, see atomic_file.hpp. The snapshot has to be from before Trainer::finish(),
// which replaces the parameters by the best ones.
template <class Real>
void save_checkpoint(const std::string& path, const TrainerSnapshot<Real>& snapshot, const Experiment& experiment);

// experiment: of the run that is to go on. It may differ from the stored one in /title, /training/epochs, /recording,
// /checkpoint and /published.
// Throws InputError, which names path: missing, damaged, of another version or precision, of another experiment (then
// with the JSON pointer of the first setting that differs, and both values).
template <class Real>
TrainerSnapshot<Real> load_checkpoint(const std::string& path, const Experiment& experiment);

}  // namespace spikeweave
