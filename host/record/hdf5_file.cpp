#include "host/record/hdf5_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <hdf5.h>

#include "host/record/hdf5_library.hpp"
#include "host/record/hdf5_state.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {

Hdf5File::Hdf5File(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&&) noexcept = default;
Hdf5File::~Hdf5File() {
  const Hdf5Quiet quiet;
  state_.reset();
}

Hdf5File::State& Hdf5File::open_state() const {
  if (!state_) throw Error("an HDF5 file is used after close()");
  return *state_;
}

namespace {

// HDF5 1.10 crashes in its exit handler after a file could not be flushed (disk full), and takes the exit status with
// it. Hdf5File closes what it opens, so the handler has nothing to do here.
void leave_out_exit_handler() {
  [[maybe_unused]] static const herr_t once = H5dont_atexit();
}

}  // namespace

Hdf5File Hdf5File::create(const std::string& path) {
  leave_out_exit_handler();
  const Hdf5Quiet quiet;
  auto state = std::make_unique<State>();
  state->path = path;
  state->writable = true;
  state->file = state->checked(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), H5Fclose, "/",
                               "cannot create the file");
  return Hdf5File(std::move(state));
}

Hdf5File Hdf5File::open_read(const std::string& path) {
  leave_out_exit_handler();
  const Hdf5Quiet quiet;
  errno = 0;
  if (std::ifstream probe(path, std::ios::binary); !probe || probe.peek() == std::ifstream::traits_type::eof()) {
    const int number = errno;
    throw InputError(path,
                     number != 0 ? "cannot open: " + std::generic_category().message(number) : "the file is empty");
  }
  if (H5Fis_hdf5(path.c_str()) <= 0) throw InputError(path, "not an HDF5 file: it has no HDF5 signature");
  auto state = std::make_unique<State>();
  state->path = path;
  state->file =
      state->checked(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose, "/", "cannot open the file");
  return Hdf5File(std::move(state));
}

