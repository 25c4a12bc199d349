// Piano rolls, and their JSON form: {"train": [...], "valid": [...], "test": [...]}, each a list of sequences, a
// sequence a list of steps, a step a list of the MIDI pitches that sound. Indices in errors count from 0.
//
// Source of the form: czhuang/JSB-Chorales-dataset, jsb-chorales-quarter.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace spikeweave {

struct PianoRolls {
  static constexpr std::size_t width = 88;  // keys of a piano
  static constexpr int lowest_pitch = 21;   // MIDI pitch of column 0; the highest is 108

  struct Split {
    std::vector<std::vector<std::uint8_t>> sequences;  // each [steps, width] row-major, 0 or 1; never empty
  };
  Split train;
  Split valid;
  Split test;
};

// The file may be gzip'ed. A pitch may stand twice in a step (two voices in unison) and may be written 60.0.
// Throws InputError: not JSON, another structure, a sequence without steps, a pitch outside [21, 108].
PianoRolls read_piano_roll_json(const std::string& path);

}  // namespace spikeweave
