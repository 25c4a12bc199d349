// Arrays that a user hands to a task by name: "file.npy", "file.npy.gz" or "file.h5:/group/data_set" (also .hdf5).
#pragma once

#include <string>

#include "host/record/array.hpp"

namespace spikeweave {

// T: float, std::int32_t, std::uint8_t. Converts by the rule in array.hpp.
// Throws InputError: another form of name, and what read_npy and Hdf5File throw.
template <class T = float>
Array<T> read_array(const std::string& spec);

}  // namespace spikeweave