template <class T>
void Hdf5File::write(const std::string& name, std::span<const T> values, const std::vector<std::size_t>& shape,
                     const Attributes& attributes) {
  const Hdf5Quiet quiet;
  const State& state = open_state();
  const std::string path = normal_name(name);
  state.require_writable(path);
  SW_EXPECTS(element_count(shape) == values.size(),
             state.place(path) + ": shape " + shape_text(shape) + " does not fit the values");
  const std::vector<hsize_t> extent(shape.begin(), shape.end());
  const hid_t space_id = extent.empty() ? H5Screate(H5S_SCALAR)
                                        : H5Screate_simple(static_cast<int>(extent.size()), extent.data(), nullptr);
  const Hdf5Handle space = state.checked(space_id, H5Sclose, path, "cannot create");
  const hid_t type = hdf5_memory_type<T>();
  const Hdf5Handle data_set = state.new_data_set(path, type, space, H5P_DEFAULT);
  if (!values.empty()) {
    state.check(H5Dwrite(data_set.id(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), path, "cannot write");
  }
  for (const auto& [key, value] : attributes) state.write_attribute(data_set.id(), path, key, value);
}

Hdf5File::State::Growing Hdf5File::State::new_growing(const std::string& name, hid_t type,
                                                      const std::vector<std::size_t>& row_shape) const {
  constexpr std::size_t chunk_bytes = std::size_t{1}
                                      << 18;  // a quarter of HDF5's chunk cache, so an open chunk stays there
  std::vector<hsize_t> extent{0};
  extent.insert(extent.end(), row_shape.begin(), row_shape.end());
  std::vector<hsize_t> limit = extent;
  limit[0] = H5S_UNLIMITED;
  std::vector<hsize_t> chunk = extent;
  const std::size_t row_bytes = element_count(row_shape).value_or(1) * H5Tget_size(type);
  chunk[0] = std::max<std::size_t>(1, chunk_bytes / row_bytes);
  const Hdf5Handle space = checked(H5Screate_simple(static_cast<int>(extent.size()), extent.data(), limit.data()),
                                   H5Sclose, name, "cannot create");
  const Hdf5Handle creation = checked(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, name, "cannot create");
  check(H5Pset_chunk(creation.id(), static_cast<int>(chunk.size()), chunk.data()), name, "cannot create");
  check(H5Pset_shuffle(creation.id()), name, "cannot create");
  check(H5Pset_deflate(creation.id(), 4), name, "cannot create");
  return {new_data_set(name, type, space, creation.id()), type, extent};
}

void Hdf5File::State::add_rows(const std::string& name, Growing& grown, std::size_t row_count,
                               const void* values) const {
  if (row_count == 0) return;
  std::vector<hsize_t> start(grown.extent.size(), 0);
  std::vector<hsize_t> block = grown.extent;
  start[0] = grown.extent[0];
  block[0] = row_count;
  std::vector<hsize_t> extent = grown.extent;
  extent[0] += row_count;
  check(H5Dset_extent(grown.data_set.id(), extent.data()), name, "cannot grow");
  const Hdf5Handle file_space = checked(H5Dget_space(grown.data_set.id()), H5Sclose, name, "cannot grow");
  check(H5Sselect_hyperslab(file_space.id(), H5S_SELECT_SET, start.data(), nullptr, block.data(), nullptr), name,
        "cannot grow");
  const Hdf5Handle rows =
      checked(H5Screate_simple(static_cast<int>(block.size()), block.data(), nullptr), H5Sclose, name, "cannot grow");
  check(H5Dwrite(grown.data_set.id(), grown.type, rows.id(), file_space.id(), H5P_DEFAULT, values), name,
        "cannot write");
  grown.extent = std::move(extent);
}

template <class T>
void Hdf5File::append(const std::string& name, std::span<const T> values, const std::vector<std::size_t>& row_shape,
                      const Attributes& attributes) {
  const Hdf5Quiet quiet;
  State& state = open_state();
  const std::string path = normal_name(name);
  state.require_writable(path);
  const std::size_t row_size = element_count(row_shape).value_or(0);
  SW_EXPECTS(row_size > 0 && values.size() % row_size == 0, state.place(path) + ": " + std::to_string(values.size()) +
                                                                " values are no whole rows of shape " +
                                                                shape_text(row_shape));
  auto entry = state.growing.find(path);
  if (entry == state.growing.end()) {
    entry = state.growing.emplace(path, state.new_growing(path, hdf5_memory_type<T>(), row_shape)).first;
    for (const auto& [key, value] : attributes) state.write_attribute(entry->second.data_set.id(), path, key, value);
  }
  State::Growing& grown = entry->second;
  if (grown.type != hdf5_memory_type<T>() ||
      !std::equal(row_shape.begin(), row_shape.end(), grown.extent.begin() + 1, grown.extent.end())) {
    throw Error(state.place(path) + ": rows of another type or shape than the first, now " + element_type_name<T>() +
                " " + shape_text(row_shape));
  }
  state.add_rows(path, grown, values.size() / row_size, values.data());
}

template <class T>
Array<T> Hdf5File::read(const std::string& name) const {
  const Hdf5Quiet quiet;
  const State& state = open_state();
  const std::string path = normal_name(name);
  const Hdf5Handle data_set = state.data_set(path);
  Array<T> result{state.shape(data_set.id(), path), {}};
  const Hdf5Handle stored = state.checked(H5Dget_type(data_set.id()), H5Tclose, path, "cannot read the type");
  const Hdf5Handle native =
      state.checked(H5Tget_native_type(stored.id(), H5T_DIR_DEFAULT), H5Tclose, path, "cannot read the type");
  with_hdf5_element_type(native.id(), state.place(path), [&]<class From>(From) {
    try {
      const std::optional<std::size_t> count = element_count(result.shape);
      if (!count) throw std::length_error("shape");
      std::vector<From> values(*count);
      if (!values.empty()) {
        state.check(H5Dread(data_set.id(), native.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), path,
                    "cannot read");
      }
      if constexpr (std::is_same_v<T, From>) {
        result.values = std::move(values);
      } else {
        append_converted<T, From>(values, state.place(path), result.values);
      }
    } catch (const std::length_error&) {
      throw InputError(state.place(path), "shape " + shape_text(result.shape) + " has too many elements");
    } catch (const std::bad_alloc&) {
      throw InputError(state.place(path), "shape " + shape_text(result.shape) + " does not fit in memory");
    }
  });
  return result;
}

std::vector<std::size_t> Hdf5File::shape(const std::string& name) const {
  const Hdf5Quiet quiet;
  const std::string path = normal_name(name);
  return open_state().shape(open_state().data_set(path).id(), path);
}

bool Hdf5File::exists(const std::string& name) const {
  const Hdf5Quiet quiet;
  const std::string path = normal_name(name);
  return open_state().existing_prefix(path) == path;
}

std::vector<std::string> Hdf5File::list(const std::string& group) const {
  const Hdf5Quiet quiet;
  const std::string path = normal_name(group);
  if (H5Iget_type(open_state().object(path, "group").id()) != H5I_GROUP) {
    throw InputError(open_state().place(path), "is a data set, not a group");
  }
  return open_state().names(path);
}

void Hdf5File::flush() {
  const Hdf5Quiet quiet;
  const State& state = open_state();
  state.check(H5Fflush(state.file.id(), H5F_SCOPE_GLOBAL), "/", "cannot write");
}

void Hdf5File::close() {
  const Hdf5Quiet quiet;
  State& state = open_state();
  if (state.writable) flush();  // here an error still has its data set's buffers; H5Fclose may leave the file open
  for (auto& [path, growing] : state.growing) state.check(growing.data_set.close(), path, "cannot close");
  state.check(state.file.close(), "/", "cannot close the file");
  state_.reset();
}

#define SW_INSTANTIATE_HDF5(T)                                                                               \
  template void Hdf5File::write<T>(const std::string&, std::span<const T>, const std::vector<std::size_t>&,  \
                                   const Attributes&);                                                       \
  template void Hdf5File::append<T>(const std::string&, std::span<const T>, const std::vector<std::size_t>&, \
                                    const Attributes&);                                                      \
  template Array<T> Hdf5File::read<T>(const std::string&) const;
SW_INSTANTIATE_HDF5(float)
SW_INSTANTIATE_HDF5(double)
SW_INSTANTIATE_HDF5(std::uint8_t)
SW_INSTANTIATE_HDF5(std::int32_t)
SW_INSTANTIATE_HDF5(std::int64_t)
SW_INSTANTIATE_HDF5(std::uint32_t)
SW_INSTANTIATE_HDF5(std::uint64_t)
#undef SW_INSTANTIATE_HDF5

}  // namespace spikeweave
