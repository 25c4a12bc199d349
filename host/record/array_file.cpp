#include "host/record/array_file.hpp"

#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "host/record/hdf5_file.hpp"
#include "host/record/npy_file.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {

template <class T>
Array<T> read_array(const std::string& spec) {
  if (spec.ends_with(".npy") || spec.ends_with(".npy.gz")) return read_npy<T>(spec);
  for (const std::string ending : {".h5", ".hdf5"}) {
    if (spec.ends_with(ending)) {
      const Hdf5File file = Hdf5File::open_read(spec);
      throw InputError(
          spec, fmt::format("name the data set, {}:/NAME; the file holds {}", spec, fmt::join(file.list(), " ")));
    }
    const std::size_t colon = spec.rfind(ending + ":/");
    if (colon == std::string::npos) continue;
    const std::size_t file_length = colon + ending.size();
    return Hdf5File::open_read(spec.substr(0, file_length)).read<T>(spec.substr(file_length + 1));
  }
  throw InputError(spec, "not the name of an array; allowed are FILE.npy, FILE.npy.gz and FILE.h5:/GROUP/DATA_SET");
}

template Array<float> read_array<float>(const std::string&);
template Array<std::int32_t> read_array<std::int32_t>(const std::string&);
template Array<std::uint8_t> read_array<std::uint8_t>(const std::string&);

}  // namespace spikeweave
