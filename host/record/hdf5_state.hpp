// The inside of Hdf5File: the open file, the data sets that grow, and checked forms of what libhdf5 is asked.
// Names are normal here: "/a/b", no double or trailing slash. For hdf5_*.cpp only.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <hdf5.h>

#include "host/record/hdf5_file.hpp"
#include "host/record/hdf5_library.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {

// "/a/b" from "a//b/".
inline std::string normal_name(const std::string& name) {
  std::string result;
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (end > begin) result += "/" + name.substr(begin, end - begin);
    begin = end + 1;
  }
  return result.empty() ? "/" : result;
}

inline std::string names_text(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 30;
  if (names.empty()) return "nothing";
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), shown));
  return fmt::format("{}{}", fmt::join(names.begin(), end, " "), names.size() > shown ? " ..." : "");
}

struct Hdf5File::State {
  struct Growing {
    Hdf5Handle data_set;  // kept open: closing it drops the chunk cache, and each append would pack its chunk again
    hid_t type = H5I_INVALID_HID;  // of the library, never closed
    std::vector<hsize_t> extent;   // [rows, row_shape...]
  };
  std::string path;
  bool writable = false;
  Hdf5Handle file;
  std::map<std::string, Growing> growing;

  std::string place(const std::string& name) const { return path + ": " + name; }
  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    const std::string text = what + ": " + hdf5_reason();
    if (writable) throw Error(place(name) + ": " + text);
    throw InputError(place(name), text);
  }
  Hdf5Handle checked(hid_t id, Hdf5Handle::Close close, const std::string& name, const char* what) const {
    if (id < 0) fail(name, what);
    return {id, close};
  }
  void check(herr_t status, const std::string& name, const char* what) const {
    if (status < 0) fail(name, what);
  }

  // The deepest existing prefix of a normal name.
  std::string existing_prefix(const std::string& name) const {
    for (std::size_t end = 0; end < name.size() && name != "/";) {
      end = std::min(name.find('/', end + 1), name.size());
      const std::string prefix = name.substr(0, end);
      if (H5Lexists(file.id(), prefix.c_str(), H5P_DEFAULT) <= 0 ||
          H5Oexists_by_name(file.id(), prefix.c_str(), H5P_DEFAULT) <= 0) {
        const std::size_t slash = name.rfind('/', end - 1);
        return slash == 0 ? "/" : name.substr(0, slash);
      }
    }
    return name;
  }

  std::vector<std::string> names(const std::string& group) const {
    H5G_info_t info{};
    check(H5Gget_info_by_name(file.id(), group.c_str(), &info, H5P_DEFAULT), group, "cannot list");
    std::vector<std::string> result;
    for (hsize_t i = 0; i < info.nlinks; ++i) {
      const auto get = [&](char* text, std::size_t size) {
        const ssize_t length =
            H5Lget_name_by_idx(file.id(), group.c_str(), H5_INDEX_NAME, H5_ITER_INC, i, text, size, H5P_DEFAULT);
        if (length < 0) fail(group, "cannot list");
        return static_cast<std::size_t>(length);
      };
      std::string name(get(nullptr, 0), '\0');
      get(name.data(), name.size() + 1);
      result.push_back(std::move(name));
    }
    return result;
  }

  // Opens a data set or a group.
  Hdf5Handle object(const std::string& name, const char* wanted) const {
    const std::string present = existing_prefix(name);
    if (present != name) {
      const Hdf5Handle parent =
          checked(H5Oopen(file.id(), present.c_str(), H5P_DEFAULT), H5Oclose, present, "cannot open");
      const bool is_group = H5Iget_type(parent.id()) == H5I_GROUP;
      const std::string there = is_group ? " holds " + names_text(names(present)) : " is a data set, not a group";
      throw InputError(place(name), fmt::format("no such {}; {}{}", wanted, present, there));
    }
    return checked(H5Oopen(file.id(), name.c_str(), H5P_DEFAULT), H5Oclose, name, "cannot open");
  }
  Hdf5Handle data_set(const std::string& name) const {
    Hdf5Handle result = object(name, "data set");
    const H5I_type_t kind = H5Iget_type(result.id());
    if (kind == H5I_GROUP)
      throw InputError(place(name), "is a group, not a data set; it holds " + names_text(names(name)));
    if (kind != H5I_DATASET) throw InputError(place(name), "is not a data set");
    return result;
  }
  std::vector<std::size_t> shape(hid_t data_set, const std::string& name) const {
    const Hdf5Handle space = checked(H5Dget_space(data_set), H5Sclose, name, "cannot read the shape");
    if (H5Sget_simple_extent_type(space.id()) == H5S_NULL)
      throw InputError(place(name), "holds no data (null data space)");
    const int rank = H5Sget_simple_extent_ndims(space.id());
    if (rank < 0) fail(name, "cannot read the shape");
    std::vector<hsize_t> extent(static_cast<std::size_t>(rank));
    check(H5Sget_simple_extent_dims(space.id(), extent.data(), nullptr), name, "cannot read the shape");
    return {extent.begin(), extent.end()};
  }

  void require_writable(const std::string& name) const {
    if (!writable) throw Error(place(name) + ": the file was opened for reading");
  }
  Hdf5Handle new_data_set(const std::string& name, hid_t type, const Hdf5Handle& space, hid_t creation) const {
    if (existing_prefix(name) == name) throw Error(place(name) + ": is there already");
    const Hdf5Handle links = checked(H5Pcreate(H5P_LINK_CREATE), H5Pclose, name, "cannot create");
    check(H5Pset_create_intermediate_group(links.id(), 1), name, "cannot create");
    return checked(H5Dcreate2(file.id(), name.c_str(), type, space.id(), links.id(), creation, H5P_DEFAULT), H5Dclose,
                   name, "cannot create");
  }

  Growing new_growing(const std::string& name, hid_t type, const std::vector<std::size_t>& row_shape) const;
  void add_rows(const std::string& name, Growing& grown, std::size_t row_count, const void* values) const;

  void write_attribute(hid_t object, const std::string& name, const std::string& key, hid_t type,
                       const void* value) const;
  void write_attribute(hid_t object, const std::string& name, const std::string& key, const std::string& value) const;
  Hdf5Handle attribute(const std::string& name, const std::string& key) const;  // of one element
};

}  // namespace spikeweave
