// Rows of Hdf5File that are lists of different lengths.
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <hdf5.h>

#include "host/record/hdf5_state.hpp"

namespace spikeweave {

bool Hdf5File::may_be_shared_by_threads() {
  hbool_t is_safe = false;
  return H5is_library_threadsafe(&is_safe) >= 0 && is_safe;
}

template <class T>
std::vector<T> Hdf5File::read_list(const std::string& name, std::size_t row) const {
  const Hdf5Quiet quiet;
  const State& state = open_state();
  const std::string path = normal_name(name);
  const Hdf5Handle data_set = state.data_set(path);
  const std::vector<std::size_t> shape = state.shape(data_set.id(), path);
  const Hdf5Handle stored = state.checked(H5Dget_type(data_set.id()), H5Tclose, path, "cannot read the type");
  if (shape.size() != 1 || H5Tget_class(stored.id()) != H5T_VLEN) {
    throw InputError(state.place(path), "expected one dimension of lists (variable-length elements)");
  }
  SW_EXPECTS(row < shape[0], state.place(path) + ": a row that it does not have");
  const Hdf5Handle type = state.checked(H5Tvlen_create(hdf5_memory_type<T>()), H5Tclose, path, "cannot read");
  const Hdf5Handle file_space = state.checked(H5Dget_space(data_set.id()), H5Sclose, path, "cannot read");
  const hsize_t start = row, one = 1;
  state.check(H5Sselect_hyperslab(file_space.id(), H5S_SELECT_SET, &start, nullptr, &one, nullptr), path,
              "cannot read");
  const Hdf5Handle memory_space = state.checked(H5Screate_simple(1, &one, nullptr), H5Sclose, path, "cannot read");
  hvl_t list{};
  state.check(H5Dread(data_set.id(), type.id(), memory_space.id(), file_space.id(), H5P_DEFAULT, &list), path,
              "cannot read");
  const T* const first = static_cast<const T*>(list.p);
  std::vector<T> values(first, first + list.len);
  state.check(H5Dvlen_reclaim(type.id(), memory_space.id(), H5P_DEFAULT, &list), path, "cannot read");
  return values;
}
template std::vector<float> Hdf5File::read_list(const std::string&, std::size_t) const;
template std::vector<std::uint32_t> Hdf5File::read_list(const std::string&, std::size_t) const;

}  // namespace spikeweave
