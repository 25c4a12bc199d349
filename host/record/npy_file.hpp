// NumPy .npy files, versions 1.0 and 2.0, plain or gzip'ed.
//
// Source: NumPy, numpy/lib/format.py, "A simple format for saving numpy arrays to disk".
// Read: C and Fortran order; little-endian float32/64, int8..64, uint8..64, bool (as 0 and 1).
// Written: version 1.0, C order.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "host/record/array.hpp"

namespace spikeweave {

// T: any of the numeric types above. Converts by the rule in array.hpp; the result is row-major whatever the file
// holds. Throws InputError: cannot be read, malformed header, element type not in the list, early end, bytes after the
// data.
template <class T>
Array<T> read_npy(const std::string& path);

// Replaces the file as a whole (atomic_file.hpp); a name that ends in .gz is compressed.
template <class T>
void write_npy(const std::string& path, std::span<const T> values, const std::vector<std::size_t>& shape);

}  // namespace spikeweave
