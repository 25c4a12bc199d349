// Attributes of Hdf5File.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <hdf5.h>

#include "host/record/hdf5_file.hpp"
#include "host/record/hdf5_library.hpp"
#include "host/record/hdf5_state.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {

void Hdf5File::State::write_attribute(hid_t object, const std::string& name, const std::string& key, hid_t type,
                                      const void* value) const {
  if (H5Aexists(object, key.c_str()) > 0) check(H5Adelete(object, key.c_str()), name, "cannot replace an attribute");
  const Hdf5Handle space = checked(H5Screate(H5S_SCALAR), H5Sclose, name, "cannot write an attribute");
  const Hdf5Handle attribute = checked(H5Acreate2(object, key.c_str(), type, space.id(), H5P_DEFAULT, H5P_DEFAULT),
                                       H5Aclose, name, "cannot write an attribute");
  check(H5Awrite(attribute.id(), type, value), name, "cannot write an attribute");
}

void Hdf5File::State::write_attribute(hid_t object, const std::string& name, const std::string& key,
                                      const std::string& value) const {
  const Hdf5Handle type = checked(H5Tcopy(H5T_C_S1), H5Tclose, name, "cannot write an attribute");
  check(H5Tset_size(type.id(), H5T_VARIABLE), name, "cannot write an attribute");
  check(H5Tset_cset(type.id(), H5T_CSET_UTF8), name, "cannot write an attribute");
  const char* text = value.c_str();
  write_attribute(object, name, key, type.id(),
                  &text);  // of variable length: h5py gives str, and there is no limit of 64 KiB
}

Hdf5Handle Hdf5File::State::attribute(const std::string& name, const std::string& key) const {
  const Hdf5Handle owner = object(name, "data set or group");
  if (H5Aexists(owner.id(), key.c_str()) <= 0) throw InputError(place(name), "has no attribute \"" + key + "\"");
  Hdf5Handle result =
      checked(H5Aopen(owner.id(), key.c_str(), H5P_DEFAULT), H5Aclose, name, "cannot open an attribute");
  const Hdf5Handle space = checked(H5Aget_space(result.id()), H5Sclose, name, "cannot read an attribute");
  if (H5Sget_simple_extent_npoints(space.id()) != 1) {
    throw InputError(place(name), "attribute \"" + key + "\" is not a single value");
  }
  return result;
}

void Hdf5File::write_attribute(const std::string& object, const std::string& key, const std::string& value) {
  const Hdf5Quiet quiet;
  const State& state = open_state();
  const std::string name = normal_name(object);
  state.require_writable(name);
  state.write_attribute(state.object(name, "data set or group").id(), name, key, value);
}

void Hdf5File::write_attribute(const std::string& object, const std::string& key, std::int64_t value) {
  const Hdf5Quiet quiet;
  const State& state = open_state();
  const std::string name = normal_name(object);
  state.require_writable(name);
  state.write_attribute(state.object(name, "data set or group").id(), name, key, H5T_NATIVE_INT64, &value);
}

bool Hdf5File::has_attribute(const std::string& object, const std::string& key) const {
  const Hdf5Quiet quiet;
  return H5Aexists(open_state().object(normal_name(object), "data set or group").id(), key.c_str()) > 0;
}

std::string Hdf5File::string_attribute(const std::string& object, const std::string& key) const {
  const Hdf5Quiet quiet;
  const State& state = open_state();
  const std::string name = normal_name(object);
  const Hdf5Handle attribute = state.attribute(name, key);
  const Hdf5Handle stored = state.checked(H5Aget_type(attribute.id()), H5Tclose, name, "cannot read an attribute");
  if (H5Tget_class(stored.id()) != H5T_STRING) {
    throw InputError(state.place(name), "attribute \"" + key + "\" is not text");
  }
  if (H5Tis_variable_str(stored.id()) > 0) {
    char* text = nullptr;
    state.check(H5Aread(attribute.id(), stored.id(), &text), name, "cannot read an attribute");
    std::string result = text == nullptr ? "" : text;
    H5free_memory(text);
    return result;
  }
  // of fixed length, as other programs may write it
  std::string result(H5Tget_size(stored.id()), '\0');
  state.check(H5Aread(attribute.id(), stored.id(), result.data()), name, "cannot read an attribute");
  result.resize(std::min(result.find('\0'), result.size()));
  return result;
}

std::int64_t Hdf5File::integer_attribute(const std::string& object, const std::string& key) const {
  const Hdf5Quiet quiet;
  const State& state = open_state();
  const std::string name = normal_name(object);
  const Hdf5Handle attribute = state.attribute(name, key);
  const Hdf5Handle stored = state.checked(H5Aget_type(attribute.id()), H5Tclose, name, "cannot read an attribute");
  if (H5Tget_class(stored.id()) != H5T_INTEGER) {
    throw InputError(state.place(name), "attribute \"" + key + "\" is not an integer");
  }
  if (H5Tget_sign(stored.id()) == H5T_SGN_NONE) {
    std::uint64_t value = 0;
    state.check(H5Aread(attribute.id(), H5T_NATIVE_UINT64, &value), name, "cannot read an attribute");
    if (!std::in_range<std::int64_t>(value)) {
      throw InputError(state.place(name), fmt::format("attribute \"{}\" is {}; at most {} allowed", key, value,
                                                      std::numeric_limits<std::int64_t>::max()));
    }
    return static_cast<std::int64_t>(value);
  }
  std::int64_t value = 0;
  state.check(H5Aread(attribute.id(), H5T_NATIVE_INT64, &value), name, "cannot read an attribute");
  return value;
}

}  // namespace spikeweave
